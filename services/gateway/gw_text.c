#include "gw_text.h"
#include "record.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool token_char(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

struct head {
	bool get_like, length_seen, host_seen;
	size_t length;
	unsigned n;
};

static int content_length(struct head *h, const char *value, size_t len, size_t body_max)
{
	if (h->length_seen || !len || len > 10)
		return 400;
	h->length_seen = true;
	for (size_t i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9')
			return 400;
		h->length = h->length * 10 + (size_t)(value[i] - '0');
	}
	return h->length > body_max ? 413 : 0;
}

static int header_line(struct head *h, const char *line, size_t len, size_t body_max)
{
	const char *colon = memchr(line, ':', len), *value;
	size_t name, size;

	if (!colon || colon == line)
		return 400;
	name = (size_t)(colon - line);
	for (size_t i = 0; i < name; i++)
		if (!token_char((uint8_t)line[i]))
			return 400;
	for (size_t i = name + 1; i < len; i++)
		if ((uint8_t)line[i] < 0x20 || (uint8_t)line[i] >= 0x7f)
			return 400;
	if (++h->n > GW_MAX_HEADERS)
		return 431;
	value = colon + 1;
	size = len - name - 1;
	while (size && *value == ' ')
		value++, size--;
	while (size && value[size - 1] == ' ')
		size--;
	if (!size)
		return 400; /* Kore answers 400 to an empty value, but in its own words */
	if (name == 17 && !strncasecmp(line, "transfer-encoding", 17))
		return 501;
	if (name == 6 && !strncasecmp(line, "expect", 6))
		return 501;
	if (name == 4 && !strncasecmp(line, "host", 4)) {
		if (h->host_seen)
			return 400;
		h->host_seen = true;
	}
	if (name == 14 && !strncasecmp(line, "content-length", 14))
		return content_length(h, value, size, body_max);
	return 0;
}

static int request_line(struct head *h, const char *line, size_t len)
{
	static const char *const known[] = { "GET ", "HEAD ", "POST ", "DELETE ", "PUT ", "PATCH ", "OPTIONS " };
	const char *path = memchr(line, ' ', len), *version;

	if (!path || len > 4096)
		return path ? 431 : 400;
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)line[i] < 0x20 || (uint8_t)line[i] >= 0x7f)
			return 400;
	version = memchr(path + 1, ' ', len - (size_t)(path + 1 - line));
	if (path[1] != '/' || !version)
		return 400;
	if (len - (size_t)(version + 1 - line) != 8 || memcmp(version + 1, "HTTP/1.1", 8))
		return 505;
	h->get_like = strncmp(line, "POST ", 5) != 0 && strncmp(line, "PUT ", 4) != 0 && strncmp(line, "PATCH ", 6) != 0;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strncmp(line, known[i], strlen(known[i])))
			return 0;
	return 501;
}

/* The end of the line that starts at @at, or NULL. A bare LF inside is left to be refused as a control character. */
static const char *line_end(const char *at, const char *end)
{
	const char *cr = at;

	while ((cr = memchr(cr, '\r', (size_t)(end - cr)))) {
		if (cr + 1 < end && cr[1] == '\n')
			return cr;
		if (++cr >= end)
			return NULL;
	}
	return NULL;
}

int gw_head_check(const uint8_t *data, size_t len, size_t head_max, size_t body_max)
{
	const char *at = (const char *)data, *end = at + len, *eol;
	struct head h = { 0 };
	int r = 0;

	for (bool first = true;; first = false) {
		eol = line_end(at, end);
		if (!eol)
			return len >= head_max ? 431 : GW_HEAD_MORE;
		if ((size_t)(eol - (const char *)data) > head_max)
			return 431;
		if (eol == at)
			break;
		r = first ? request_line(&h, at, (size_t)(eol - at)) : header_line(&h, at, (size_t)(eol - at), body_max);
		if (r)
			return r;
		at = eol + 2;
	}
	if (!h.n || !h.host_seen)
		return 400;
	if (h.get_like && h.length)
		return 400; /* the body of a GET or DELETE would be read as the next request */
	if ((size_t)(end - eol - 2) > h.length)
		return 400; /* more bytes than announced: a pipelined request, or a smuggled one */
	return GW_HEAD_OK;
}

