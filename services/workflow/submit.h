#pragma once
/* request.submit: what must be true before a request exists (rule R1). */
#include "service.h"

int on_request_submit(struct cmd *c, const void *body);
