/* Which replica to ring, and what has not been answered yet. Sockets are in peer_link.c. */
#include "peers.h"
#include "err.h"
#include "log.h"
#include "messages.h"
#include "peer_link.h"

#include <czmq.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define WINDOW 1024      /* bells outstanding at one replica; more wait here for a result */
#define BELL_MS 30000    /* a bell without a result is not counted for longer than this */
#define GREETING_MS 5000 /* no WELCOME by then: a new socket (a refused key never retries by itself) */
#define REOPEN_MS 300
#define BUDGET 512       /* frames read in one go */

struct waiting {
	char id[UUID_TEXT];
	struct peer *peer; /* NULL: queued */
	const char *service;
	int64_t deadline;
	bool query;
	TAILQ_ENTRY(waiting) by_age, queued;
};
TAILQ_HEAD(waiting_list, waiting);

struct service_queue {
	const char *service;
	struct waiting_list list;
};

struct peers {
	const struct peers_ops *ops;
	void *arg;
	struct peer_net net;
	struct peer *list[PEERS_MAX];
	size_t n;
	zhashx_t *by_id; /* id -> struct waiting */
	struct waiting_list all;
	struct service_queue queue[8];
	size_t n_queues;
};

/* ---- what is outstanding ------------------------------------------------------------------ */

static struct service_queue *queue_of(struct peers *ps, const char *service)
{
	for (size_t i = 0; i < ps->n_queues; i++)
		if (!strcmp(ps->queue[i].service, service))
			return &ps->queue[i];
	return NULL;
}

static struct waiting *remember(struct peers *ps, const char *id, const char *service, int64_t deadline)
{
	struct waiting *w = xcalloc(1, sizeof(*w));

	snprintf(w->id, sizeof(w->id), "%s", id);
	w->service = service;
	w->deadline = deadline;
	TAILQ_INSERT_TAIL(&ps->all, w, by_age);
	zhashx_update(ps->by_id, w->id, w);
	return w;
}

static void unqueue(struct peers *ps, struct waiting *w)
{
	if (!w->peer && !w->query)
		TAILQ_REMOVE(&queue_of(ps, w->service)->list, w, queued);
}

static void forget(struct peers *ps, struct waiting *w)
{
	unqueue(ps, w);
	if (w->peer && !w->query)
		w->peer->outstanding--;
	TAILQ_REMOVE(&ps->all, w, by_age);
	zhashx_delete(ps->by_id, w->id);
	free(w);
}

void peers_forget(struct peers *ps, const char *id)
{
	struct waiting *w = zhashx_lookup(ps->by_id, id);

	if (w && !w->query)
		forget(ps, w);
}

/* ---- ringing ------------------------------------------------------------------------------ */

static struct peer *pick(const struct peers *ps, const char *service)
{
	struct peer *best = NULL;

	for (size_t i = 0; i < ps->n; i++) {
		struct peer *p = ps->list[i];

		if (p->state == PEER_READY && !p->gone && !strcmp(p->info.service, service) &&
		    (!best || p->outstanding < best->outstanding))
			best = p;
	}
	return best;
}

bool peers_has(const struct peers *ps, const char *service)
{
	return pick(ps, service) != NULL;
}

static void send_bells(struct peer *p)
{
	struct wire w = { .kind = WIRE_RING, .n_ids = p->n_bells };

	for (size_t i = 0; i < p->n_bells; i++)
		w.ids[i] = p->bells[i];
	p->n_bells = 0;
	if (w.n_ids && !peer_send(p, &w))
		log_debug("bus.bell_lost", LOG_STR("service", p->info.service)); /* the sweeper finds the rows */
}

static void ring(struct peer *p, struct waiting *w)
{
	w->peer = p;
	p->outstanding++;
	if (p->n_bells == WIRE_RING_MAX)
		send_bells(p);
	memcpy(p->bells[p->n_bells++], w->id, UUID_TEXT);
}

bool peers_ring(struct peers *ps, const char *service, const char *id)
{
	struct service_queue *q = queue_of(ps, service);
	struct peer *p = pick(ps, service);
	struct waiting *w;

	if (!p || !q)
		return false;
	w = zhashx_lookup(ps->by_id, id);
	if (w) /* rung again: it counts once */
		forget(ps, w);
	w = remember(ps, id, q->service, zclock_mono() + BELL_MS);
	if (p->outstanding < WINDOW)
		ring(p, w);
	else
		TAILQ_INSERT_TAIL(&q->list, w, queued);
	return true;
}

/* A result made room: the next bells of the queue. */
static void pump(struct peers *ps, const char *service)
{
	struct service_queue *q = queue_of(ps, service);
	struct waiting *w;
	struct peer *p;

	while (q && (w = TAILQ_FIRST(&q->list)) && (p = pick(ps, service)) && p->outstanding < WINDOW) {
		TAILQ_REMOVE(&q->list, w, queued);
		ring(p, w);
	}
}

