#pragma once
/* Tokens of projects: kept sealed, tried out, and given to whoever asks the provider something. */
#include "client.h"
#include "service.h"

int on_token_set(struct cmd *c, const void *body);

/* Tries out tokens that nobody has tried yet. */
void tokens_start(struct service *s, struct client *client, int64_t poll_ms);

enum { TOKEN_E_NONE = 1 };

struct token {
	char *text;
	int64_t version; /* grows when the project gets another one */
};

/*
 * The project's token; TOKEN_E_NONE when there is none that can be used, another
 * code when the database could not say. Inside or outside a transaction.
 */
int token_load(struct service *s, int64_t project, struct token *ret);
void token_release(struct token *t);
/*
 * Takes one request from the project's hour; false: not now. @bucket is "main", or "actions" for
 * /actions, which the provider counts apart. @reserve: the share that is left to others.
 */
bool token_spend(struct service *s, int64_t project, const char *bucket, const char *reserve);
/* What an answer says about how much is left. */
void token_spent(struct service *s, int64_t project, const struct reply *reply);
/*
 * An answer blamed the token of this version: 'invalid' or 'readonly'. In the
 * caller's transaction. *ret_replaced: the project has another one since.
 */
int token_blame(struct cmd *c, int64_t project, int64_t version, const struct reply *reply,
                bool *ret_replaced);
