/* Ringing and waiting. Journalling is in gw_submit.c. */
#include "gw_bus.h"

#include "err.h"
#include "gw_co.h"
#include "gw_db.h"
#include "gw_metrics.h"
#include "log.h"
#include "peers.h"

#include <czmq.h>
#undef streq
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>

#define WAIT_MS 2000
#define TICK_MS 50
#define PEERS_EVERY 20 /* ticks */
#define MAX_SOCKETS 256

struct socket_event {
	struct kore_event evt; /* first: Kore hands this back */
	struct peer *peer;     /* NULL: free */
	void *socket;
};

/* Somebody waits for the result of a command or the answer to a question. Lies on a coroutine's
 * stack. */
struct waiter {
	char id[UUID_TEXT];
	struct gw_co *co;
	uint64_t deadline;
	const char *service; /* a command: rung at this service … */
	bool rung;           /* … unless nobody was there: then once more at the next tick */
	bool done, ok;
	void *body; /* NULL: time is up, or there is none */
	size_t len;
	struct waiter *twin; /* waits for the same command: it was sent twice with one key */
	TAILQ_ENTRY(waiter) link;
};

static struct peers *peers;
static zhashx_t *by_id;
static TAILQ_HEAD(, waiter) waiters = TAILQ_HEAD_INITIALIZER(waiters);
static struct socket_event sockets[MAX_SOCKETS];
static bool poll_due;

/* ---- Kore's loop -------------------------------------------------------------------------- */

static void on_again(void *arg, uint64_t now)
{
	(void)arg;
	(void)now;
	poll_due = false;
	peers_flush(peers);
	peers_poll(peers);
}

/*
 * In the next turn of the loop: what was rung in this one leaves together, and
 * descriptors whose signal a send has eaten are looked at.
 */
static void poll_soon(void)
{
	if (poll_due)
		return;
	poll_due = true;
	kore_timer_add(on_again, 0, NULL, KORE_TIMER_ONESHOT);
}

static void on_socket(void *arg, int error)
{
	struct socket_event *e = arg;
	(void)error;

	e->evt.flags = 0;
	if (e->peer && peer_readable(e->peer))
		poll_soon();
	peers_poll(peers);
}

static void watch(void *arg, struct peer *p, void *socket, int fd)
{
	(void)arg;
	for (size_t i = 0; i < MAX_SOCKETS; i++) {
		struct socket_event *e = &sockets[i];

		if (e->peer)
			continue;
		e->peer = p;
		e->socket = socket;
		e->evt.handle = on_socket;
		kore_platform_event_schedule(fd, EPOLLIN, 0, e); /* level triggered */
		return;
	}
	fatal("too many replicas");
}

static void unwatch(void *arg, struct peer *p, void *socket, int fd)
{
	(void)arg;
	(void)p;
	for (size_t i = 0; i < MAX_SOCKETS; i++)
		if (sockets[i].socket == socket && sockets[i].peer) {
			kore_platform_disable_read(fd);
			sockets[i].peer = NULL;
			sockets[i].socket = NULL;
		}
}

/* ---- what arrives ------------------------------------------------------------------------- */

static void finish(struct waiter *w, const void *body, size_t len)
{
	if (w->done)
		return;
	w->done = true;
	if (body) {
		w->body = memcpy(xcalloc(1, len + 1), body, len);
		w->len = len;
	}
	gw_co_wake(w->co);
}

static void on_result(void *arg, const struct wire *w)
{
	struct waiter *waiter = zhashx_lookup(by_id, w->id);
	(void)arg;

	for (; waiter; waiter = waiter->twin)
		finish(waiter, w->body.data, w->body.len);
}

static void on_answer(void *arg, const char *id, bool ok, const void *body, size_t len)
{
	struct waiter *waiter = zhashx_lookup(by_id, id);
	(void)arg;

	if (!waiter || waiter->done)
		return;
	waiter->ok = ok;
	finish(waiter, body, len);
}