void peers_flush(struct peers *ps)
{
	for (size_t i = 0; i < ps->n; i++)
		send_bells(ps->list[i]);
}

bool peers_query(struct peers *ps, const struct msg_def *msg, const void *rec, const char *corr,
                 int64_t timeout_ms, char ret_id[37])
{
	const struct svc_info *svc = svc_info((enum svc)msg->to);
	struct peer *p = svc ? pick(ps, svc->name) : NULL;
	msgpack_sbuffer body;
	struct waiting *w;
	bool sent;

	if (!p)
		return false;
	uuid7(ret_id);
	msgpack_sbuffer_init(&body);
	rec_pack(msg->rec, rec, &body);
	sent = peer_send(p, &(struct wire){ .kind = WIRE_QUERY, .id = ret_id, .type = msg->type, .corr = corr,
	                                    .body = { (const uint8_t *)body.data, body.size } });
	explicit_bzero(body.data, body.size); /* a password may have been in it */
	msgpack_sbuffer_destroy(&body);
	if (!sent)
		return false;
	w = remember(ps, ret_id, svc->name, zclock_mono() + timeout_ms);
	w->query = true;
	w->peer = p;
	return true;
}

/* ---- frames ------------------------------------------------------------------------------- */

static void on_result(struct peers *ps, const struct wire *w)
{
	struct waiting *known = w->id ? zhashx_lookup(ps->by_id, w->id) : NULL;

	if (!known || known->query)
		return; /* late, or of another life */
	const char *service = known->service;

	forget(ps, known);
	ps->ops->result(ps->arg, w);
	pump(ps, service);
}

static void on_answer(struct peers *ps, const struct wire *w)
{
	struct waiting *known = w->id ? zhashx_lookup(ps->by_id, w->id) : NULL;

	if (!known || !known->query)
		return;
	forget(ps, known);
	ps->ops->answer(ps->arg, w->id, w->state == 1, w->body.data, w->body.len);
}

static void set_state(struct peer *p, enum peer_state state)
{
	p->state = state;
	p->since = zclock_mono();
}

static void on_frame(struct peer *p, const struct wire *w)
{
	switch (w->kind) {
	case WIRE_WELCOME:
		set_state(p, w->state ? PEER_DRAINING : PEER_READY);
		log_debug("peer.ready", LOG_STR("service", p->info.service), LOG_STR("inst", p->info.inst));
		break;
	case WIRE_RESULT:
		on_result(p->owner, w);
		break;
	case WIRE_ANSWER:
		on_answer(p->owner, w);
		break;
	case WIRE_GOODBYE:
		set_state(p, PEER_DRAINING);
		break;
	default:
		break;
	}
}

/* Everything this replica still owed: somebody else must be asked. */
static void orphan_all(struct peers *ps, struct peer *p)
{
	struct waiting *w, *next;
	struct waiting_list lost = TAILQ_HEAD_INITIALIZER(lost);

	for (w = TAILQ_FIRST(&ps->all); w; w = next) {
		next = TAILQ_NEXT(w, by_age);
		if (w->peer != p)
			continue;
		TAILQ_REMOVE(&ps->all, w, by_age);
		zhashx_delete(ps->by_id, w->id);
		TAILQ_INSERT_TAIL(&lost, w, by_age);
	}
	p->outstanding = p->n_bells = 0;
	while ((w = TAILQ_FIRST(&lost))) {
		TAILQ_REMOVE(&lost, w, by_age);
		if (w->query)
			ps->ops->answer(ps->arg, w->id, false, NULL, 0);
		else
			ps->ops->orphan(ps->arg, w->service, w->id);
		free(w);
	}
}

static void read_monitor(struct peer *p)
{
	enum peer_news news;

	while ((news = peer_monitor_read(p)) != NEWS_NONE) {
		if (news == NEWS_UP) {
			peer_hello(p, &p->owner->net);
		} else if (p->state != PEER_BROKEN) {
			if (p->state != PEER_CONNECTING)
				log_info("peer.lost", LOG_STR("service", p->info.service), LOG_STR("inst", p->info.inst));
			set_state(p, PEER_BROKEN); /* reopened by peers_tick() */
			orphan_all(p->owner, p);
		}
	}
}

bool peer_readable(struct peer *p)
{
	struct wire w;
	bool ok;

	p->touched = false;
	for (int i = 0; i < BUDGET && peer_receive(p, &w, &ok); i++) {
		if (!ok)
			continue;
		on_frame(p, &w);
		wire_forget(&w);
	}
	read_monitor(p);
	peers_flush(p->owner);
	int events = 0;
	size_t size = sizeof(events);

	return p->dealer && !zmq_getsockopt(p->dealer, ZMQ_EVENTS, &events, &size) && (events & ZMQ_POLLIN);
}

