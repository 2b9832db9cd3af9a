/* Commands enter the journal: one call at a time for each service, with all that waits. */
#include "gw_bus.h"

#include "err.h"
#include "gw_co.h"
#include "gw_db.h"
#include "gw_metrics.h"
#include "log.h"
#include "pg_array.h"
#include "sqlstate.h"

#include <inttypes.h>
#include <msgpack.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define BATCH_MAX 256
#define GIVE_UP_MS 4000
#define AGAIN_MS 100

/* One command on its way into the journal. It outlives its handler when the client leaves. */
struct item {
	char id[UUID_TEXT], corr[UUID_TEXT];
	const char *type;
	char *agg, *actor, *idem_key, *digest;
	char *body; /* "\\x…", quoted for an array */
	int64_t generation;
	struct gw_co *co; /* NULL: nobody waits any more */
	enum gw_submit_code code;
	bool done;
	bool sent;  /* in the call under way, or in one whose outcome is not known */
	bool maybe; /* a call with it got lost: the journal may have it */
	bool alone; /* it, or one beside it, was refused: find out which */
	uint64_t until;
	TAILQ_ENTRY(item) link;
};

struct target {
	enum svc svc;
	const char *stmt;
	bool busy;  /* a call is under way */
	bool later; /* a timer will look again */
	TAILQ_HEAD(, item) items;
};

static struct target targets[] = {
	{ .svc = SVC_WORKFLOW, .stmt = "workflow.submit" },
	{ .svc = SVC_HETZNER, .stmt = "hetzner.submit" },
	{ .svc = SVC_RUNNER, .stmt = "runner.submit" },
	{ .svc = SVC_NOTIFIER, .stmt = "notifier.submit" },
};

static void flush(struct target *t);

static struct target *target_of(const struct msg_def *msg)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (targets[i].svc & msg->to) {
			if (!targets[i].items.tqh_last)
				TAILQ_INIT(&targets[i].items);
			return &targets[i];
		}
	return NULL;
}

static void add_item(struct buf a[9], const struct item *it)
{
	char number[24], digest[80];

	snprintf(number, sizeof(number), "%" PRId64, it->generation);
	snprintf(digest, sizeof(digest), "\"\\\\x%.64s\"", it->digest ? it->digest : "");
	pg_array_raw(&a[0], it->id);
	pg_array_str(&a[1], it->type);
	pg_array_str(&a[2], it->agg);
	pg_array_str(&a[3], it->actor);
	pg_array_raw(&a[4], number);
	pg_array_raw(&a[5], it->corr);
	pg_array_raw(&a[6], it->body);
	pg_array_str(&a[7], it->idem_key);
	pg_array_raw(&a[8], it->idem_key ? digest : NULL);
}

static void item_free(struct item *it)
{
	free(it->agg);
	free(it->actor);
	free(it->idem_key);
	free(it->digest);
	explicit_bzero(it->body, strlen(it->body));
	free(it->body);
	free(it);
}

static void end_item(struct target *t, struct item *it, enum gw_submit_code code)
{
	TAILQ_REMOVE(&t->items, it, link);
	it->done = true;
	it->code = code;
	if (it->co)
		gw_co_wake(it->co);
	else
		item_free(it);
}

static enum gw_submit_code code_of(const char *word)
{
	return !strcmp(word, "new")     ? GW_SUBMIT_NEW
	       : !strcmp(word, "known") ? GW_SUBMIT_KNOWN
	                                : GW_SUBMIT_MISMATCH;
}

/* Row n belongs to the n-th item that was sent. */
static void take_rows(struct target *t, PGresult *res)
{
	struct item *it = TAILQ_FIRST(&t->items), *next;

	for (int i = 0; it && i < PQntuples(res); it = next) {
		next = TAILQ_NEXT(it, link);
		if (!it->sent)
			break;
		snprintf(it->id, sizeof(it->id), "%s", PQgetvalue(res, i, 1));
		end_item(t, it, code_of(PQgetvalue(res, i++, 2)));
	}
}

static void again_later(struct target *t);

/* Those that have waited too long; called while nothing is on its way. */
static void give_up_old(struct target *t)
{
	struct item *it, *next;
	uint64_t now = kore_time_ms();

	for (it = TAILQ_FIRST(&t->items); it; it = next) {
		next = TAILQ_NEXT(it, link);
		if (it->until < now)
			end_item(t, it, it->maybe ? GW_SUBMIT_UNKNOWN : GW_SUBMIT_AWAY);
	}
}

static void mark_unknown(struct target *t)
{
	struct item *it;

	TAILQ_FOREACH (it, &t->items, link)
		it->maybe |= it->sent;
}

/* One command the journal does not take must not take its neighbours with it: those of this call go
 * again, one by one. What came after them still goes together. */
