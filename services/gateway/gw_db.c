#include "gw_db.h"

#include "err.h"
#include "gw_co.h"
#include "log.h"
#include "sqlstate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>

#define RETRY_MS 200
#define UNFIT_MS 5000 /* at most so long until a database that is not migrated is tried again */
#define MOST_WAITING 500
#define SILENT_MS 12000 /* longer than the role's statement_timeout: it is dead, or far away */

struct gw_pending {
	TAILQ_ENTRY(gw_pending) link;
	gw_db_done done;
	void *arg;
	bool answered;
};

enum state { DOWN, CONNECTING, PREPARING, READY };

struct conn {
	struct kore_event evt; /* first: Kore hands this back */
	PGconn *pg;
	enum state state;
	int fd;
	bool want_write;
	bool said;             /* that it cannot be used: once is enough */
	bool unfit;            /* a statement cannot be prepared */
	size_t prepared;       /* statements that are */
	uint64_t pause, again; /* after that: how long, until when */
	uint64_t since;        /* when it last answered, or began to owe an answer */
	unsigned waiting;
	TAILQ_HEAD(, gw_pending) queue;
};

static struct conn *conns;
static int n_conns;
static char *info;
static const struct gw_stmt *statements;
static size_t n_statements;

static void watch(struct conn *c, bool write)
{
	int fd = PQsocket(c->pg);

	if (fd == c->fd && write == c->want_write)
		return;
	c->fd = fd;
	c->want_write = write;
	kore_platform_event_schedule(fd, EPOLLIN | EPOLLRDHUP | (write ? EPOLLOUT : 0), 0,
	                             c); /* level triggered */
}

static void answer(struct gw_pending *p, PGresult *res)
{
	gw_db_done done = p->done;

	p->answered = true;
	p->done = NULL;
	if (done)
		done(res, p->arg);
	else
		PQclear(res);
}

static void lose(struct conn *c, const char *why)
{
	struct gw_pending *p;

	if (c->state == DOWN)
		return;
	if (!c->said)
		log_warn("db.away", LOG_STR("why", why), LOG_STR("said", PQerrorMessage(c->pg)));
	c->said = c->state != READY;
	c->state = DOWN;
	c->fd = -1;
	c->want_write = false;
	c->waiting = 0;
	PQfinish(c->pg); /* closes the descriptor, which takes it out of epoll */
	c->pg = NULL;
	while ((p = TAILQ_FIRST(&c->queue))) {
		TAILQ_REMOVE(&c->queue, p, link);
		if (!p->answered)
			answer(p, NULL);
		free(p);
	}
}

static void flush(struct conn *c)
{
	int r = PQflush(c->pg);

	if (r < 0)
		lose(c, "write");
	else
		watch(c, r == 1);
}

static struct gw_pending *enqueue(struct conn *c, gw_db_done done, void *arg)
{
	struct gw_pending *p = xcalloc(1, sizeof(*p));

	p->done = done;
	p->arg = arg;
	TAILQ_INSERT_TAIL(&c->queue, p, link);
	if (!c->waiting++)
		c->since = kore_time_ms();
	return p;
}

/* Not at once again: each try costs the database as many errors as there are statements. */
static void lose_unfit(struct conn *c)
{
	c->pause = !c->pause ? RETRY_MS : c->pause < UNFIT_MS / 2 ? c->pause * 2 : UNFIT_MS;
	c->again = kore_time_ms() + c->pause;
	lose(c, "a statement cannot be prepared");
}

static void read_results(struct conn *c)
{
	if (!PQconsumeInput(c->pg)) {
		lose(c, "read");
		return;
	}
	while (c->waiting && !PQisBusy(c->pg)) {
		struct gw_pending *p = TAILQ_FIRST(&c->queue);
		PGresult *res = PQgetResult(c->pg);

		if (!res)
			continue; /* the end of one statement's results */
		c->since = kore_time_ms();
		if (PQresultStatus(res) != PGRES_PIPELINE_SYNC) {
			if (p->answered)
				PQclear(res);
			else
				answer(p, res);
			continue;
		}
		PQclear(res);
		TAILQ_REMOVE(&c->queue, p, link);
		c->waiting--;
		if (!p->answered)
			answer(p, NULL);
		free(p);
	}
	if (c->unfit)
		lose_unfit(c);
}

/* Results come in the order of the statements. */
static void prepared(PGresult *res, void *arg)
{
	struct conn *c = arg;

	if (res && PQresultStatus(res) != PGRES_COMMAND_OK) {
		if (!c->said)
			log_error("db.prepare", LOG_STR("statement", statements[c->prepared].name),
			          LOG_STR("why", PQresultErrorMessage(res)),
			          LOG_STR("do", "bring the database up to date: spsctl migrate"));
		c->said = c->unfit = true;
	} else if (res && ++c->prepared == n_statements) {
		c->state = READY;
		c->said = false;
		c->pause = 0;
	}
	PQclear(res);
}

static void connected(struct conn *c)
{
	PQsetnonblocking(c->pg, 1);
	PQenterPipelineMode(c->pg);
	c->state = PREPARING;
	c->unfit = false;
	c->prepared = 0;
	c->fd = -1;
	for (size_t i = 0; i < n_statements; i++) {
		if (!PQsendPrepare(c->pg, statements[i].name, statements[i].sql, 0, NULL) ||
		    !PQpipelineSync(c->pg)) {
			lose(c, "prepare");
			return;
		}
		enqueue(c, prepared, c);
	}
	flush(c);
}

