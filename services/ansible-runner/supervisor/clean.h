#pragma once
/* What runs leave behind, and one look at a server: small acts under the uid of runs. */
#include <sys/types.h>

/*
 * Ends every process of the run in @dir that is still there (its supervisor was
 * killed) and empties DIR/work. As uid @uid, whose files and processes they are.
 */
int clean_run(uid_t uid, const char *dir);
/* Becomes ssh-keyscan, which prints the server's Ed25519 host key. Returns only when that fails. */
int scan_host(uid_t uid, const char *address, const char *port);
