/* The small routes: health, counters, the API's description, a new server's call. */
#include "err.h"
#include "gw_bus.h"
#include "gw_metrics.h"
#include "gw_redis.h"
#include "gw_routes.h"
#include "log.h"
#include "openapi.h"
#include "secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct buf description;

void gw_healthz(struct gw_rq *rq)
{
	gw_header(rq, "cache-control", "no-store");
	gw_reply(rq, 200, "text/plain; charset=utf-8", "ok\n", 3);
}

void gw_readyz(struct gw_rq *rq)
{
	char text[120];
	bool db = gw_db_ready(), redis = gw_redis_ready(), stay = !gw_draining();
	int n = snprintf(text, sizeof(text),
	                 "{\"ready\":%s,\"database\":%s,\"redis\":%s,\"draining\":%s}",
	                 db && redis && stay ? "true" : "false", db ? "true" : "false",
	                 redis ? "true" : "false", stay ? "false" : "true");

	gw_header(rq, "cache-control", "no-store");
	gw_reply(rq, db && redis && stay ? 200 : 503, "application/json; charset=utf-8", text,
	         (size_t)n);
}

/*
 * Counters name no person and no object, but how busy one is is nobody else's
 * business: for this machine only, and not through a proxy that stands on it.
 */
void gw_metrics(struct gw_rq *rq)
{
	_cleanup_(buf_release) struct buf b = { .max = 1 << 20 };

	if ((strncmp(rq->peer, "127.", 4) && strcmp(rq->peer, "::1")) ||
	    gw_request_header(rq, "x-forwarded-for")) {
		gw_problem(rq, 404, NULL, "There is nothing at this address.");
		return;
	}
	gw_metrics_text(&b);
	gw_header(rq, "cache-control", "no-store");
	gw_reply(rq, 200, "text/plain; version=0.0.4; charset=utf-8", b.data ? b.data : "", b.len);
}

static void to_buf(void *arg, const char *text, size_t len)
{
	buf_add(arg, text, len);
}

void gw_openapi_prepare(void)
{
	struct openapi_route list[256];
	size_t n = 0;

	for (const struct gw_route *r = gw_routes; r->path && n < sizeof(list) / sizeof(list[0]);
	     r++)
		list[n++] = (struct openapi_route){
			.method = r->method,
			.path = r->path,
			.summary = r->summary,
			.body = r->msg ? r->msg->rec : r->body,
			.command = r->msg != NULL,
			.query = r->query,
			.answer = r->answer,
			.session = r->access == GW_SESSION,
		};
	buf_init(&description, 4 << 20);
	openapi_write(list, n, "Server Provisioning System", "1", to_buf, &description);
}

void gw_openapi(struct gw_rq *rq)
{
	gw_header(rq, "cache-control", "no-cache");
	gw_reply(rq, 200, "application/json; charset=utf-8", description.data, description.len);
}

/* ---- phone_home --------------------------------------------------------------------------- */

#define FORM_MAX 8192
#define PER_ADDRESS 30 /* calls of one address in a minute */
#define ADDRESSES 512

/* A small table of who called how often; the oldest is forgotten. */
static bool too_many(const char *peer, uint64_t now)
{
	static struct {
		char peer[64];
		uint64_t since;
		unsigned n;
	} seen[ADDRESSES];
	size_t oldest = 0;

	for (size_t i = 0; i < ADDRESSES; i++) {
		if (!strcmp(seen[i].peer, peer)) {
			if (now - seen[i].since > 60000) {
				seen[i].since = now;
				seen[i].n = 0;
			}
			return ++seen[i].n > PER_ADDRESS;
		}
		if (seen[i].since < seen[oldest].since)
			oldest = i;
	}
	snprintf(seen[oldest].peer, sizeof(seen[oldest].peer), "%s", peer);
	seen[oldest].since = now;
	seen[oldest].n = 1;
	return false;
}

/* Well-formed calls all get the same answer at once: whether a token was good is not told. */
void gw_phone_home(struct gw_rq *rq)
{
	char token[129], hash[65], key[GW_HOST_KEY_MAX];
	struct hostkey_report in = { .token_hash = hash, .key = key };
	struct gw_command c = {
		.msg = &hostkey_report_msg, .rec = &in, .actor = "system:gateway", .corr = rq->corr
	};
	enum gw_submit_code code;
	const char *body;
	size_t len;

	if (too_many(rq->peer, kore_time_ms())) {
		gw_retry_after(rq, 60);
		gw_problem(rq, 429, NULL, "Too many calls from this address.");
		return;
	}
	body = gw_request_body(rq, &len);
	if (!gw_token_ok(rq->args.at[0].value, rq->args.at[0].len) || len > FORM_MAX ||
	    !gw_form_host_key(body, len, key)) {
		gw_problem(rq, 400, NULL,
		           "Send the form of cloud-init's phone_home with pub_key_ed25519.");
		return;
	}
	snprintf(token, sizeof(token), "%.*s", (int)rq->args.at[0].len, rq->args.at[0].value);
	secret_hash_hex(token, hash);
	uuid7(c.id);
	code = gw_bus_submit(&c);
	if (code == GW_SUBMIT_NEW) {
		gw_bus_ring(&c);
		gw_header(rq, "cache-control", "no-store");
		gw_reply(rq, 200, "text/plain; charset=utf-8", "", 0);
	} else if (code != GW_SUBMIT_GONE) {
		gw_problem_said(rq, 503, NULL, NULL, "Call again in a few seconds.");
	}
}
