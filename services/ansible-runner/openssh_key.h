#pragma once
/*
 * Ed25519 keys in OpenSSH's formats (PROTOCOL.key), made without a file
 */
#include <stdbool.h>
#include <stddef.h>

#define SSH_PUBLIC_MAX 200
#define SSH_PRIVATE_MAX 1024
#define SSH_FINGERPRINT 52 /* "SHA256:" and 43 characters */
#define SSH_HOST_KEY 81    /* "ssh-ed25519 " and 68 characters */

/* A new pair. @public: "ssh-ed25519 AAAA… comment"; @private: what ssh-add reads. Zero @private
 * after use. */
void openssh_keypair(const char *comment, char public[SSH_PUBLIC_MAX],
                     char private[SSH_PRIVATE_MAX]);

/*
 * Reads "ssh-ed25519 AAAA…", with or without a comment, strictly: right type
 * inside too, right length. Writes it without the comment. false: it is none.
 */
bool openssh_public_read(const char *text, size_t len, char out[SSH_HOST_KEY]);
/* As ssh prints it; @key as openssh_public_read() writes it. */
void openssh_fingerprint(const char *key, char out[SSH_FINGERPRINT]);
