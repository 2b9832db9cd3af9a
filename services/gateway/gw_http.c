/* One request: its headers, its answer, its line in the log. */
#include "gw_http.h"

#include "err.h"
#include "gw_conf.h"
#include "gw_conn.h"
#include "gw_metrics.h"
#include "gw_problem.h"
#include "gw_routes.h"
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LOG_MS 10
#define CSP                                                                                        \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src " \
	"'self'; "                                                                                 \
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "        \
	"require-trusted-types-for 'script'; trusted-types lit-html"
#define PERMISSIONS                                                                           \
	"accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), "  \
	"fullscreen=(), "                                                                     \
	"geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), " \
	"usb=()"

const struct gw_fixed_header gw_fixed_headers[] = {
	{ "content-security-policy", CSP },
	{ "x-content-type-options", "nosniff" },
	{ "x-frame-options", "DENY" },
	{ "referrer-policy", "no-referrer" },
	{ "cross-origin-opener-policy", "same-origin" },
	{ "cross-origin-resource-policy", "same-origin" },
	{ "permissions-policy", PERMISSIONS },
	{ NULL, NULL },
};

/* ---- the request -------------------------------------------------------------------------- */

/* Who stands behind the proxy? */
static void find_client(struct gw_rq *rq)
{
	const char *header = gw_request_header(rq, "x-forwarded-for");
	char address[GW_ADDRESS_MAX];

	if (header && !strcmp(rq->peer, gw_conf.proxy) && gw_forwarded(header, address))
		memcpy(rq->peer, address, sizeof(address));
}

void gw_rq_begin(struct gw_rq *rq, struct http_request *req)
{
	*rq = (struct gw_rq){ .req = req, .t0 = kore_time_ms() };
	uuid7(rq->corr);
	if (req->owner)
		gw_conn_peer(req->owner, rq->peer);
	find_client(rq);
}

static const char *method_name(const struct http_request *req)
{
	switch (req->method) {
	case HTTP_METHOD_GET:
		return "GET";
	case HTTP_METHOD_HEAD:
		return "HEAD";
	case HTTP_METHOD_POST:
		return "POST";
	case HTTP_METHOD_DELETE:
		return "DELETE";
	default:
		return "other";
	}
}

/* The path as it may be logged: never the query, and never a token, also not in a call that went
 * wrong. */
static const char *loggable(const struct gw_rq *rq)
{
	return !strncmp(rq->req->path, "/hook/", 6) ? "/hook/..." : rq->req->path;
}

static bool flush_due;

static void on_flush(void *arg, uint64_t now)
{
	(void)arg;
	(void)now;
	flush_due = false;
	log_flush();
}

/* The lines of a few milliseconds leave together. */
static void flush_soon(void)
{
	if (flush_due)
		return;
	flush_due = true;
	kore_timer_add(on_flush, LOG_MS, NULL, KORE_TIMER_ONESHOT);
}

void gw_rq_end(struct gw_rq *rq)
{
	int64_t ms = (int64_t)(kore_time_ms() - rq->t0);
	int status = rq->status ? rq->status : 499; /* the client left before there was an answer */

	gw_count_request(rq->route, status, ms);
	log_correlation(rq->corr);
	log_info_soon("http.request", LOG_STR("method", method_name(rq->req)),
	              LOG_STR("path", loggable(rq)), LOG_I64("status", status), LOG_I64("ms", ms),
	              LOG_STR("peer", rq->peer), LOG_I64("user", rq->session.user));
	log_correlation(NULL);
	flush_soon();
}

const char *gw_request_header(struct gw_rq *rq, const char *name)
{
	const char *value;

	return http_request_header(rq->req, name, &value) ? value : NULL;
}

const char *gw_request_body(struct gw_rq *rq, size_t *ret_len)
{
	*ret_len = rq->req->http_body ? rq->req->http_body_length : 0;
	return *ret_len ? (const char *)rq->req->http_body->data : "";
}

