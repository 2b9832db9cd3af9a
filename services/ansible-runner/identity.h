#pragma once
/*
 * The SSH key pair of a project
 *
 * Made here, once; the private half is stored under this service's own key and
 * is only ever handed to the supervisor of a run, which gives it to ssh-agent.
 */
#include "service.h"

int on_identity_create(struct cmd *c, const void *body);

enum { IDENTITY_E_NONE = 1 };
/* The private key as OpenSSH writes it; secret_free() it. 0, IDENTITY_E_NONE or a failure. */
int identity_private(struct cmd *c, int64_t project, char **ret_key);
