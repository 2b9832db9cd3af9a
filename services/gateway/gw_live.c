#include "gw_live.h"

#include "err.h"
#include "gw_db.h"
#include "gw_metrics.h"
#include "gw_redis.h"
#include "gw_routes.h"
#include "gw_session.h"
#include "gw_ws.h"
#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int net_send_flush(struct connection *);
void net_send_stream(struct connection *, void *, size_t, int (*)(struct netbuf *), struct netbuf **);

#define QUEUE_MAX (256 * 1024)
#define STUCK_MS 20000
#define TOPICS_MAX 32
#define RECHECK_TICKS 30
#define PING_TICKS 30
#define CLOSE_SIGNED_OUT 4401
#define CLOSE_TOO_SLOW 4429

/* A frame shared by all who get it. */
struct frame {
	int refs;
	size_t len;
	uint8_t data[];
};

struct watch {
	char asked[GW_TOPIC_MAX], full[GW_TOPIC_MAX]; /* "me", "me/7"; full is "" until it is allowed */
};

struct socket {
	struct connection *c;
	uint64_t serial; /* a check that comes back later must find the same socket */
	struct gw_session session;
	size_t queued;
	uint64_t stuck_since;
	bool closing;
	size_t n;
	struct watch topic[TOPICS_MAX];
	TAILQ_ENTRY(socket) link;
};

static TAILQ_HEAD(, socket) sockets = TAILQ_HEAD_INITIALIZER(sockets);
static unsigned n_sockets;
static uint64_t last_serial;

void gw_ws_connect(struct connection *c);
void gw_ws_message(struct connection *c, uint8_t op, void *data, size_t len);
void gw_ws_disconnect(struct connection *c);

unsigned gw_live_sockets(void)
{
	return n_sockets;
}

/* ---- frames ------------------------------------------------------------------------------- */

static struct frame *frame_new(uint8_t op, const void *data, size_t len)
{
	uint8_t head[10];
	size_t n = gw_ws_head(op, len, head);
	struct frame *f = xcalloc(1, sizeof(*f) + n + len);

	f->refs = 1;
	f->len = n + len;
	memcpy(f->data, head, n);
	memcpy(f->data + n, data, len);
	return f;
}

static void frame_unref(struct frame *f)
{
	if (f && --f->refs == 0)
		free(f);
}

static int on_sent(struct netbuf *nb)
{
	struct frame *f = nb->extra;
	struct socket *s = nb->owner->hdlr_extra;

	if (s) {
		s->queued -= f->len;
		s->stuck_since = s->queued ? kore_time_ms() : 0;
	}
	frame_unref(f);
	return KORE_RESULT_OK;
}

static void push(struct socket *s, struct frame *f)
{
	struct netbuf *nb;

	if (s->closing || s->c->state != CONN_STATE_ESTABLISHED)
		return;
	if (!s->queued)
		s->stuck_since = kore_time_ms();
	f->refs++;
	s->queued += f->len;
	gw_count(GW_LIVE_FRAMES);
	net_send_stream(s->c, f->data, f->len, on_sent, &nb);
	nb->extra = f;
	if (!net_send_flush(s->c))
		kore_connection_disconnect(s->c); /* its socket is freed in gw_ws_disconnect(), later */
}

static void close_with(struct socket *s, uint16_t code)
{
	const uint8_t payload[2] = { (uint8_t)(code >> 8), (uint8_t)code };
	struct frame *f = frame_new(WS_CLOSE, payload, sizeof(payload));

	push(s, f);
	frame_unref(f);
	s->closing = true;
	if (s->c->state == CONN_STATE_ESTABLISHED)
		s->c->flags |= CONN_CLOSE_EMPTY;
}

static void say(struct socket *s, const char *op, const char *topic)
{
	char text[160];
	struct frame *f;
	int n = topic ? snprintf(text, sizeof(text), "{\"op\":\"%s\",\"topic\":\"%s\"}", op, topic) :
	                snprintf(text, sizeof(text), "{\"op\":\"%s\"}", op);

	f = frame_new(WS_TEXT, text, (size_t)n);
	push(s, f);
	frame_unref(f);
}

/* ---- topics ------------------------------------------------------------------------------- */

static struct watch *watched(struct socket *s, const char *asked)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->topic[i].asked, asked))
			return &s->topic[i];
	return NULL;
}

static void unwatch(struct socket *s, const char *asked)
{
	struct watch *w = watched(s, asked);

	if (w)
		*w = s->topic[--s->n];
}

static struct socket *find(uint64_t serial)
{
	struct socket *s;

	TAILQ_FOREACH (s, &sockets, link)
		if (s->serial == serial)
			return s;
	return NULL;
}

/* One question to api.may_watch that is on its way. */
struct check {
	uint64_t serial;
	char asked[GW_TOPIC_MAX];
	bool first;
};

static void on_checked(PGresult *res, void *arg)
{
	struct check *k = arg;
	struct socket *s = find(k->serial);
	struct watch *w = s ? watched(s, k->asked) : NULL;
	bool good = PQresultStatus(res) == PGRES_TUPLES_OK;

	if (w && good && PQntuples(res) && !PQgetisnull(res, 0, 0)) {
		snprintf(w->full, sizeof(w->full), "%s", PQgetvalue(res, 0, 0));
		if (k->first)
			say(s, "subscribed", w->full);
	} else if (w && good) {
		/* "me" is refused to nobody whose session is good */
		bool over = !strcmp(k->asked, "me");

		unwatch(s, k->asked);
		if (over)
			close_with(s, CLOSE_SIGNED_OUT);
		else
			say(s, "denied", k->asked);
	} else if (w && k->first) { /* the database is away: the client asks again after it reconnects */
		unwatch(s, k->asked);
		close_with(s, 1013);
	}
	PQclear(res);
	free(k);
}

