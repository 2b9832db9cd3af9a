#pragma once
/*
 * Reading what an HTTP client sends: pure functions on bytes, without Kore, so
 * that they can be tested and fuzzed alone.
 */
#include "buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The head of a request, checked before Kore's parser sees it (RFC 9112). Kore
 * 4.1 drops, guesses or hangs where a request must be refused: two lengths,
 * bodies of GETs, pipelined requests, more headers than it keeps.
 */
enum gw_head {
	GW_HEAD_OK = 0,
	GW_HEAD_MORE = 1, /* not complete yet */
	/* else the HTTP status to refuse with: 400, 413, 431, 501, 505 */
};
#define GW_MAX_HEADERS 23
/* @data holds everything received so far; @body_max bounds Content-Length. */
int gw_head_check(const uint8_t *data, size_t len, size_t head_max, size_t body_max);

#define GW_MAX_ARGS 4
struct gw_args {
	size_t n;
	struct {
		const char *name;
		size_t name_len;
		const char *value;
		size_t len;
	} at[GW_MAX_ARGS];
};
/* Matches "/requests/:id" against "/requests/42"; the segments land in @args. */
bool gw_path_match(const char *pattern, const char *path, struct gw_args *args);

/*
 * A query string becomes the members of a JSON object, all of them strings:
 * `"q":"web","page":"2"`. false: bad escape, not UTF-8, a name twice, or more
 * than 20 parameters.
 */
bool gw_query_json(const char *query, struct buf *out);

/* The value of one cookie out of a Cookie header; false when absent, twice or too long. */
bool gw_cookie(const char *header, const char *name, char *out, size_t size);
/* One field of a form body (application/x-www-form-urlencoded), decoded; false when absent or bad. */
bool gw_form_field(const char *body, size_t len, const char *name, char *out, size_t size);
/* A single-use token of a link: 20 to 128 of A-Z a-z 0-9 _ -. */
bool gw_token_ok(const char *token, size_t len);
/* Idempotency-Key: 8 to 200 printable ASCII characters without spaces. */
bool gw_idem_ok(const char *key);
