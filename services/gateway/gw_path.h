#pragma once
/*
 * Addresses, cookies and forms as a client writes them: pure functions on
 * bytes, without Kore, so that they can be tested and fuzzed alone.
 */
#include "buf.h"

#include <stdbool.h>
#include <stddef.h>

#define GW_ARGS_MAX 4
struct gw_args {
	size_t n;
	struct {
		const char *name;
		size_t name_len;
		const char *value; /* not NUL-terminated */
		size_t len;
	} at[GW_ARGS_MAX];
};
/* Matches "/requests/:id" against "/requests/42"; the segments land in @args. */
bool gw_path_match(const char *pattern, const char *path, struct gw_args *args);

#define GW_PARAM_MAX 64
/*
 * A query string becomes members of a JSON object, all of them strings:
 * `"q":"web","page":"2"`. Only the names in @allowed, words with spaces between
 * them, are taken. 0, or what is wrong; @ret_name is the parameter to blame.
 */
enum gw_query { GW_QUERY_OK, GW_QUERY_UNREADABLE, GW_QUERY_UNKNOWN, GW_QUERY_TWICE };
enum gw_query gw_query_json(const char *query, const char *allowed, struct buf *out,
                            char ret_name[GW_PARAM_MAX]);

/* The value of one cookie out of a Cookie header; false when absent, there twice, or too long. */
bool gw_cookie(const char *header, const char *name, char *out, size_t size);
/* One field of a form (application/x-www-form-urlencoded), decoded; false when absent or
 * unreadable. */
bool gw_form_field(const char *body, size_t len, const char *name, char *out, size_t size);
/* The host key of a phone_home form: one line "ssh-ed25519 …" of 20 to 800 characters. */
#define GW_HOST_KEY_MAX 900
bool gw_form_host_key(const char *body, size_t len, char out[GW_HOST_KEY_MAX]);
/* A single-use token of an address: 20 to 128 of A-Z a-z 0-9 _ -. */
bool gw_token_ok(const char *token, size_t len);
/* Idempotency-Key: 8 to 200 printable ASCII characters without spaces. */
bool gw_idem_ok(const char *key);
/* Is @word one of the words of @list? Words are separated by single spaces. */
bool gw_word_in(const char *word, const char *list);
/* The last address of an X-Forwarded-For header, which is what the nearest proxy saw. */
#define GW_ADDRESS_MAX 64
bool gw_forwarded(const char *header, char out[GW_ADDRESS_MAX]);
/* Does an Accept-Encoding header take this coding? "br;q=0" does not. */
bool gw_accepts(const char *header, const char *coding);