static void refused(struct target *t)
{
	struct item *it = TAILQ_FIRST(&t->items), *second = TAILQ_NEXT(it, link);

	if (!second || !second->sent) {
		end_item(t, it, GW_SUBMIT_REFUSED);
		return;
	}
	for (; it && it->sent; it = TAILQ_NEXT(it, link)) {
		it->sent = false;
		it->alone = true;
	}
}

/*
 * When the connection was lost, or the database is stopping, the outcome is
 * unknown: the same ids are sent again, and the journal takes each id once.
 */
static void on_done(PGresult *res, void *arg)
{
	struct target *t = arg;
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	t->busy = false;
	if (PQresultStatus(res) == PGRES_TUPLES_OK) {
		take_rows(t, res);
	} else if (res && !sqlstate_passing(state)) {
		log_error("bus.submit", LOG_STR("sqlstate", state),
		          LOG_STR("why", PQresultErrorMessage(res)));
		refused(t);
	} else {
		mark_unknown(t);
		give_up_old(t);
		again_later(t);
	}
	PQclear(res);
	flush(t);
}

static void on_later(void *arg, uint64_t now)
{
	struct target *t = arg;
	(void)now;

	t->later = false;
	if (!t->busy)
		give_up_old(t);
	flush(t);
}

static void again_later(struct target *t)
{
	if (t->later)
		return;
	t->later = true;
	kore_timer_add(on_later, AGAIN_MS, t, KORE_TIMER_ONESHOT);
}

/* Nine arrays in PostgreSQL's notation, one element for each command of the next call. */
static void write_arrays(struct target *t, struct buf a[9])
{
	int n = 0, most = TAILQ_FIRST(&t->items)->alone ? 1 : BATCH_MAX;
	struct item *it;

	for (int i = 0; i < 9; i++)
		buf_init(&a[i], 128 << 20);
	TAILQ_FOREACH (it, &t->items, link) {
		if (n++ == most)
			break;
		it->sent = true;
		add_item(a, it);
	}
	for (int i = 0; i < 9; i++)
		pg_array_end(&a[i]);
}

static void flush(struct target *t)
{
	const char *values[9];
	struct buf a[9];

	if (t->busy || t->later || TAILQ_EMPTY(&t->items))
		return;
	write_arrays(t, a);
	for (int i = 0; i < 9; i++)
		values[i] = a[i].data;
	t->busy = true;
	gw_count(GW_SUBMIT_CALLS);
	if (!gw_db_send(t->stmt, 9, values, on_done, t)) { /* no connection now */
		t->busy = false;
		again_later(t);
	}
	explicit_bzero(a[6].data, a[6].len);
	for (int i = 0; i < 9; i++)
		buf_release(&a[i]);
}

static char *pack(const struct gw_command *c)
{
	msgpack_sbuffer out;
	char *hex;

	msgpack_sbuffer_init(&out);
	rec_pack(c->msg->rec, c->rec, &out);
	hex = xcalloc(1, out.size * 2 + 8);
	memcpy(hex, "\"\\\\x", 4);
	sodium_bin2hex(hex + 4, out.size * 2 + 1, (const uint8_t *)out.data, out.size);
	memcpy(hex + 4 + out.size * 2, "\"", 2);
	explicit_bzero(out.data, out.size);
	msgpack_sbuffer_destroy(&out);
	return hex;
}

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static struct item *item_new(const struct gw_command *c)
{
	struct item *it = xcalloc(1, sizeof(*it));

	memcpy(it->id, c->id, UUID_TEXT);
	snprintf(it->corr, sizeof(it->corr), "%s", c->corr);
	it->type = c->msg->type;
	it->agg = copy(c->agg);
	it->actor = copy(c->actor);
	it->idem_key = copy(c->idem_key);
	it->digest = copy(c->digest);
	it->generation = c->generation;
	it->body = pack(c);
	it->co = gw_co_self();
	it->until = kore_time_ms() + GIVE_UP_MS;
	return it;
}

enum gw_submit_code gw_bus_submit(struct gw_command *c)
{
	struct target *t = target_of(c->msg);
	struct item *it = item_new(c);
	enum gw_submit_code code;

	TAILQ_INSERT_TAIL(&t->items, it, link);
	gw_count(GW_SUBMITS);
	flush(t);
	while (!it->done && gw_co_wait())
		;
	if (!it->done) { /* the client left; what was sent cannot be called back */
		it->co = NULL;
		return GW_SUBMIT_GONE;
	}
	memcpy(c->id, it->id, UUID_TEXT);
	code = gw_co_cancelled() ? GW_SUBMIT_GONE : it->code;
	item_free(it);
	return code;
}
