#include "gw_conn.h"

#include "err.h"
#include "gw_conf.h"
#include "gw_head.h"
#include "gw_http.h"
#include "gw_metrics.h"
#include "gw_problem.h"
#include "gw_tally.h"
#include "log.h"
#include "uuid.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Exported by the kore binary, but not declared by its installed headers. */
void net_send_queue(struct connection *, const void *, size_t);
int net_send_flush(struct connection *);
int net_recv_flush(struct connection *);
void net_recv_reset(struct connection *, size_t, int (*)(struct netbuf *));
void net_recv_queue(struct connection *, size_t, int, int (*)(struct netbuf *));

#define HEAD_MS 10000 /* less than keep-alive: Kore ends an idle connection without a word */
#define BODY_MS 10000
#define DRAIN_MS 2000
#define DRAIN_BYTES (1 << 20)
#define SWEEP_MS 500
#define SAY_MS 1000

static struct gw_tally addresses;         /* and their connections */
static int (*kore_body)(struct netbuf *); /* Kore's reader of bodies; it is static there */

static int on_head(struct netbuf *nb);
static int on_body(struct netbuf *nb);
static int on_rest(struct netbuf *nb);

void gw_conn_peer(const struct connection *c, char out[64])
{
	const void *addr = c->family == AF_INET6 ? (const void *)&c->addr.ipv6.sin6_addr
	                                         : (const void *)&c->addr.ipv4.sin_addr;

	snprintf(out, 64, "local");
	if (c->family == AF_INET || c->family == AF_INET6)
		inet_ntop(c->family, addr, out, 64);
}

/* ---- refusing ----------------------------------------------------------------------------- */

static void queue_refusal(struct connection *c, int status, const char *corr)
{
	_cleanup_(buf_release) struct buf body = { 0 }, head = { .max = 4096 };

	gw_problem_json(&body, &(struct gw_problem){ .status = status, .corr = corr });
	buf_fmt(&head, "HTTP/1.1 %d %s\r\nserver: portal\r\nconnection: close\r\n", status,
	        status == 431 ? "Request Header Fields Too Large" : http_status_text(status));
	buf_fmt(&head, "content-type: application/problem+json; charset=utf-8\r\ncache-control: "
	               "no-store\r\n");
	buf_fmt(&head, "x-correlation-id: %s\r\n", corr);
	for (const struct gw_fixed_header *h = gw_fixed_headers; h->name; h++)
		buf_fmt(&head, "%s: %s\r\n", h->name, h->value);
	buf_fmt(&head, "content-length: %zu\r\n\r\n", body.len);
	net_send_queue(c, head.data, head.len);
	net_send_queue(c, body.data, body.len);
}

/*
 * Answers and ends the connection. What the client still sends is read and
 * thrown away for a moment: closing with unread bytes would reset the
 * connection, and the client would never see why.
 */
static int refuse(struct connection *c, int status)
{
	char corr[UUID_TEXT], peer[64];

	uuid7(corr);
	gw_conn_peer(c, peer);
	log_correlation(corr);
	log_info("http.refused", LOG_I64("status", status), LOG_STR("peer", peer));
	log_correlation(NULL);
	gw_count(GW_REFUSED);
	queue_refusal(c, status, corr);
	if (!net_send_flush(c)) {
		kore_connection_disconnect(c);
		return KORE_RESULT_ERROR; /* else it would be read on */
	}
	if (TAILQ_EMPTY(&c->send_queue))
		shutdown(c->fd, SHUT_WR);
	c->http_start = kore_time_ms();
	c->rnb->extra = NULL; /* counts what is thrown away */
	net_recv_reset(c, 8192, on_rest);
	return KORE_RESULT_OK;
}

