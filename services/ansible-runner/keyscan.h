#pragma once
/* What ssh-keyscan prints, read strictly. */
#include "openssh_key.h"

#define KEYSCAN_MAX 4096 /* nothing longer is an answer about one server */

/*
 * The Ed25519 key in the output for the server that known_hosts calls @host.
 * Lines of comment are skipped; anything else that is not this host's key makes
 * the whole output unusable.
 */
bool keyscan_read(const char *text, size_t len, const char *host, char ret_key[SSH_HOST_KEY]);