static void connecting(struct conn *c)
{
	switch (PQconnectPoll(c->pg)) {
	case PGRES_POLLING_READING:
		c->fd = -1;
		watch(c, false);
		return;
	case PGRES_POLLING_WRITING:
		c->fd = -1;
		watch(c, true);
		return;
	case PGRES_POLLING_OK:
		connected(c);
		return;
	default:
		lose(c, "connect");
	}
}

static void on_event(void *arg, int error)
{
	struct conn *c = arg;
	int flags = c->evt.flags;

	c->evt.flags = 0;
	if (c->state == CONNECTING) {
		connecting(c);
	} else if (c->state != DOWN) {
		if (error || (flags & KORE_EVENT_READ))
			read_results(c);
		if (c->state != DOWN && error)
			lose(c, "hang-up");
		if (c->state != DOWN && c->want_write)
			flush(c);
	}
}

static void begin(struct conn *c)
{
	c->pg = PQconnectStart(info); /* never PQconnectdb(): it blocks the worker */
	c->state = CONNECTING;
	c->since = kore_time_ms();
	c->fd = -1;
	if (!c->pg || PQstatus(c->pg) == CONNECTION_BAD)
		lose(c, "connect");
	else
		watch(c, true);
}

static void on_timer(void *arg, uint64_t now)
{
	(void)arg;
	for (struct conn *c = conns; c < conns + n_conns; c++) {
		if (c->state == DOWN && now >= c->again)
			begin(c);
		else if ((c->state == CONNECTING || c->waiting) && now > c->since + SILENT_MS)
			lose(c, "silence");
	}
}

void gw_db_start(const char *conninfo, int wanted, const struct gw_stmt *stmts, size_t n)
{
	statements = stmts;
	n_statements = n;
	info = xstrdup(conninfo);
	n_conns = wanted;
	conns = xcalloc((size_t)wanted, sizeof(*conns));
	for (int i = 0; i < n_conns; i++) {
		TAILQ_INIT(&conns[i].queue);
		conns[i].evt.handle = on_event;
		begin(&conns[i]);
	}
	kore_timer_add(on_timer, RETRY_MS, NULL, 0);
}

bool gw_db_ready(void)
{
	for (int i = 0; i < n_conns; i++)
		if (conns[i].state == READY)
			return true;
	return false;
}

static void on_broken(void *arg, uint64_t now)
{
	struct conn *c = arg;
	(void)now;

	if (c->state == READY && PQflush(c->pg) < 0)
		lose(c, "write");
}

struct gw_pending *gw_db_send(const char *stmt, int n, const char *const *values, gw_db_done done,
                              void *arg)
{
	struct gw_pending *p;
	struct conn *c = NULL;
	int r;

	for (int i = 0; i < n_conns; i++) /* the least busy */
		if (conns[i].state == READY && (!c || conns[i].waiting < c->waiting))
			c = &conns[i];
	if (!c || c->waiting >= MOST_WAITING)
		return NULL;
	if (!PQsendQueryPrepared(c->pg, stmt, n, values, NULL, NULL, 0) || !PQpipelineSync(c->pg)) {
		lose(c, "send");
		return NULL;
	}
	p = enqueue(c, done, arg);
	r = PQflush(c->pg);
	if (r < 0) /* not now: the caller does not expect done() yet */
		kore_timer_add(on_broken, 0, c, KORE_TIMER_ONESHOT);
	else
		watch(c, r == 1);
	return p;
}

void gw_db_abandon(struct gw_pending *p)
{
	p->done = NULL;
}

/* ---- for handlers ------------------------------------------------------------------------- */

struct waiter {
	struct gw_co *co;
	PGresult *res;
	bool done;
};

static void wake(PGresult *res, void *arg)
{
	struct waiter *w = arg;

	w->res = res;
	w->done = true;
	gw_co_wake(w->co);
}

static struct gw_db_answer sort(PGresult *res)
{
	ExecStatusType st = PQresultStatus(res);
	struct gw_db_answer a;
	const char *state;

	if (st == PGRES_TUPLES_OK || st == PGRES_COMMAND_OK)
		return (struct gw_db_answer){ .code = GW_DB_OK, .res = res };
	state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	if (sqlstate(state) == SQLSTATE_RAISED)
		return (struct gw_db_answer){ .code = GW_DB_RAISED,
			                      .res = res,
			                      .status = (int)strtol(state + 2, NULL, 10) };
	log_error("db.failed", LOG_STR("sqlstate", state),
	          LOG_STR("why", PQresultErrorMessage(res)));
	a = (struct gw_db_answer){ .code = sqlstate_passing(state) ? GW_DB_AWAY : GW_DB_FAILED };
	PQclear(res);
	return a;
}

struct gw_db_answer gw_db(const char *stmt, int n, const char *const *values)
{
	struct waiter w = { .co = gw_co_self() };
	struct gw_pending *p = gw_db_send(stmt, n, values, wake, &w);

	while (p && !w.done)
		if (!gw_co_wait() && !w.done) {
			gw_db_abandon(p);
			return (struct gw_db_answer){ .code = GW_DB_GONE };
		}
	if (w.done && gw_co_cancelled()) {
		PQclear(w.res);
		return (struct gw_db_answer){ .code = GW_DB_GONE };
	}
	return w.res ? sort(w.res) : (struct gw_db_answer){ .code = GW_DB_AWAY };
}

void gw_db_release(struct gw_db_answer *a)
{
	PQclear(a->res);
	a->res = NULL;
}
