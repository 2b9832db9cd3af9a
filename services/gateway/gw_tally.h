#pragma once
/*
 * How many of something each has now: requests of a person, connections of an
 * address. Only who has one takes memory. Without Kore.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define GW_TALLY_BUCKETS 1024

struct gw_tally {
	LIST_HEAD(, gw_tally_entry) bucket[GW_TALLY_BUCKETS]; /* zeroed: empty */
};

struct gw_tally_key {
	uint8_t byte[16];
};
struct gw_tally_key gw_tally_number(int64_t n);
/* One more for @key, unless it has @most already: then false. */
bool gw_tally_enter(struct gw_tally *t, struct gw_tally_key key, int64_t most);
/* One less; each gw_tally_enter() that was true needs one. */
void gw_tally_leave(struct gw_tally *t, struct gw_tally_key key);