void peers_poll(struct peers *ps)
{
	for (size_t i = 0; i < ps->n; i++)
		for (int turn = 0; ps->list[i]->touched && turn < 4; turn++)
			peer_readable(ps->list[i]);
}

/* ---- who there is ------------------------------------------------------------------------- */

static int descriptor(void *socket)
{
	size_t size = sizeof(int);
	int fd = -1;

	zmq_getsockopt(socket, ZMQ_FD, &fd, &size);
	return fd;
}

static void open_link(struct peers *ps, struct peer *p)
{
	if (!peer_open(p, &ps->net)) {
		set_state(p, PEER_BROKEN);
		return;
	}
	set_state(p, PEER_CONNECTING);
	ps->ops->watch(ps->arg, p, p->dealer, descriptor(p->dealer));
	ps->ops->watch(ps->arg, p, p->monitor, descriptor(p->monitor));
	p->touched = true;
}

static void close_link(struct peers *ps, struct peer *p)
{
	if (!p->dealer)
		return;
	ps->ops->unwatch(ps->arg, p, p->dealer, descriptor(p->dealer));
	ps->ops->unwatch(ps->arg, p, p->monitor, descriptor(p->monitor));
	peer_close(p);
}

static struct peer *find(const struct peers *ps, const char *inst)
{
	for (size_t i = 0; i < ps->n; i++)
		if (!strcmp(ps->list[i]->info.inst, inst))
			return ps->list[i];
	return NULL;
}

void peers_set(struct peers *ps, const struct peer_info *list, size_t n)
{
	for (size_t i = 0; i < ps->n; i++)
		ps->list[i]->gone = true;
	for (size_t i = 0; i < n; i++) {
		struct peer *p = find(ps, list[i].inst);

		if (!p && ps->n < PEERS_MAX) {
			p = ps->list[ps->n++] = xcalloc(1, sizeof(*p));
			p->owner = ps;
			p->info = list[i];
			open_link(ps, p);
		}
		if (p) {
			p->gone = false;
			p->info.draining = list[i].draining;
		}
	}
}

static void drop(struct peers *ps, size_t i)
{
	struct peer *p = ps->list[i];

	orphan_all(ps, p);
	close_link(ps, p);
	free(p);
	ps->list[i] = ps->list[--ps->n];
}

static void expire(struct peers *ps, int64_t now)
{
	struct waiting *w, *next;

	for (w = TAILQ_FIRST(&ps->all); w; w = next) {
		char id[UUID_TEXT];
		bool query = w->query;

		next = TAILQ_NEXT(w, by_age);
		if (w->deadline > now)
			continue;
		memcpy(id, w->id, sizeof(id));
		forget(ps, w);
		if (query)
			ps->ops->answer(ps->arg, id, false, NULL, 0);
	}
}

void peers_tick(struct peers *ps, int64_t now_ms)
{
	for (size_t i = ps->n; i-- > 0;) {
		struct peer *p = ps->list[i];
		int64_t age = now_ms - p->since;

		if (p->gone && (p->state == PEER_BROKEN || !p->outstanding)) {
			drop(ps, i);
		} else if ((p->state == PEER_BROKEN && age > REOPEN_MS) ||
		           (p->state == PEER_CONNECTING && age > GREETING_MS)) {
			orphan_all(ps, p);
			close_link(ps, p);
			open_link(ps, p);
		}
	}
	expire(ps, now_ms);
	peers_flush(ps);
}

struct peers *peers_new(const struct keys *keys, const char *service, const struct peers_ops *ops, void *arg)
{
	struct peers *ps = xcalloc(1, sizeof(*ps));

	ps->ops = ops;
	ps->arg = arg;
	ps->net = (struct peer_net){ .context = zmq_ctx_new(), .keys = keys, .service = service };
	uuid7(ps->net.inst);
	TAILQ_INIT(&ps->all);
	ps->by_id = zhashx_new();
	if (!ps->net.context || !ps->by_id)
		abort();
	zhashx_set_key_duplicator(ps->by_id, NULL); /* the key lies in the value */
	zhashx_set_key_destructor(ps->by_id, NULL);
	for (const struct svc_info *s = svc_infos; s->name; s++) {
		struct service_queue *q = &ps->queue[ps->n_queues++];

		q->service = s->name;
		TAILQ_INIT(&q->list);
	}
	return ps;
}

struct peers *peers_free(struct peers *ps)
{
	struct waiting *w;

	if (!ps)
		return NULL;
	while ((w = TAILQ_FIRST(&ps->all))) {
		TAILQ_REMOVE(&ps->all, w, by_age);
		free(w);
	}
	for (size_t i = 0; i < ps->n; i++) {
		close_link(ps, ps->list[i]);
		free(ps->list[i]);
	}
	zhashx_destroy(&ps->by_id);
	zmq_ctx_term(ps->net.context);
	free(ps);
	return NULL;
}
