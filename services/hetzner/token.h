#pragma once
/* Tokens of projects: kept sealed, tried out, and given to whoever asks the provider something. */
#include "client.h"
#include "service.h"

int on_token_set(struct cmd *c, const void *body);

/* Tries out tokens that nobody has tried yet. */
void tokens_start(struct service *s, struct client *client, int64_t poll_ms);

/*
 * The project's token, to be secret_free()d, or NULL when there is none that
 * can be used. Inside or outside a transaction.
 */
char *token_load(struct service *s, int64_t project);
/*
 * Takes one request from the project's hour; false: not now. @bucket is "main", or "actions" for
 * /actions, which the provider counts apart. @reserve: the share that is left to others.
 */
bool token_spend(struct service *s, int64_t project, const char *bucket, const char *reserve);
/* What an answer says about how much is left. */
void token_spent(struct service *s, int64_t project, const struct reply *reply);
/* An answer blamed the token: 'invalid' or 'readonly'. In the caller's transaction. */
int token_blame(struct cmd *c, int64_t project, const struct reply *reply);
