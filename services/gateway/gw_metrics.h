#pragma once
/*
 * Counters, as Prometheus text at /metrics. All workers count into memory they
 * share, so that it does not matter which of them is asked.
 */
#include "buf.h"

#include <stdint.h>

struct gw_route;

/* clang-format off */
#define GW_COUNTERS(C)                                                              \
	C(SUBMITS,      "submits",      "commands given to the journal")            \
	C(SUBMIT_CALLS, "submit_calls", "calls they needed; less is better batched") \
	C(RINGS,        "rings",        "bells rung at services")                   \
	C(RESULTS,      "results",      "results that came while somebody waited")  \
	C(ACCEPTED,     "accepted",     "commands answered with 202")               \
	C(LIVE_FRAMES,  "live_frames",  "frames handed to live sockets")            \
	C(LIVE_DROPPED, "live_dropped", "live sockets closed because they were too slow") \
	C(REFUSED,      "refused",      "requests refused before they were read")   \
	C(CROWDED,      "crowded",      "connections and requests refused because somebody had too many")
/* clang-format on */

enum gw_counter {
#define C(id, name, help) GW_##id,
	GW_COUNTERS(C)
#undef C
		GW_N_COUNTERS
};

/* In the parent, before there are workers. */
void gw_metrics_prepare(void);
void gw_count(enum gw_counter which);
/* @route may be NULL: static files and what does not exist. */
void gw_count_request(const struct gw_route *route, int status, int64_t ms);
void gw_metrics_text(struct buf *out);
