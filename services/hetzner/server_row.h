#pragma once
/* The portal's own record of a server, and the live frames about it. Inside a transaction. */
#include "answer.h"
#include "operation.h"
#include "service.h"

/* Makes or refreshes the row of the server that @o created; *ret_id is its id in the portal. */
int server_row_record(struct cmd *c, const struct operation *o, const struct answer_server *s,
                      const char *lifecycle, int64_t *ret_id);
int server_row_lifecycle(struct cmd *c, int64_t id, const char *lifecycle);
/* The id of the operation's server in the portal; 0: none. */
int64_t server_row_of(struct cmd *c, const char *op);
/* A sweep saw it: writes only what has changed. */
int server_row_seen(struct cmd *c, int64_t project, const struct answer_server *s);
