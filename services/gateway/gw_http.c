/* Around Kore's HTTP: the check in front of its parser, and every answer. */
#include "gw_http.h"

#include "gw_live.h"
#include "gw_metrics.h"
#include "gw_routes.h"
#include "log.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* Exported by the kore binary, but not declared by its installed headers. */
void net_send_queue(struct connection *, const void *, size_t);
int net_send_flush(struct connection *);
int net_recv_flush(struct connection *);
void net_recv_reset(struct connection *, size_t, int (*)(struct netbuf *));
void net_recv_queue(struct connection *, size_t, int, int (*)(struct netbuf *));

/* On every answer there is. HSTS belongs to the proxy that speaks TLS. */
#define CSP                                                                                              \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " \
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "                \
	"require-trusted-types-for 'script'; trusted-types lit-html"
#define PERMISSIONS "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()"

static const struct {
	const char *name, *value;
} headers[] = {
	{ "content-security-policy", CSP },
	{ "x-content-type-options", "nosniff" },
	{ "x-frame-options", "DENY" },
	{ "referrer-policy", "no-referrer" },
	{ "cross-origin-opener-policy", "same-origin" },
	{ "cross-origin-resource-policy", "same-origin" },
	{ "permissions-policy", PERMISSIONS },
};
#define N_HEADERS (sizeof(headers) / sizeof(headers[0]))

/* ---- in front of Kore's parser ------------------------------------------------------------ */

static int refuse(struct connection *c, int status)
{
	char text[2048];
	int n;

	n = snprintf(text, sizeof(text), "HTTP/1.1 %d %s\r\nconnection: close\r\ncontent-length: 0\r\n", status,
	             status == 431 ? "Request Header Fields Too Large" : http_status_text(status));
	for (size_t i = 0; i < N_HEADERS; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s: %s\r\n", headers[i].name, headers[i].value);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "\r\n");
	log_info("http.refused", LOG_I64("status", status));
	gw_count_refused(status);
	c->flags |= CONN_CLOSE_EMPTY;
	c->evt.flags &= ~KORE_EVENT_READ;
	net_send_queue(c, text, (size_t)n);
	if (!net_send_flush(c))
		kore_connection_disconnect(c);
	return KORE_RESULT_OK;
}

static int on_head(struct netbuf *nb)
{
	int r = gw_head_check(nb->buf, nb->s_off, http_header_max, http_body_max);

	if (r == GW_HEAD_MORE)
		return nb->s_off == nb->b_len ? refuse(nb->owner, 431) : KORE_RESULT_OK;
	if (r)
		return refuse(nb->owner, r);
	return http_header_recv(nb);
}

void gw_connect(struct connection *c)
{
	c->proto = CONN_PROTO_HTTP;
	c->idle_timer.length = (uint64_t)http_keepalive_time * 1000;
	net_recv_queue(c, http_header_max, NETBUF_CALL_CB_ALWAYS, on_head);
}

/* Kore re-arms its own parser after an answer; ours must stay in front of it. */
static void rearm(struct connection *c)
{
	if (c->flags & CONN_CLOSE_EMPTY)
		return;
	c->http_start = kore_time_ms();
	c->http_timeout = (uint64_t)http_header_timeout * 1000;
	net_recv_reset(c, http_header_max, on_head);
	(void)net_recv_flush(c);
}

/* ---- one request -------------------------------------------------------------------------- */

static void peer_address(const struct connection *c, char out[64])
{
	const void *addr = c->family == AF_INET6 ? (const void *)&c->addr.ipv6.sin6_addr : (const void *)&c->addr.ipv4.sin_addr;

	snprintf(out, 64, "local");
	if (c->family == AF_INET || c->family == AF_INET6)
		inet_ntop(c->family, addr, out, 64);
}

void gw_rq_begin(struct gw_rq *rq, struct http_request *req)
{
	*rq = (struct gw_rq){ .req = req, .t0 = kore_time_ms() };
	uuid7(rq->corr);
	if (req->owner)
		peer_address(req->owner, rq->peer);
}

static const char *method_name(const struct http_request *req)
{
	return req->method == HTTP_METHOD_GET ? "GET" : req->method == HTTP_METHOD_POST ? "POST" :
	       req->method == HTTP_METHOD_DELETE ? "DELETE" : req->method == HTTP_METHOD_HEAD ? "HEAD" : "other";
}

/* The path as it may be logged: the pattern where a segment is a secret, never the query. */
void gw_rq_end(struct gw_rq *rq)
{
	const char *path = rq->route && rq->route->secret_path ? rq->route->path : rq->req->path;
	int64_t ms = (int64_t)(kore_time_ms() - rq->t0);

	gw_count_request(rq->route, rq->status, ms);
	log_correlation(rq->corr);
	log_info("http.request", LOG_STR("method", method_name(rq->req)), LOG_STR("path", path),
	         LOG_I64("status", rq->status), LOG_I64("ms", ms), LOG_STR("peer", rq->peer), LOG_I64("user", rq->session.user));
	log_correlation(NULL);
}

void gw_header(struct gw_rq *rq, const char *name, const char *value)
{
	http_response_header(rq->req, name, value);
}

const char *gw_request_header(struct gw_rq *rq, const char *name)
{
	const char *value;

	return http_request_header(rq->req, name, &value) ? value : NULL;
}

static struct connection *prepare(struct gw_rq *rq, int status)
{
	struct connection *c = rq->req->owner;

	rq->status = status;
	if (!c || c->state != CONN_STATE_ESTABLISHED)
		return NULL;
	for (size_t i = 0; i < N_HEADERS; i++)
		http_response_header(rq->req, headers[i].name, headers[i].value);
	http_response_header(rq->req, "x-correlation-id", rq->corr);
	return c;
}

void gw_reply(struct gw_rq *rq, int status, const char *type, const void *data, size_t len)
{
	struct connection *c = prepare(rq, status);

	if (!c)
		return;
	if (type)
		http_response_header(rq->req, "content-type", type);
	c->flags |= CONN_IS_BUSY; /* keeps http_response() from re-arming Kore's own parser */
	http_response(rq->req, status, data, len);
	c->flags &= ~CONN_IS_BUSY;
	rearm(c);
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
	c->flags |= CONN_IS_BUSY;
	http_response_stream(rq->req, status, (void *)(uintptr_t)data, len, keep, NULL);
	c->flags &= ~CONN_IS_BUSY;
	rearm(c);
}

void gw_reply_json(struct gw_rq *rq, int status, const char *json)
{
	gw_header(rq, "cache-control", "no-store");
	gw_reply(rq, status, "application/json; charset=utf-8", json, strlen(json));
}
