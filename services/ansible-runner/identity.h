#pragma once
/* Each project's SSH key pair: made here, sealed here, its private half never a file. */
#include "service.h"

int on_identity_create(struct cmd *c, const void *body);
/* Opens the private key of @project in OpenSSH's format; secret_free() it. 0, DB_E_*, or -ENOKEY. */
int identity_open(struct service *s, int64_t project, char **ret_key, size_t *ret_len);
