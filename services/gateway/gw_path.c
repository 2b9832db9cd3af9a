#include "gw_path.h"

#include "hex.h"
#include "record.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool gw_path_match(const char *pattern, const char *path, struct gw_args *args)
{
	args->n = 0;
	for (;;) {
		size_t plen = strcspn(pattern, "/"), len = strcspn(path, "/");

		if (*pattern == ':') {
			if (!len || args->n == GW_ARGS_MAX)
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

/* Decodes %XX and + into @out; false for a bad escape, a NUL or when it does not fit. */
static bool decode(const char *in, size_t len, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = in[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			if (i + 2 >= len || hex_digit(in[i + 1]) < 0 || hex_digit(in[i + 2]) < 0)
				return false;
			c = (char)(hex_digit(in[i + 1]) << 4 | hex_digit(in[i + 2]));
			i += 2;
		}
		if (!c || n + 1 >= size)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return rec_utf8_valid(out, n);
}

bool gw_word_in(const char *word, const char *list)
{
	size_t len = strlen(word);

	for (const char *at = list; len && at && *at;) {
		size_t n = strcspn(at, " ");

		if (n == len && !memcmp(at, word, len))
			return true;
		at += n;
		at += *at == ' ';
	}
	return false;
}

#define PARAMS_MAX 16

enum gw_query gw_query_json(const char *query, const char *allowed, struct buf *out,
                            char ret_name[GW_PARAM_MAX])
{
	char seen[PARAMS_MAX][GW_PARAM_MAX], value[512];
	size_t n = 0;

	ret_name[0] = '\0';
	for (const char *at = query; at && *at; at += *at == '&') {
		size_t len = strcspn(at, "&"), key = strcspn(at, "=&");

		if (!decode(at, key, ret_name, GW_PARAM_MAX))
			return GW_QUERY_UNREADABLE;
		if (!gw_word_in(ret_name, allowed))
			return GW_QUERY_UNKNOWN;
		for (size_t i = 0; i < n; i++)
			if (!strcmp(seen[i], ret_name))
				return GW_QUERY_TWICE;
		if (n == PARAMS_MAX || !decode(at + key + (key < len),
		                               key < len ? len - key - 1 : 0, value, sizeof(value)))
			return GW_QUERY_UNREADABLE;
		memcpy(seen[n++], ret_name, GW_PARAM_MAX);
		buf_str(out, n > 1 ? "," : "");
		buf_json_str(out, ret_name);
		buf_str(out, ":");
		buf_json_str(out, value);
		at += len;
	}
	return out->cut ? GW_QUERY_UNREADABLE : GW_QUERY_OK;
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

bool gw_form_host_key(const char *body, size_t len, char out[GW_HOST_KEY_MAX])
{
	size_t n;

	if (!gw_form_field(body, len, "pub_key_ed25519", out, GW_HOST_KEY_MAX))
		return false;
	for (n = strlen(out); n && strchr("\r\n ", out[n - 1]); n--)
		out[n - 1] = '\0'; /* cloud-init sends the file with its line end */
	for (const char *s = out; *s; s++)
		if (*s < ' ' || *s >= 0x7f)
			return false;
	return n >= 20 && n <= 800 && !strncmp(out, "ssh-ed25519 ", 12);
}

bool gw_token_ok(const char *token, size_t len)
{
	if (len < 20 || len > 128)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)token[i]) && token[i] != '_' && token[i] != '-')
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

bool gw_forwarded(const char *header, char out[GW_ADDRESS_MAX])
{
	const char *comma = strrchr(header, ','), *at = comma ? comma + 1 : header;
	uint8_t raw[16];
	size_t n;

	at += strspn(at, " ");
	n = strcspn(at, " ");
	if (n >= GW_ADDRESS_MAX || at[n + strspn(at + n, " ")])
		return false;
	memcpy(out, at, n);
	out[n] = '\0';
	return inet_pton(AF_INET, out, raw) == 1 || inet_pton(AF_INET6, out, raw) == 1;
}

/* Is the quality of the coding that starts at @at zero? "br;q=0", "br; q=0.000" */
static bool refused(const char *at, size_t len)
{
	const char *q = memchr(at, '=', len);

	return q && strspn(q + 1, "0.") == len - (size_t)(q + 1 - at);
}

bool gw_accepts(const char *header, const char *coding)
{
	size_t want = strlen(coding);

	for (const char *at = header; at && *at;) {
		size_t len;

		at += strspn(at, " ,");
		len = strcspn(at, ",");
		if (len >= want && !strncasecmp(at, coding, want) && strchr(" ;,", at[want]))
			return !refused(at, len);
		at += len;
	}
	return false;
}
