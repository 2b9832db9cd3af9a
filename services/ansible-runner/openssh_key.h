#pragma once
/* An Ed25519 key pair as OpenSSH writes it (PROTOCOL.key of OpenSSH, RFC 8709). */
#include <stddef.h>

#define OPENSSH_PUBLIC_MAX 160

/* Fills @public_key ("ssh-ed25519 AAAA… comment"); *ret_private comes from sodium_malloc(). */
void openssh_key_new(const char *comment, char public_key[OPENSSH_PUBLIC_MAX], char **ret_private, size_t *ret_len);
