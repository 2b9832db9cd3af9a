#pragma once
/* Passwords: made, read, judged and hashed. They live in locked memory: secret_free() them. */
#include <sodium.h>
#include <stdbool.h>

#define PASSWORD_MIN 15
#define PASSWORD_MAX 256 /* characters, not bytes */

/* About 99 bits, without letters that look alike: "k7mwq-2fhtz-9xnpc-4rvbd". */
char *password_generate(void);
/* The first line of standard input. NULL: nothing there. */
char *password_from_stdin(void);
/* The rules for accounts; says which one is broken. */
bool password_good(const char *password, const char *username, const char *email);
/* argon2id with the parameters sign-in uses. false: out of memory. */
bool password_hash(const char *password, char out[crypto_pwhash_STRBYTES]);