void gw_request_forget(struct gw_rq *rq)
{
	size_t len;
	const char *body = gw_request_body(rq, &len);

	explicit_bzero((void *)(uintptr_t)body, len);
}

/* ---- the answer --------------------------------------------------------------------------- */

void gw_header(struct gw_rq *rq, const char *name, const char *value)
{
	http_response_header(rq->req, name, value);
}

void gw_header_fixed(struct gw_rq *rq)
{
	for (const struct gw_fixed_header *h = gw_fixed_headers; h->name; h++)
		gw_header(rq, h->name, h->value);
	gw_header(rq, "x-correlation-id", rq->corr);
}

void gw_retry_after(struct gw_rq *rq, int seconds)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", seconds);
	gw_header(rq, "retry-after", text);
}

/* NULL: nobody is there to read an answer. */
static struct connection *prepare(struct gw_rq *rq, int status)
{
	struct connection *c = rq->req->owner;

	rq->status = status;
	if (!c || c->state != CONN_STATE_ESTABLISHED)
		return NULL;
	gw_header_fixed(rq);
	if (gw_draining())
		c->flags |= CONN_CLOSE_EMPTY;
	c->flags |= CONN_IS_BUSY; /* keeps http_response() from arming Kore's own parser */
	return c;
}

static void finish(struct connection *c)
{
	c->flags &= ~CONN_IS_BUSY;
	gw_conn_next(c);
}

void gw_reply(struct gw_rq *rq, int status, const char *type, const void *data, size_t len)
{
	struct connection *c = prepare(rq, status);

	if (!c)
		return;
	if (type)
		gw_header(rq, "content-type", type);
	http_response(rq->req, status, data, len);
	finish(c);
}

static int keep(struct netbuf *nb)
{
	(void)nb; /* static files belong to nobody's request */
	return KORE_RESULT_OK;
}

void gw_reply_memory(struct gw_rq *rq, int status, const void *data, size_t len)
{
	struct connection *c = prepare(rq, status);

	if (!c)
		return;
	http_response_stream(rq->req, status, (void *)(uintptr_t)data, len, keep, NULL);
	finish(c);
}

void gw_reply_json(struct gw_rq *rq, int status, const char *json)
{
	gw_header(rq, "cache-control", "no-store");
	gw_reply(rq, status, "application/json; charset=utf-8", json, strlen(json));
}

void gw_reply_empty(struct gw_rq *rq, int status)
{
	rq->req->flags |= HTTP_REQUEST_NO_CONTENT_LENGTH;
	gw_reply(rq, status, NULL, NULL, 0);
}

/* ---- problems ----------------------------------------------------------------------------- */

static void answer_problem(struct gw_rq *rq, struct gw_problem p)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	p.corr = rq->corr;
	gw_problem_json(&b, &p);
	gw_header(rq, "cache-control", "no-store");
	gw_reply(rq, p.status, "application/problem+json; charset=utf-8", b.data, b.len);
}

void gw_problem(struct gw_rq *rq, int status, const char *code, const char *fmt, ...)
{
	char detail[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	answer_problem(rq, (struct gw_problem){ .status = status, .code = code, .detail = detail });
}

void gw_problem_fields(struct gw_rq *rq, const struct rec_errors *errors)
{
	answer_problem(rq, (struct gw_problem){ .status = 422, .errors = errors });
}

void gw_problem_said(struct gw_rq *rq, int status, const char *field, const char *state,
                     const char *detail)
{
	if (status < 400 || status > 599)
		status = 500;
	if (status == 503)
		gw_retry_after(rq, 5);
	answer_problem(
		rq, (struct gw_problem){
			    .status = status, .field = field, .state = state, .detail = detail });
}

void gw_problem_away(struct gw_rq *rq)
{
	gw_problem_said(rq, 503, NULL, NULL,
	                "The database cannot be reached right now. Try again in a few seconds.");
}

void gw_problem_broken(struct gw_rq *rq)
{
	gw_problem(rq, 500, NULL,
	           "Something went wrong on our side. Tell the administrators the number %s.",
	           rq->corr);
}