bool gw_path_match(const char *pattern, const char *path, struct gw_args *args)
{
	args->n = 0;
	for (;;) {
		size_t plen = strcspn(pattern, "/"), len = strcspn(path, "/");

		if (*pattern == ':') {
			if (!len || args->n == GW_MAX_ARGS)
				return false;
			args->at[args->n].name = pattern + 1;
			args->at[args->n].name_len = plen - 1;
			args->at[args->n].value = path;
			args->at[args->n++].len = len;
		} else if (plen != len || memcmp(pattern, path, len)) {
			return false;
		}
		pattern += plen;
		path += len;
		if (!*pattern || !*path)
			return *pattern == *path;
		pattern++;
		path++;
	}
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes %XX and + into @out; false for a bad escape, a NUL or when it does not fit. */
static bool decode(const char *in, size_t len, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = in[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			if (i + 2 >= len || digit(in[i + 1]) < 0 || digit(in[i + 2]) < 0)
				return false;
			c = (char)(digit(in[i + 1]) << 4 | digit(in[i + 2]));
			i += 2;
		}
		if (!c || n + 1 >= size)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return rec_utf8_valid(out, n);
}

bool gw_query_json(const char *query, struct buf *out)
{
	char name[20][64], value[512];
	size_t n = 0;

	for (const char *at = query; at && *at; at += *at == '&') {
		size_t len = strcspn(at, "&"), key = strcspn(at, "=&");

		if (n == 20 || !decode(at, key, name[n], sizeof(name[n])) || !*name[n])
			return false;
		if (!decode(at + key + (key < len), key < len ? len - key - 1 : 0, value, sizeof(value)))
			return false;
		for (size_t i = 0; i < n; i++)
			if (!strcmp(name[i], name[n]))
				return false;
		buf_str(out, n ? "," : "");
		buf_json_str(out, name[n++]);
		buf_str(out, ":");
		buf_json_str(out, value);
		at += len;
	}
	return true;
}

bool gw_cookie(const char *header, const char *name, char *out, size_t size)
{
	size_t want = strlen(name);
	bool found = false;

	for (const char *at = header; *at;) {
		size_t len;

		at += strspn(at, " ;");
		len = strcspn(at, ";");
		if (len > want && !strncmp(at, name, want) && at[want] == '=') {
			if (found || len - want - 1 >= size)
				return false;
			snprintf(out, size, "%.*s", (int)(len - want - 1), at + want + 1);
			found = true;
		}
		at += len;
	}
	return found;
}

bool gw_form_field(const char *body, size_t len, const char *name, char *out, size_t size)
{
	size_t want = strlen(name);
	const char *end = body + len;

	for (const char *at = body; at < end;) {
		const char *amp = memchr(at, '&', (size_t)(end - at));
		size_t n = (size_t)((amp ? amp : end) - at);

		if (n > want && !memcmp(at, name, want) && at[want] == '=')
			return decode(at + want + 1, n - want - 1, out, size);
		at += n + 1;
	}
	return false;
}

bool gw_token_ok(const char *token, size_t len)
{
	if (len < 20 || len > 128)
		return false;
	for (size_t i = 0; i < len; i++)
		if (digit(token[i]) < 0 && !((token[i] | 0x20) >= 'a' && (token[i] | 0x20) <= 'z') && token[i] != '_' && token[i] != '-')
			return false;
	return true;
}

bool gw_idem_ok(const char *key)
{
	size_t n = strlen(key);

	if (n < 8 || n > 200)
		return false;
	for (; *key; key++)
		if (*key <= ' ' || *key >= 0x7f)
			return false;
	return true;
}
