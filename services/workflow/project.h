#pragma once
/* Table workflow.project, and the commands that make one and give it another token. */
#include "service.h"

/*
 * Locks the project of a request until the transaction ends: money is counted
 * under it, and a saga that waits for the project's token or key cannot miss
 * the event that brings it.
 */
int project_lock_of_request(struct cmd *c, int64_t request, bool *ret_auto_provision);
int project_lock(struct cmd *c, int64_t project);

int on_project_create(struct cmd *c, const void *body);
int on_project_token_set(struct cmd *c, const void *body);
