#pragma once
/*
 * What people decide about a request that exists: request.approve, .reject, .cancel,
 * .provision, .retry and .rollback. All answer with the request as it is then.
 */
#include "service.h"

int on_request_decision(struct cmd *c, const void *body);
