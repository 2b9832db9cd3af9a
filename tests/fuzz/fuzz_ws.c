/*
 * The live channel: what a client may say on its socket, and the heads of the
 * frames it is answered with.
 */
#include "services/gateway/gw_ws.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A topic goes into JSON by %s, and to the database: it must be what the grammar says. */
static void message(const void *data, size_t len)
{
	char topic[GW_TOPIC_MAX];
	enum gw_op op;

	memset(topic, 'X', sizeof(topic));
	op = gw_ws_parse(data, len, topic);
	if (op == GW_OP_BAD)
		return;
	if (len > 512 || !memchr(topic, '\0', sizeof(topic)))
		abort();
	if ((op == GW_OP_SUB || op == GW_OP_UNSUB) && !*topic)
		abort();
	for (const char *s = topic; *s; s++)
		if (!(*s >= 'a' && *s <= 'z') && !(*s >= '0' && *s <= '9') && *s != '/')
			abort();
}

/* The length that a client reads out of the head is the one it was written for. */
static void head(uint64_t len)
{
	uint8_t out[10];
	size_t n = gw_ws_head(WS_TEXT, (size_t)len, out);
	uint64_t read = out[1];

	if (out[0] != 0x81 || (out[1] & 0x80) || n != (read < 126 ? 2 : read == 126 ? 4 : 10))
		abort();
	if (read > 125) {
		read = 0;
		for (size_t i = 2; i < n; i++)
			read = read << 8 | out[i];
	}
	if (read != len || (n == 4 && len < 126) || (n == 10 && len < 65536))
		abort();
}

static void handshake(const char *text)
{
	const char *key = strchr(text, '\n');

	if (gw_ws_handshake_ok("websocket", "13", key ? key + 1 : NULL) &&
	    (!key || strlen(key + 1) != 24))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	uint64_t number = 0;

	memcpy(text, data, len);
	text[len] = '\0';
	memcpy(&number, data, len < sizeof(number) ? len : sizeof(number));
	message(data, len);
	handshake(text);
	head(number >> (len % 64));
	free(text);
	return 0;
}
