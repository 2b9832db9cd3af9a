#pragma once
/* One account, as `spsctl user add` and `spsctl demo` make it. */
#include "pg.h"

struct account {
	const char *username, *name, *email, *role;
};

/*
 * Makes the account, active, with this password. *ret_id is its id, also when
 * it was there before (then nothing is changed and *ret_new is false).
 */
bool account_create(PGconn *conn, const struct account *a, const char *password, int64_t *ret_id,
                    bool *ret_new);
