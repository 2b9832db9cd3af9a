/*
 * What an HTTP client sends before anybody knows it: heads, paths, queries,
 * cookies. What the check lets through must be what Kore's parser will read:
 * one request, with no bytes behind it.
 */
#include "services/gateway/gw_head.c"
#include "services/gateway/gw_path.c"

#include <jansson.h>
#include <stdlib.h>

#define HEAD_MAX 8192
#define BODY_MAX 262144

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The head that Kore is given: still good, with the same body behind it, and no empty value in it.
 */
static void stripped(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len);
	size_t left,
		body = len - (size_t)((const uint8_t *)memmem(data, len, "\r\n\r\n", 4) - data);

	memcpy(copy, data, len);
	left = gw_head_strip(copy, len);
	if (left > len || gw_head_check(copy, left, HEAD_MAX, BODY_MAX) != GW_HEAD_OK ||
	    gw_head_strip(copy, left) != left || left < body ||
	    memcmp(copy + left - body, data + len - body, body))
		abort();
	free(copy);
}

/* An accepted head, looked at a second way: line by line with the C library. */
static void judge(const char *text, size_t len)
{
	const char *end = memmem(text, len, "\r\n\r\n", 4), *value;
	size_t head, lines = 0;

	if (!end || memchr(text, '\0', (size_t)(end - text)))
		abort();
	head = (size_t)(end - text) + 2;
	for (const char *at = text; at < text + head;
	     at = (const char *)memchr(at, '\n', (size_t)(text + head - at)) + 1)
		lines++;
	if (lines > GW_HEADERS_MAX + 1)
		abort();
	for (size_t i = 0; i < head; i++)
		if ((text[i] == '\n') != (i > 0 && text[i - 1] == '\r') || text[i] == '\t')
			abort();
	value = memmem(text, head, "\r\nTransfer-Encoding:", 20);
	if (value)
		abort();
	if ((!strncmp(text, "GET ", 4) || !strncmp(text, "DELETE ", 7)) && len != head + 2)
		abort(); /* what follows would be read as the next request */
}

static void head(const uint8_t *data, size_t len)
{
	int whole = gw_head_check(data, len, HEAD_MAX, BODY_MAX), r;

	if (whole == GW_HEAD_OK)
		judge((const char *)data, len), stripped(data, len);
	else if (whole != GW_HEAD_MORE && (whole < 400 || whole > 505))
		abort();
	/* a client may cut it anywhere: what is good in the end is not refused on the way */
	for (size_t n = 0; n < len; n += 1 + len / 16) {
		r = gw_head_check(data, n, HEAD_MAX, BODY_MAX);
		if (whole == GW_HEAD_OK && r != GW_HEAD_OK && r != GW_HEAD_MORE)
			abort();
	}
}

static void query(const char *text)
{
	char name[GW_PARAM_MAX];
	json_t *j;
	struct buf b;

	buf_init(&b, 16384);
	buf_str(&b, "{");
	if (gw_query_json(text, "q state sort dir page size", &b, name) == GW_QUERY_OK) {
		buf_str(&b, "}");
		j = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, NULL);
		if (!j)
			abort();
		json_decref(j);
	}
	buf_release(&b);
}

static void path(const char *text)
{
	struct gw_args args;

	if (gw_path_match("/api/v1/requests/:request/approve", text, &args) &&
	    (args.n != 1 || !args.at[0].len))
		abort();
	gw_path_match("/hook/phone-home/:token", text, &args);
	gw_token_ok(text, strlen(text));
	gw_idem_ok(text);
	gw_accepts(text, "br");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), value[80];

	memcpy(text, data, len);
	text[len] = '\0';
	head(data, len);
	query(text);
	path(text);
	if (gw_cookie(text, "__Host-sid", value, sizeof(value)) && strlen(value) >= sizeof(value))
		abort();
	free(text);
	return 0;
}
