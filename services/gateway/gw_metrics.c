#include "gw_metrics.h"

#include "gw_bus.h"
#include "gw_db.h"
#include "gw_live.h"
#include "gw_redis.h"
#include "gw_routes.h"

#include <inttypes.h>

static const char *const names[GW_N_COUNTERS] = {
	"submits", "submit_calls", "rings", "results", "accepted", "live_frames", "live_dropped",
};

#define MAX_ROUTES 128
static uint64_t counters[GW_N_COUNTERS], refused;
static struct {
	uint64_t by_class[6], ms;
} requests[MAX_ROUTES]; /* the last one: what has no route */

void gw_count(enum gw_counter which)
{
	counters[which]++;
}

void gw_count_refused(int status)
{
	(void)status;
	refused++;
}

void gw_count_request(const struct gw_route *route, int status, int64_t ms)
{
	size_t i = route ? (size_t)(route - gw_routes) : MAX_ROUTES - 1;

	if (i >= MAX_ROUTES || status < 0 || status > 599)
		return;
	requests[i].by_class[status / 100]++;
	requests[i].ms += (uint64_t)ms;
}

static void route_text(struct buf *out, size_t i, const char *method, const char *path)
{
	uint64_t n = 0;

	for (int class = 1; class < 6; class++) {
		n += requests[i].by_class[class];
		if (requests[i].by_class[class])
			buf_fmt(out, "sps_http_requests_total{method=\"%s\",route=\"%s\",class=\"%dxx\"} %" PRIu64 "\n", method,
			        path, class, requests[i].by_class[class]);
	}
	if (n)
		buf_fmt(out, "sps_http_milliseconds_sum{method=\"%s\",route=\"%s\"} %" PRIu64 "\n"
		             "sps_http_milliseconds_count{method=\"%s\",route=\"%s\"} %" PRIu64 "\n",
		        method, path, requests[i].ms, method, path, n);
}

void gw_metrics_text(struct buf *out)
{
	size_t i = 0;

	for (; gw_routes[i].path; i++)
		route_text(out, i, gw_routes[i].method, gw_routes[i].path);
	route_text(out, MAX_ROUTES - 1, "GET", "other");
	for (i = 0; i < GW_N_COUNTERS; i++)
		buf_fmt(out, "sps_gateway_%s_total %" PRIu64 "\n", names[i], counters[i]);
	buf_fmt(out, "sps_gateway_refused_total %" PRIu64 "\nsps_gateway_sockets %u\n", refused, gw_live_sockets());
	buf_fmt(out, "sps_gateway_database_up %d\nsps_gateway_redis_up %d\nsps_gateway_bus_waiting %zu\n", gw_db_ready(),
	        gw_redis_ready(), gw_bus_waiting());
}