/* false: nobody to ring; a sweeper will find it. */
static bool ring(const char *service, const char *id)
{
	if (!peers_ring(peers, service, id))
		return false;
	gw_count(GW_RINGS);
	poll_soon();
	return true;
}

/* Its replica is gone: another may do it, at once or when it is there. */
static void on_orphan(void *arg, const char *service, const char *id)
{
	struct waiter *waiter = zhashx_lookup(by_id, id);
	(void)arg;

	if (waiter && !waiter->done)
		waiter->rung = ring(service, id);
}

static const struct peers_ops ops = { watch, unwatch, on_result, on_answer, on_orphan };

static void on_peers(PGresult *res, void *arg)
{
	struct peer_info list[64];
	size_t n = 0;
	(void)arg;

	if (PQresultStatus(res) == PGRES_TUPLES_OK) {
		for (int i = 0; i < PQntuples(res) && n < 64; i++, n++) {
			snprintf(list[n].service, sizeof(list[n].service), "%s",
			         PQgetvalue(res, i, 0));
			snprintf(list[n].inst, sizeof(list[n].inst), "%s", PQgetvalue(res, i, 1));
			snprintf(list[n].endpoint, sizeof(list[n].endpoint), "%s",
			         PQgetvalue(res, i, 2));
			list[n].draining = *PQgetvalue(res, i, 3) == 't';
		}
		peers_set(peers, list, n);
		peers_poll(peers);
	}
	PQclear(res);
}

static void on_tick(void *arg, uint64_t now)
{
	static unsigned n;
	struct waiter *w;
	(void)arg;

	/* a new replica is known at once when something waits, else within a second */
	if (n++ % PEERS_EVERY == 0 || (n % 4 == 0 && !TAILQ_EMPTY(&waiters)))
		gw_db_send("bus.peers", 0, NULL, on_peers, NULL);
	peers_tick(peers, zclock_mono());
	peers_poll(peers);
	TAILQ_FOREACH (w, &waiters, link) {
		if (!w->done && w->deadline < now)
			finish(w, NULL, 0);
		else if (!w->done && w->service && !w->rung)
			w->rung = ring(w->service, w->id);
	}
}

void gw_bus_start(const struct keys *keys)
{
	by_id = zhashx_new();
	zhashx_set_key_duplicator(by_id, NULL);
	zhashx_set_key_destructor(by_id, NULL);
	peers = peers_new(keys, "gateway", &ops, NULL);
	kore_timer_add(on_tick, TICK_MS, NULL, 0);
}

size_t gw_bus_waiting(void)
{
	return by_id ? zhashx_size(by_id) : 0;
}

/* ---- for handlers ------------------------------------------------------------------------- */

/* Makes @w the first of its id. The hash keeps the pointer to the key, which lies in @w. */
static void put(struct waiter *w)
{
	zhashx_delete(by_id, w->id);
	zhashx_insert(by_id, w->id, w);
}

static void begin_wait(struct waiter *w, const char *id, int ms)
{
	*w = (struct waiter){ .co = gw_co_self(), .deadline = kore_time_ms() + (uint64_t)ms };
	memcpy(w->id, id, UUID_TEXT);
	TAILQ_INSERT_TAIL(&waiters, w, link);
	w->twin = zhashx_lookup(by_id, w->id);
	put(w);
}

static void end_wait(struct waiter *w)
{
	struct waiter *first;

	while (!w->done && gw_co_wait())
		;
	TAILQ_REMOVE(&waiters, w, link);
	first = zhashx_lookup(by_id, w->id);
	if (first == w) {
		zhashx_delete(by_id, w->id);
		if (w->twin)
			put(w->twin);
		return;
	}
	while (first->twin != w)
		first = first->twin;
	first->twin = w->twin;
}

struct gw_db_answer gw_bus_row(int64_t user, int64_t generation, const char *id)
{
	char who[24], when[24];

	snprintf(who, sizeof(who), "%" PRId64, user);
	snprintf(when, sizeof(when), "%" PRId64, generation);
	return gw_db("api.command_get", 3, (const char *[]){ who, when, id });
}

