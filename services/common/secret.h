#pragma once
/*
 * Secrets at rest and on the way (SECURITY.md R7)
 *
 * Sealing: anybody with a service's public key can seal, only that service can
 * open. The plaintext carries a context, so a sealed value that is moved to
 * another message, command or row does not open there.
 *
 *     blob = 1 byte version (1) | crypto_box_seal( u16 context length | context | value )
 *
 * Storing: the owner keeps values under its own symmetric key, bound to
 * "table/column/row" as additional data (XChaCha20-Poly1305).
 *
 *     blob = 1 byte version (1) | 24 bytes nonce | ciphertext and tag
 */
#include "keys.h"

#include <stddef.h>
#include <stdint.h>

#define SECRET_SEAL_MAX 8192

enum { SECRET_E_BAD = 1 }; /* one answer for every way in which a blob can be wrong */

/* 0 or -EINVAL when too long. *ret is malloc'ed. */
int secret_seal(const uint8_t public_key[32], const char *context, const void *value, size_t len,
                uint8_t **ret, size_t *ret_len);
/* *ret_value comes from sodium_malloc() and is NUL-terminated: secret_free() it. 0 or SECRET_E_BAD. */
int secret_open(const struct keys *k, const char *context, const uint8_t *blob, size_t len,
                char **ret_value, size_t *ret_len);
int secret_store(const struct keys *k, const char *row, const void *value, size_t len,
                 uint8_t **ret, size_t *ret_len);
int secret_load(const struct keys *k, const char *row, const uint8_t *blob, size_t len,
                char **ret_value, size_t *ret_len);
/* The first line of a file, as if it came from secret_open(). NULL when it is empty or unreadable, said in the log. */
char *secret_from_file(const char *path);
void secret_free(char *value); /* zeroes; accepts NULL */
void secret_cleanup(char **value); /* for _cleanup_ */

/* BLAKE2b-256 of @text as 64 hex digits. */
void secret_hash_hex(const char *text, char out[65]);
