#pragma once
/*
 * Growing pauses after failed sign-ins, per account and per network, in the
 * database so that all replicas know them. Never a lock for good: the longest
 * pause is minutes, and a success ends the account's.
 */
#include "service.h"

struct throttle_keys {
	char account[80], network[64];
};

/* Who tries, as keys: a hash of the name, and the address (IPv6: its /64). */
void throttle_keys(const char *username, const char *network, struct throttle_keys *ret);
/* Seconds to wait before the next try, 0 for none. */
int throttle_wait(struct db *db, const struct throttle_keys *k, int64_t *ret_s);
int throttle_failed(struct cmd *c, const struct throttle_keys *k);
int throttle_succeeded(struct cmd *c, const struct throttle_keys *k);
void throttle_start(struct service *s); /* removes old rows now and then */
