#pragma once
/*
 * The provider's answers, read strictly where they are used and not at all
 * elsewhere: a field that is missing or of another type makes the whole answer
 * unreadable. Unknown fields, words and codes are let through.
 *
 * All readers return 0 or ANSWER_E_BAD. Strings are copied.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ANSWER_E_BAD = 1 };

#define ANSWER_MAX (4 * 1024 * 1024)

struct answer_error {
	char code[64], message[400];
};

struct answer_server {
	int64_t id;
	char name[256], status[32], server_type[64], location[64];
	char ipv4[46], ipv6[64]; /* "" when there is none */
	char op[64];             /* label sps-op; "" when there is none */
	bool guarded;            /* protected against deletion */
};

#define ANSWER_ACTIONS 16
struct answer_action {
	int64_t id;
	enum { ACTION_RUNNING, ACTION_SUCCESS, ACTION_ERROR } status;
	struct answer_error error;
};

struct answer_actions {
	size_t n;
	struct answer_action at[ANSWER_ACTIONS];
};

/* NULL: not JSON, an object named twice, a NUL in a string, not an object. json_decref() it. */
json_t *answer_parse(const char *body, size_t len);

/* An error body; whatever is wrong with it, @ret is filled ("" when nothing can be said). */
void answer_error(const json_t *root, struct answer_error *ret);

/* {"server":{…}} */
int answer_server(const json_t *root, struct answer_server *ret);
/* {"servers":[…]}: calls fn for each; *ret_next is the next page or 0. */
int answer_servers(const json_t *root, void (*fn)(void *arg, const struct answer_server *s),
                   void *arg, int64_t *ret_next);
/* {"server":{…},"action":{…},"next_actions":[…]} of a create. */
int answer_created(const json_t *root, struct answer_server *ret,
                   struct answer_actions *ret_actions);
/* {"actions":[…]} */
int answer_actions(const json_t *root, struct answer_actions *ret);
/* {"action":{…}} */
int answer_action(const json_t *root, struct answer_actions *ret);
/* {"ssh_key":{"id"}}, and {"ssh_keys":[…]}: the id of the one with this key, or 0. */
int answer_ssh_key(const json_t *root, int64_t *ret);
int answer_ssh_keys(const json_t *root, const char *public_key, int64_t *ret, int64_t *ret_next);

/* ---- for the readers themselves ---- */
int answer_str(const json_t *o, const char *name, char *ret, size_t size); /* cut answers are bad */
int answer_id(const json_t *o, const char *name, int64_t *ret);
int answer_next_page(const json_t *root, int64_t *ret);
