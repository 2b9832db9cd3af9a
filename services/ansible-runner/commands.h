#pragma once
/* What others may ask of runs. */
#include "service.h"

int on_run_start(struct cmd *c, const void *body);
int on_run_cancel(struct cmd *c, const void *body);
int on_run_revoke(struct cmd *c, const void *body);
