#pragma once
/*
 * The demo: four accounts, one project and what a script needs to use them
 *
 * Everything here can be run again: what is there is kept. The file comes
 * first, so that no account exists whose password nobody knows.
 */
#include "account.h"
#include "keys.h"

#define DEMO_USERS 4
#define DEMO_PROJECT "Demo"

struct demo {
	struct {
		struct account account;
		char *password; /* sodium_malloc */
		int64_t id;
		bool is_new;
	} user[DEMO_USERS]; /* administrator, technical manager, technical agent, sales agent */
	const char *url, *endpoint;
	char *token;
};

/* Takes the passwords from @path, or makes new ones, and writes the file (mode 0600). */
bool demo_file(struct demo *d, const char *path);

/* Makes the project through the bus, as the administrator, and waits for it. */
bool demo_project(PGconn *conn, struct demo *d, const struct keys *keys, int64_t *ret_project);
