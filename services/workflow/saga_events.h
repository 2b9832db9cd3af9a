#pragma once
/*
 * What other services report about the saga. Every event names operation and
 * attempt; what does not belong to the present ones changes nothing.
 */
#include "service.h"

int on_step_progress(struct cmd *c, const void *body);
int on_server_created(struct cmd *c, const void *body);
int on_server_failed(struct cmd *c, const void *body);
int on_server_deleted(struct cmd *c, const void *body);
int on_run_finished(struct cmd *c, const void *body);
/* A project has got what its waiting sagas need. */
int on_token_checked(struct cmd *c, const void *body);
int on_identity_created(struct cmd *c, const void *body);
