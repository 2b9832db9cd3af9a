/* Sockets and what they watch. Frames on their way are in gw_socket.c. */
#include "gw_live.h"

#include "err.h"
#include "gw_conf.h"
#include "gw_conn.h"
#include "gw_db.h"
#include "gw_metrics.h"
#include "gw_redis.h"
#include "gw_routes.h"
#include "gw_session.h"
#include "gw_socket.h"
#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int net_recv_flush(struct connection *);

#define PING_TICKS 30
#define SESSION_SOCKETS_MAX 50 /* tabs of one session */
#define SESSION_TOPIC \
	"session/" /* not a topic one may watch: workers tell each other of sign-outs */

/* Kore looks these up by name. */
void gw_ws_connect(struct connection *c);
void gw_ws_message(struct connection *c, uint8_t op, void *data, size_t len);
void gw_ws_disconnect(struct connection *c);

static void say(struct gw_socket *s, const char *op, const char *topic)
{
	char text[160];
	int n = topic ? snprintf(text, sizeof(text), "{\"op\":\"%s\",\"topic\":\"%s\"}", op, topic)
	              : snprintf(text, sizeof(text), "{\"op\":\"%s\"}", op);

	gw_socket_send(s, WS_TEXT, text, (size_t)n);
}

/* ---- may one watch? ----------------------------------------------------------------------- */

/* One question that is on its way; the socket may be gone when the answer comes. */
struct check {
	uint64_t serial;
	char asked[GW_TOPIC_MAX];
	bool first;
};

static void allowed(struct gw_socket *s, struct gw_watch *w, const struct check *k,
                    const char *topic)
{
	gw_topics_add(w, topic);
	if (k->first)
		say(s, "subscribed", topic);
}

static void denied(struct gw_socket *s, const struct check *k)
{
	gw_socket_unwatch(s, k->asked);
	if (strcmp(k->asked, "me"))
		say(s, "denied", k->asked);
	else /* refused to nobody whose session is good */
		gw_socket_close(s, WS_SIGNED_OUT);
}

static void on_checked(PGresult *res, void *arg)
{
	struct check *k = arg;
	struct gw_socket *s = gw_socket_find(k->serial);
	struct gw_watch *w = s ? gw_socket_watched(s, k->asked) : NULL;

	if (s)
		s->checks--;
	if (w && PQresultStatus(res) == PGRES_TUPLES_OK) {
		if (PQntuples(res) && !PQgetisnull(res, 0, 0))
			allowed(s, w, k, PQgetvalue(res, 0, 0));
		else
			denied(s, k);
	} else if (w && k->first) { /* the database is away: the client asks again when it has
		                       connected again */
		gw_socket_unwatch(s, k->asked);
		gw_socket_close(s, WS_TRY_AGAIN);
	}
	PQclear(res);
	free(k);
}

static void ask(struct gw_socket *s, const char *topic, bool first)
{
	struct check *k = xcalloc(1, sizeof(*k));
	char user[24], generation[24];

	k->serial = s->serial;
	k->first = first;
	snprintf(k->asked, sizeof(k->asked), "%s", topic);
	snprintf(user, sizeof(user), "%" PRId64, s->session.user);
	snprintf(generation, sizeof(generation), "%" PRId64, s->session.generation);
	s->checks++;
	if (!gw_db_send("api.may_watch", 3, (const char *[]){ user, generation, topic }, on_checked,
	                k))
		on_checked(NULL, k);
}

static void subscribe(struct gw_socket *s, const char *topic)
{
	if (s->checks > GW_TOPICS_MAX) /* asks faster than we can look */
		gw_socket_close(s, WS_TOO_MUCH);
	else if (!gw_socket_watch(s, topic))
		say(s, "denied", topic);
	else
		ask(s, topic, true);
}

/* ---- does the session still exist? -------------------------------------------------------- */

static void end_session(const char *key)
{
	struct gw_socket *s;

	TAILQ_FOREACH (s, &gw_sockets, link)
		if (!strcmp(s->session.key, key))
			gw_socket_close(s, WS_SIGNED_OUT);
}

void gw_live_session_over(const char *key)
{
	char topic[128];

	end_session(key);
	snprintf(topic, sizeof(topic), SESSION_TOPIC "%s", key);
	gw_redis_publish(topic, "over");
}

static void on_session(enum gw_redis_code code, const char *value, void *arg)
{
	uint64_t *serial = arg;
	struct gw_socket *s = gw_socket_find(*serial);
	(void)value;

	if (s && code == GW_REDIS_NONE)
		gw_socket_close(s, WS_SIGNED_OUT);
	free(serial);
}

static void check_session(struct gw_socket *s)
{
	uint64_t *serial = xcalloc(1, sizeof(*serial));

	*serial = s->serial;
	if (time(NULL) - s->session.created >= GW_SESSION_LONGEST_S)
		gw_socket_close(s, WS_SIGNED_OUT);
	gw_redis_exists(s->session.key, on_session, serial);
}

/* ---- from services ------------------------------------------------------------------------ */

static void on_live(const char *topic, const char *json, size_t len)
{
	if (!strncmp(topic, SESSION_TOPIC, strlen(SESSION_TOPIC)))
		end_session(topic + strlen(SESSION_TOPIC));
	else
		gw_socket_publish(topic, json, len);
}