static void ask(struct socket *s, const char *topic, bool first)
{
	struct check *k = xcalloc(1, sizeof(*k));
	char user[24], generation[24];

	k->serial = s->serial;
	k->first = first;
	snprintf(k->asked, sizeof(k->asked), "%s", topic);
	snprintf(user, sizeof(user), "%" PRId64, s->session.user);
	snprintf(generation, sizeof(generation), "%" PRId64, s->session.generation);
	if (!gw_db_send("api.may_watch", 3, (const char *[]){ user, generation, topic }, on_checked, k)) {
		/* not sent: treat it as if the answer were lost */
		on_checked(NULL, k);
	}
}

static void subscribe(struct socket *s, const char *topic)
{
	struct watch *w = watched(s, topic);

	if (!w && s->n == TOPICS_MAX) {
		say(s, "denied", topic);
		return;
	}
	if (!w) {
		w = &s->topic[s->n++];
		*w = (struct watch){ 0 };
		snprintf(w->asked, sizeof(w->asked), "%s", topic);
	}
	ask(s, topic, true);
}

static void publish(const char *topic, const char *json, size_t len)
{
	struct frame *f = NULL;
	struct socket *s;

	TAILQ_FOREACH (s, &sockets, link)
		for (size_t i = 0; i < s->n; i++) {
			if (strcmp(s->topic[i].full, topic))
				continue;
			if (!f)
				f = frame_new(WS_TEXT, json, len);
			if (s->queued + f->len > QUEUE_MAX && !s->closing) {
				gw_count(GW_LIVE_DROPPED);
				close_with(s, CLOSE_TOO_SLOW);
			} else {
				push(s, f);
			}
			break;
		}
	frame_unref(f);
}

/* ---- sockets ------------------------------------------------------------------------------ */

void gw_ws_connect(struct connection *c)
{
	(void)c;
}

void gw_ws_message(struct connection *c, uint8_t op, void *data, size_t len)
{
	struct socket *s = c->hdlr_extra;
	char topic[GW_TOPIC_MAX];

	if (!s || s->closing)
		return;
	switch (op == WS_TEXT ? gw_ws_parse(data, len, topic) : GW_OP_BAD) {
	case GW_OP_SUB:
		subscribe(s, topic);
		break;
	case GW_OP_UNSUB:
		unwatch(s, topic);
		break;
	case GW_OP_PING:
		say(s, "pong", NULL);
		break;
	case GW_OP_ACK:
		break;
	case GW_OP_BAD:
		close_with(s, 1008);
		break;
	}
}

void gw_ws_disconnect(struct connection *c)
{
	struct socket *s = c->hdlr_extra;

	c->hdlr_extra = NULL; /* else Kore frees it with its own allocator */
	if (!s)
		return;
	TAILQ_REMOVE(&sockets, s, link);
	n_sockets--;
	free(s);
}

static void attach(struct gw_rq *rq, struct connection *c)
{
	struct socket *s = xcalloc(1, sizeof(*s));

	s->c = c;
	s->serial = ++last_serial;
	s->session = rq->session;
	c->hdlr_extra = s;
	TAILQ_INSERT_TAIL(&sockets, s, link);
	n_sockets++;
	subscribe(s, "me"); /* so that a lost session closes the socket, whatever it watches */
}

void gw_live_open(struct gw_rq *rq)
{
	const char *upgrade = gw_request_header(rq, "upgrade");
	struct connection *c = rq->req->owner;

	if (!upgrade || strcasecmp(upgrade, "websocket") || rq->req->method != HTTP_METHOD_GET) {
		gw_header(rq, "upgrade", "websocket");
		gw_problem(rq, 426, NULL, "This address speaks WebSocket.");
		return;
	}
	if (!gw_origin_ok(rq, true)) {
		gw_problem(rq, 403, "cross_site", "This connection did not come from the portal's own page.");
		return;
	}
	rq->status = 101;
	if (!c || c->state != CONN_STATE_ESTABLISHED)
		return;
	kore_websocket_handshake(rq->req, "gw_ws_connect", "gw_ws_message", "gw_ws_disconnect");
	if (c->proto == CONN_PROTO_WEBSOCKET && c->state == CONN_STATE_ESTABLISHED)
		attach(rq, c);
}

static void on_tick(void *arg, uint64_t now)
{
	static unsigned tick;
	struct frame *ping = NULL;
	struct socket *s, *next;
	(void)arg;

	tick++;
	for (s = TAILQ_FIRST(&sockets); s; s = next) {
		next = TAILQ_NEXT(s, link);
		if (s->stuck_since && now > s->stuck_since + STUCK_MS) {
			gw_count(GW_LIVE_DROPPED);
			kore_connection_disconnect(s->c);
			continue;
		}
		if ((tick + s->serial) % RECHECK_TICKS == 0)
			for (size_t i = s->n; i-- > 0;)
				ask(s, s->topic[i].asked, false);
		if (tick % PING_TICKS == 0) {
			ping = ping ? ping : frame_new(WS_PING, "", 0);
			push(s, ping);
		}
	}
	frame_unref(ping);
}

void gw_live_start(void)
{
	gw_redis_listen(publish);
	kore_timer_add(on_tick, 1000, NULL, 0);
}
