#pragma once
/* What people decide about a request that exists. All answer with the request as it is then. */
#include "service.h"

int on_request_approve(struct cmd *c, const void *body);
int on_request_reject(struct cmd *c, const void *body);
int on_request_cancel(struct cmd *c, const void *body);
int on_request_provision(struct cmd *c, const void *body);
int on_request_retry(struct cmd *c, const void *body);
int on_request_rollback(struct cmd *c, const void *body);
