#include "gw_ws.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

size_t gw_ws_head(uint8_t op, size_t len, uint8_t out[10])
{
	out[0] = 0x80 | op;
	if (len < 126) {
		out[1] = (uint8_t)len;
		return 2;
	}
	if (len < 65536) {
		out[1] = 126;
		out[2] = (uint8_t)(len >> 8);
		out[3] = (uint8_t)len;
		return 4;
	}
	out[1] = 127;
	for (int i = 0; i < 8; i++)
		out[2 + i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
	return 10;
}

bool gw_ws_handshake_ok(const char *upgrade, const char *version, const char *key)
{
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return !strcasecmp(upgrade, "websocket") && version && !strcmp(version, "13") && key &&
	       strlen(key) == 24 && strspn(key, base64) == 22 && !strcmp(key + 22, "==");
}

static bool topic_ok(const char *s)
{
	size_t n = strlen(s);

	return n && n < GW_TOPIC_MAX && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789/") == n;
}

/* Our messages are flat. The parser recurses, and may run on a coroutine's small stack. */
static bool deep(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '{' || text[i] == '[';
	return n > 1;
}

enum gw_op gw_ws_parse(const void *data, size_t len, char topic[GW_TOPIC_MAX])
{
	static const struct {
		const char *name;
		enum gw_op op;
		bool topic;
	} ops[] = { { "sub", GW_OP_SUB, true },
		    { "unsub", GW_OP_UNSUB, true },
		    { "ack", GW_OP_ACK, false },
		    { "ping", GW_OP_PING, false } };
	const char *op, *about;
	enum gw_op r = GW_OP_BAD;
	json_t *j;

	if (len > 512 || memchr(data, '\0', len) || deep(data, len))
		return GW_OP_BAD;
	j = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	op = json_string_value(json_object_get(j, "op"));
	about = json_string_value(json_object_get(j, "topic"));
	for (size_t i = 0; op && i < sizeof(ops) / sizeof(ops[0]); i++)
		if (!strcmp(op, ops[i].name) && (!ops[i].topic || (about && topic_ok(about))))
			r = ops[i].op;
	snprintf(topic, GW_TOPIC_MAX, "%s", about && topic_ok(about) ? about : "");
	json_decref(j);
	return r;
}