/* ---- from clients ------------------------------------------------------------------------- */

void gw_ws_connect(struct connection *c)
{
	(void)c;
}

void gw_ws_message(struct connection *c, uint8_t op, void *data, size_t len)
{
	struct gw_socket *s = c->hdlr_extra;
	char topic[GW_TOPIC_MAX];

	if (!s || s->closing)
		return;
	switch (op == WS_TEXT ? gw_ws_parse(data, len, topic) : GW_OP_BAD) {
	case GW_OP_SUB:
		subscribe(s, topic);
		break;
	case GW_OP_UNSUB:
		if (!strcmp(topic, "me")) /* what closes the socket when the session is lost */
			say(s, "denied", topic);
		else
			gw_socket_unwatch(s, topic);
		break;
	case GW_OP_PING:
		say(s, "pong", NULL);
		break;
	case GW_OP_ACK: /* a slow reader shows in its queue */
		break;
	case GW_OP_BAD:
		gw_socket_close(s, WS_BAD);
		break;
	}
}

void gw_ws_disconnect(struct connection *c)
{
	struct gw_socket *s = c->hdlr_extra;

	c->hdlr_extra = NULL; /* else Kore frees it with its own allocator */
	if (s)
		gw_socket_free(s);
	gw_conn_left(c);
}

/* 0, or -1 after it has answered. Kore's handshake checks neither, or answers without our headers.
 */
static int handshake_ok(struct gw_rq *rq)
{
	const char *key = gw_request_header(rq, "sec-websocket-key"),
		   *version = gw_request_header(rq, "sec-websocket-version");
	const char *upgrade = gw_request_header(rq, "upgrade");
	const struct gw_socket *s;
	unsigned n = 0;

	TAILQ_FOREACH (s, &gw_sockets, link)
		n += !strcmp(s->session.key, rq->session.key);
	if (!upgrade || !gw_ws_handshake_ok(upgrade, version, key) ||
	    rq->req->method != HTTP_METHOD_GET) {
		gw_header(rq, "upgrade", "websocket");
		gw_header(rq, "sec-websocket-version", "13");
		gw_problem(rq, 426, NULL, "This address speaks WebSocket, version 13.");
	} else if (!gw_origin_ok(rq, true)) {
		gw_problem(rq, 403, "cross_site",
		           "This connection did not come from the portal's own page.");
	} else if (n >= SESSION_SOCKETS_MAX) {
		gw_problem(rq, 429, NULL,
		           "Too many windows of this session are open. Close some of them.");
	} else if (gw_draining()) {
		gw_problem_said(rq, 503, NULL, NULL, "This worker is about to end. Connect again.");
	} else if (!gw_redis_listening()) {
		gw_problem_said(rq, 503, NULL, NULL,
		                "Changes cannot be followed right now. Connect again.");
	} else {
		return 0;
	}
	return -1;
}

void gw_live_open(struct gw_rq *rq)
{
	struct connection *c = rq->req->owner;

	if (handshake_ok(rq))
		return;
	rq->status = 101;
	if (!c || c->state != CONN_STATE_ESTABLISHED)
		return;
	gw_header_fixed(rq);
	c->flags |= CONN_IS_BUSY; /* else Kore's HTTP parser is armed once more, and ends the worker
	                             when it sees a frame */
	kore_websocket_handshake(rq->req, "gw_ws_connect", "gw_ws_message", "gw_ws_disconnect");
	c->flags &= ~CONN_IS_BUSY;
	subscribe(gw_socket_new(c, &rq->session),
	          "me"); /* so that a lost session closes the socket, whatever it watches */
	if (!net_recv_flush(c))
		kore_connection_disconnect(c);
}

/* ---- housekeeping ------------------------------------------------------------------------- */

static void check(struct gw_socket *s)
{
	struct gw_watch *w;

	check_session(s);
	for (size_t i = s->n; i-- > 0 && !s->closing;) {
		w = s->watch[i];
		if (w->topic[0])
			ask(s, w->asked, false);
	}
}

static void on_tick(void *arg, uint64_t now)
{
	static unsigned tick;
	unsigned every = (unsigned)gw_conf.live_recheck_s;
	struct gw_socket *s, *next;
	(void)arg;

	tick++;
	for (s = TAILQ_FIRST(&gw_sockets); s; s = next) {
		next = TAILQ_NEXT(s, link);
		if (gw_socket_stuck(s, now)) {
			kore_connection_disconnect(s->c); /* frees it */
			continue;
		}
		s->reads = 0;
		if ((tick + s->serial) % every == 0)
			check(s);
		if ((tick + s->serial) % PING_TICKS == PING_TICKS / 2)
			gw_socket_send(s, WS_PING, "", 0);
	}
}

static void close_all(uint16_t code)
{
	struct gw_socket *s;

	TAILQ_FOREACH (s, &gw_sockets, link)
		gw_socket_close(s, code);
}

void gw_live_leave(void)
{
	close_all(WS_GOING_AWAY);
}

/* Frames were missed: who connects again asks for the present state first. */
static void on_deaf(void)
{
	close_all(WS_TRY_AGAIN);
}

unsigned gw_live_sockets(void)
{
	return gw_n_sockets;
}

void gw_live_start(void)
{
	gw_redis_listen(on_live, on_deaf);
	kore_timer_add(on_tick, 1000, NULL, 0);
}
