#include "gw_head.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct head {
	bool has_body; /* the method announces one */
	bool length_seen;
	size_t length;
	unsigned n;
	unsigned seen; /* bit n: rules[n] was there */
};

/* Headers that may stand there once only, or not at all; the first two not without a value. */
static const struct {
	const char *name;
	int refuse; /* status for one at all; 0: one is welcome */
} rules[] = {
	{ "host", 0 },
	{ "content-length", 0 },
	{ "transfer-encoding", 501 }, /* beside a length it smuggles, alone nobody needs it */
	{ "expect", 417 },            /* the client sends its body without asking */
	{ "content-type", 0 },
	{ "cookie", 0 },
	{ "authorization", 0 },
	{ "origin", 0 },
	{ "sec-fetch-site", 0 },
	{ "x-csrf-token", 0 },
	{ "idempotency-key", 0 },
	{ "upgrade", 0 },
	{ "sec-websocket-key", 0 },
	{ "sec-websocket-version", 0 },
	{ "x-forwarded-for", 0 }, /* the second might be the proxy's, and the first a lie */
};
enum { HOST = 0, LENGTH = 1, N_RULES = sizeof(rules) / sizeof(rules[0]) };

static const struct {
	const char *name;
	bool has_body;
} methods[] = {
	{ "GET ", false }, { "HEAD ", false }, { "DELETE ", false }, { "OPTIONS ", false },
	{ "POST ", true }, { "PUT ", true },   { "PATCH ", true },
};

static bool token_char(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool printable(const char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)at[i] < 0x20 || (uint8_t)at[i] >= 0x7f)
			return false;
	return true;
}

static int content_length(struct head *h, const char *value, size_t len, size_t body_max)
{
	if (!len || len > 10)
		return 400;
	h->length_seen = true;
	for (size_t i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9')
			return 400;
		h->length = h->length * 10 + (size_t)(value[i] - '0');
	}
	return h->length > body_max ? 413 : 0;
}

static int host(const char *value, size_t len)
{
	if (!len || len > 253)
		return 400;
	for (size_t i = 0; i < len; i++)
		if (!token_char((uint8_t)value[i]) && !strchr(":[]", value[i]))
			return 400;
	return 0;
}

static int apply_rules(struct head *h, const char *line, size_t name, const char *value, size_t len,
                       size_t body_max)
{
	for (unsigned i = 0; i < N_RULES; i++) {
		if (strlen(rules[i].name) != name || strncasecmp(line, rules[i].name, name))
			continue;
		if (rules[i].refuse)
			return rules[i].refuse;
		if (h->seen & 1u << i)
			return 400;
		h->seen |= 1u << i;
		return i == HOST     ? host(value, len)
		       : i == LENGTH ? content_length(h, value, len, body_max)
		                     : 0;
	}
	return 0;
}

/* Without the spaces that may stand before it. Spaces alone are no value. */
static const char *value_of(const char *colon, const char *end)
{
	const char *value = colon + 1;

	while (value < end && *value == ' ')
		value++;
	return value;
}

static int header_line(struct head *h, const char *line, size_t len, size_t body_max)
{
	const char *colon = memchr(line, ':', len), *value;
	size_t name;

	if (!colon || colon == line)
		return 400;
	name = (size_t)(colon - line);
	for (size_t i = 0; i < name; i++)
		if (!token_char((uint8_t)line[i]))
			return 400;
	if (!printable(colon + 1, len - name - 1))
		return 400;
	if (++h->n > GW_HEADERS_MAX)
		return 431;
	if (name > 4 && !strncasecmp(line, "host", 4))
		return 400; /* Kore takes the first header that begins so for Host */
	value = value_of(colon, line + len);
	return apply_rules(h, line, name, value, (size_t)(line + len - value), body_max);
}

static int request_line(struct head *h, const char *line, size_t len)
{
	const char *target = memchr(line, ' ', len), *version;
	size_t rest;

	if (!target || !printable(line, len))
		return 400;
	target++;
	rest = len - (size_t)(target - line);
	version = memchr(target, ' ', rest);
	if (!rest || *target != '/' || !version || memchr(target, '#', rest))
		return 400;
	if (version - target > GW_TARGET_MAX)
		return 414;
	version++;
	rest = len - (size_t)(version - line);
	if (rest != 8 || memcmp(version, "HTTP/", 5))
		return 400;
	if (memcmp(version, "HTTP/1.1", 8))
		return 505;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strncmp(line, methods[i].name, strlen(methods[i].name))) {
			h->has_body = methods[i].has_body;
			return 0;
		}
	return 501;
}

/* The end of the line that starts at @at, or NULL. A lone CR or LF stays inside, and is refused as
 * a control character. */
static const char *line_end(const char *at, const char *end)
{
	while (at < end && (at = memchr(at, '\r', (size_t)(end - at)))) {
		if (at + 1 < end && at[1] == '\n')
			return at;
		at++;
	}
	return NULL;
}

static int whole(const struct head *h, size_t body_here)
{
	if (!(h->seen & 1u << HOST))
		return 400;
	if (h->has_body && !h->length_seen)
		return 411;
	if (!h->has_body && h->length)
		return 400; /* Kore would read the body of a GET or DELETE as the next request */
	if (body_here > h->length)
		return 400; /* more bytes than announced: a pipelined request, or a smuggled one */
	return GW_HEAD_OK;
}

int gw_head_check(const uint8_t *data, size_t len, size_t head_max, size_t body_max)
{
	const char *begin = (const char *)data, *at = begin, *end = begin + len, *eol;
	struct head h = { 0 };

	for (;;) {
		int r;

		eol = line_end(at, end);
		if (!eol)
			return len >= head_max ? 431 : GW_HEAD_MORE;
		if ((size_t)(eol - begin) + 2 > head_max)
			return 431;
		if (eol == at && at != begin)
			return whole(&h, (size_t)(end - eol - 2));
		r = at == begin ? request_line(&h, at, (size_t)(eol - at))
		                : header_line(&h, at, (size_t)(eol - at), body_max);
		if (r)
			return r;
		at = eol + 2;
	}
}

size_t gw_head_strip(uint8_t *data, size_t len)
{
	char *at = (char *)data, *end = at + len;
	const char *eol;

	while ((eol = line_end(at, end)) && eol != at) {
		const char *colon = at == (char *)data ? NULL : memchr(at, ':', (size_t)(eol - at));
		size_t rest = (size_t)(end - eol - 2);

		if (colon && value_of(colon, eol) == eol) {
			memmove(at, eol + 2, rest);
			end = at + rest;
		} else {
			at = end - rest;
		}
	}
	return (size_t)(end - (char *)data);
}