/* What does the journal say? *@ret_open: it is not done, and the session that asks is good. */
static enum gw_wait_code look_up(const struct gw_command *c, bool *ret_open, void **ret_body,
                                 size_t *ret_len)
{
	_cleanup_(gw_db_release) struct gw_db_answer a = gw_bus_row(c->user, c->generation, c->id);
	unsigned char *plain;

	*ret_open = false;
	if (a.code == GW_DB_GONE)
		return GW_WAIT_GONE;
	if (a.code == GW_DB_RAISED && a.status == 401)
		return GW_WAIT_OVER;
	if (a.code != GW_DB_OK || !PQntuples(a.res))
		return GW_WAIT_LATER;
	*ret_open = strtol(PQgetvalue(a.res, 0, GW_ROW_STATE), NULL, 10) < 2;
	if (*ret_open)
		return GW_WAIT_LATER;
	if (PQgetisnull(a.res, 0, GW_ROW_RESULT))
		return GW_WAIT_DONE;
	plain = PQunescapeBytea((const unsigned char *)PQgetvalue(a.res, 0, GW_ROW_RESULT),
	                        ret_len);
	if (!plain)
		abort();
	*ret_body = memcpy(xcalloc(1, *ret_len + 1), plain, *ret_len);
	PQfreemem(plain);
	return GW_WAIT_DONE;
}

void gw_bus_ring(const struct gw_command *c)
{
	ring(svc_info((enum svc)c->msg->to)->name, c->id);
}

enum gw_wait_code gw_bus_wait(const struct gw_command *c, bool known, void **ret_body,
                              size_t *ret_len)
{
	enum gw_wait_code r;
	struct waiter w;
	bool open;

	*ret_body = NULL;
	*ret_len = 0;
	if (known) {
		r = look_up(c, &open, ret_body, ret_len);
		if (!open)
			return r;
	}
	begin_wait(&w, c->id, WAIT_MS);
	w.service = svc_info((enum svc)c->msg->to)->name;
	w.rung = ring(w.service, w.id);
	end_wait(&w);
	if (!zhashx_lookup(by_id, c->id)) /* no twin waits on */
		peers_forget(peers, c->id);
	if (gw_co_cancelled()) {
		free(w.body);
		return GW_WAIT_GONE;
	}
	if (!w.body) /* nobody told us in time, or the result is too long for a frame */
		return look_up(c, &open, ret_body, ret_len);
	gw_count(GW_RESULTS);
	*ret_body = w.body;
	*ret_len = w.len;
	return GW_WAIT_DONE;
}

/* Sleeps in a coroutine; false: the client is gone. */
static bool pause_ms(int ms)
{
	char id[UUID_TEXT];
	struct waiter w;

	uuid7(id);
	begin_wait(&w, id, ms);
	end_wait(&w);
	return !gw_co_cancelled();
}

enum gw_call_code gw_bus_call(const struct msg_def *msg, const void *rec, const char *corr,
                              int timeout_ms, const struct rec_def *answer, void *ret_rec,
                              void **ret_mem)
{
	char id[UUID_TEXT];
	struct waiter w;
	bool good;

	/* right after a start, or while a replica is exchanged, nobody has been greeted yet: that
	 * passes */
	for (int i = 0; !peers_query(peers, msg, rec, corr, timeout_ms, id); i++) {
		if (i == 20)
			return GW_CALL_NOBODY;
		if (!pause_ms(100))
			return GW_CALL_GONE;
	}
	begin_wait(&w, id, timeout_ms + 200);
	poll_soon();
	end_wait(&w);
	good = !gw_co_cancelled() && w.ok && w.body &&
	       !rec_unpack(answer, w.body, w.len, ret_rec, ret_mem);
	free(w.body);
	return gw_co_cancelled() ? GW_CALL_GONE : good ? GW_CALL_OK : GW_CALL_NOBODY;
}
