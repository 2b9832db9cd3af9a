#pragma once
/* Counters of one worker, as Prometheus text at /metrics. */
#include "buf.h"

#include <stdint.h>

struct gw_route;

enum gw_counter {
	GW_SUBMITS,       /* commands journalled */
	GW_SUBMIT_CALLS,  /* calls they needed: batching is submits / calls */
	GW_RINGS,         /* bells rung */
	GW_RESULTS,       /* answered within the wait */
	GW_ACCEPTED,      /* answered with 202 */
	GW_LIVE_FRAMES,   /* frames handed to sockets */
	GW_LIVE_DROPPED,  /* sockets closed because they were too slow */
	GW_N_COUNTERS,
};
void gw_count(enum gw_counter which);
void gw_count_refused(int status);
void gw_count_request(const struct gw_route *route, int status, int64_t ms);
void gw_metrics_text(struct buf *out);
