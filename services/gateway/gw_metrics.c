#include "gw_metrics.h"

#include "gw_bus.h"
#include "gw_db.h"
#include "gw_live.h"
#include "gw_redis.h"
#include "gw_routes.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define ROUTES_MAX 128 /* the last one: what has no route */

struct shared {
	_Atomic uint64_t counter[GW_N_COUNTERS];
	struct {
		_Atomic uint64_t by_class[6], ms;
	} route[ROUTES_MAX];
};

static struct shared *shared;

static const struct {
	const char *name, *help;
} counters[] = {
#define C(id, name, help) { name, help },
	GW_COUNTERS(C)
#undef C
};

void gw_metrics_prepare(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	              0);
	if (shared == MAP_FAILED)
		fatal("no memory for counters");
}

static void add(_Atomic uint64_t *to, uint64_t n)
{
	atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

void gw_count(enum gw_counter which)
{
	add(&shared->counter[which], 1);
}

void gw_count_request(const struct gw_route *route, int status, int64_t ms)
{
	size_t i = route ? (size_t)(route - gw_routes) : ROUTES_MAX - 1;

	if (i >= ROUTES_MAX || status < 100 || status > 599)
		return;
	add(&shared->route[i].by_class[status / 100], 1);
	add(&shared->route[i].ms, (uint64_t)ms);
}

/* ---- text --------------------------------------------------------------------------------- */

static void heading(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void requests(struct buf *out, size_t i, const char *method, const char *path)
{
	for (int class = 1; class < 6; class ++)
		if (shared->route[i].by_class[class])
			buf_fmt(out,
			        "sps_http_requests_total{method=\"%s\",route=\"%s\",class=\"%dxx\"}"
			        " %" PRIu64 "\n",
			        method, path, class, shared->route[i].by_class[class]);
}

static void seconds(struct buf *out, size_t i, const char *method, const char *path)
{
	uint64_t n = 0, ms = shared->route[i].ms;

	for (int class = 1; class < 6; class ++)
		n += shared->route[i].by_class[class];
	if (!n)
		return;
	buf_fmt(out,
	        "sps_http_request_seconds_sum{method=\"%s\",route=\"%s\"} %" PRIu64 ".%03" PRIu64
	        "\n",
	        method, path, ms / 1000, ms % 1000);
	buf_fmt(out, "sps_http_request_seconds_count{method=\"%s\",route=\"%s\"} %" PRIu64 "\n",
	        method, path, n);
}

static void each_route(struct buf *out,
                       void (*fn)(struct buf *, size_t, const char *, const char *))
{
	for (size_t i = 0; gw_routes[i].path; i++)
		fn(out, i, gw_routes[i].method, gw_routes[i].path);
	fn(out, ROUTES_MAX - 1, "GET", "other");
}

static void gauge(struct buf *out, const char *name, const char *help, uint64_t value)
{
	heading(out, name, "gauge", help);
	buf_fmt(out, "%s %" PRIu64 "\n", name, value);
}

void gw_metrics_text(struct buf *out)
{
	heading(out, "sps_http_requests_total", "counter",
	        "requests by route and class of the answer's status");
	each_route(out, requests);
	heading(out, "sps_http_request_seconds", "summary",
	        "time from a complete request to its answer");
	each_route(out, seconds);
	for (size_t i = 0; i < GW_N_COUNTERS; i++) {
		buf_fmt(out, "# HELP sps_gateway_%s_total %s\n", counters[i].name,
		        counters[i].help);
		buf_fmt(out, "# TYPE sps_gateway_%s_total counter\n", counters[i].name);
		buf_fmt(out, "sps_gateway_%s_total %" PRIu64 "\n", counters[i].name,
		        shared->counter[i]);
	}
	gauge(out, "sps_gateway_sockets", "live sockets of the worker that answered",
	      gw_live_sockets());
	gauge(out, "sps_gateway_bus_waiting", "results the worker that answered waits for",
	      gw_bus_waiting());
	gauge(out, "sps_gateway_database_up", "1: the database can be reached", gw_db_ready());
	gauge(out, "sps_gateway_redis_up", "1: Redis can be reached", gw_redis_ready());
}