static int on_rest(struct netbuf *nb)
{
	uintptr_t n = (uintptr_t)nb->extra + nb->s_off;

	nb->extra = (void *)n;
	nb->s_off = 0;
	if (n > DRAIN_BYTES)
		kore_connection_disconnect(nb->owner);
	return n > DRAIN_BYTES ? KORE_RESULT_ERROR : KORE_RESULT_OK;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* The request is complete and runs: what follows stays in the socket until it is answered. */
static void park(struct netbuf *nb)
{
	kore_free(nb->buf);
	nb->buf = NULL;
	nb->m_len = 0;
	nb->cb = on_head;
	nb->owner->http_start = 0;
}

/* Kore copies what came of the body and keeps the packet too. A password may be in it. */
static int hand_over(struct netbuf *nb)
{
	uint8_t *packet = nb->buf, *end = packet + nb->s_off, *body;
	int r;

	nb->s_off = gw_head_strip(packet, nb->s_off);
	body = memmem(packet, nb->s_off, "\r\n\r\n", 4);
	r = http_header_recv(nb);
	explicit_bzero(body + 4, (size_t)(end - body - 4));
	return r;
}

static int on_head(struct netbuf *nb)
{
	struct connection *c = nb->owner;
	int r;

	if (c->state != CONN_STATE_ESTABLISHED)
		return KORE_RESULT_ERROR;
	if (!c->http_start)
		c->http_start = kore_time_ms();
	r = gw_head_check(nb->buf, nb->s_off, http_header_max, http_body_max);
	if (r == GW_HEAD_MORE)
		return nb->s_off == nb->b_len ? refuse(c, 431) : KORE_RESULT_OK;
	if (!r && http_request_count >= http_request_limit)
		r = 503;
	if (r)
		return refuse(c, r);
	r = hand_over(nb);
	c->http_timeout = 0; /* Kore's answers to slowness are bare; ours are in on_sweep() */
	c->http_start = 0;
	if (nb->buf && nb->cb != on_head && !(c->flags & CONN_CLOSE_EMPTY)) {
		kore_body = nb->cb;
		nb->cb = on_body;
		c->http_start = kore_time_ms(); /* the body's time; Kore would count from the
		                                   connection's last answer */
	}
	return r;
}

/* Takes the bytes itself: Kore would free the packet as it is, and a password may be in it. */
static int on_body(struct netbuf *nb)
{
	struct http_request *req = nb->extra;
	int r;

	kore_buf_append(req->http_body, nb->buf, nb->s_off);
	req->content_length -= nb->s_off; /* to Kore, what is still to come */
	explicit_bzero(nb->buf, nb->s_off);
	nb->s_off = 0;
	r = kore_body(nb);
	nb->owner->http_timeout = 0;
	if (nb->cb == kore_body)
		nb->cb = on_body;
	else if (r == KORE_RESULT_OK)
		park(nb);
	return r;
}

/* ---- how many ----------------------------------------------------------------------------- */

/* An IPv6 host has a whole network of 64 bits to itself, and as many addresses as it likes. */
static struct gw_tally_key key_of(const struct connection *c)
{
	const struct in6_addr *six = &c->addr.ipv6.sin6_addr;
	struct gw_tally_key key = { { 0 } };

	if (c->family != AF_INET6)
		memcpy(key.byte + 12, &c->addr.ipv4.sin_addr, 4);
	else
		memcpy(key.byte, six, IN6_IS_ADDR_V4MAPPED(six) ? 16 : 8);
	return key;
}

static bool counted(const struct connection *c)
{
	char peer[64];

	gw_conn_peer(c, peer);
	return strcmp(peer, gw_conf.proxy) != 0;
}

void gw_conn_left(struct connection *c)
{
	if (counted(c))
		gw_tally_leave(&addresses, key_of(c));
}

/* Not more than a line in a second: whoever opens thousands does not write our log as well. */
static void say_crowded(const struct connection *c)
{
	static uint64_t said;
	uint64_t now = kore_time_ms();
	char peer[64];

	gw_count(GW_CROWDED);
	if (said && now < said + SAY_MS)
		return;
	said = now;
	gw_conn_peer(c, peer);
	log_info("http.crowded", LOG_STR("peer", peer));
}

void gw_connect(struct connection *c)
{
	if (counted(c) && !gw_tally_enter(&addresses, key_of(c), gw_conf.address_connections)) {
		say_crowded(c);
		kore_connection_disconnect(c);
		return;
	}
	c->disconnect = gw_conn_left;
	c->proto = CONN_PROTO_HTTP;
	c->http_start = 0;
	c->http_timeout = 0;
	c->idle_timer.length = (uint64_t)http_keepalive_time * 1000;
	net_recv_queue(c, http_header_max, NETBUF_CALL_CB_ALWAYS, on_head);
}

void gw_conn_next(struct connection *c)
{
	if (c->flags & CONN_CLOSE_EMPTY)
		return;
	c->http_start = 0;
	c->http_timeout = 0;
	c->idle_timer.start = kore_time_ms();
	net_recv_reset(c, http_header_max, on_head);
	(void)net_recv_flush(c);
}

/* ---- too slow ----------------------------------------------------------------------------- */

static void on_sweep(void *arg, uint64_t now)
{
	struct connection *c, *next;
	(void)arg;

	for (c = TAILQ_FIRST(&connections); c; c = next) {
		uint64_t age;

		next = TAILQ_NEXT(c, list);
		if (c->proto != CONN_PROTO_HTTP || c->state != CONN_STATE_ESTABLISHED || !c->rnb ||
		    !c->http_start)
			continue;
		age = now > c->http_start ? now - c->http_start : 0;
		if (c->rnb->cb == on_rest && age > DRAIN_MS)
			kore_connection_disconnect(c);
		else if ((c->rnb->cb == on_head && age > HEAD_MS) ||
		         (c->rnb->cb == on_body && age > BODY_MS))
			refuse(c, 408);
	}
}

void gw_conn_start(void)
{
	kore_timer_add(on_sweep, SWEEP_MS, NULL, 0);
}
