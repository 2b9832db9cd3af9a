/* Commands enter the journal: one call at a time for each service, with all that waits. */
#include "gw_bus.h"

#include "buf.h"
#include "err.h"
#include "gw_co.h"
#include "gw_db.h"
#include "gw_metrics.h"
#include "log.h"

#include <inttypes.h>
#include <msgpack.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define BATCH_MAX 256
#define GIVE_UP_MS 4000

/* One command on its way into the journal. It outlives its handler when the client leaves. */
struct item {
	char id[UUID_TEXT], corr[UUID_TEXT];
	const char *type;
	char *agg, *actor, *idem_key, *digest;
	char *body; /* "\\x…", quoted for an array */
	int64_t generation;
	struct gw_co *co; /* NULL: nobody waits any more */
	enum gw_submit_code code;
	bool done, sent;
	uint64_t until;
	TAILQ_ENTRY(item) link;
};

struct target {
	enum svc svc;
	const char *stmt;
	bool busy;
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

static void add(struct buf *b, const char *element)
{
	buf_str(b, b->len ? "," : "{");
	buf_str(b, element ? element : "NULL");
}

static void add_quoted(struct buf *b, const char *text)
{
	if (!text) {
		add(b, NULL);
		return;
	}
	buf_str(b, b->len ? ",\"" : "{\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_add(b, "\\", 1);
		buf_add(b, text, 1);
	}
	buf_str(b, "\"");
}

static void add_item(struct buf a[9], const struct item *it)
{
	char number[24], digest[80];

	snprintf(number, sizeof(number), "%" PRId64, it->generation);
	snprintf(digest, sizeof(digest), "\"\\\\x%.64s\"", it->digest ? it->digest : "");
	add(&a[0], it->id);
	add_quoted(&a[1], it->type);
	add_quoted(&a[2], it->agg);
	add_quoted(&a[3], it->actor);
	add(&a[4], number);
	add(&a[5], it->corr);
	add(&a[6], it->body);
	add_quoted(&a[7], it->idem_key);
	add(&a[8], it->idem_key ? digest : NULL);
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
	return !strcmp(word, "new") ? GW_SUBMIT_NEW : !strcmp(word, "known") ? GW_SUBMIT_KNOWN : GW_SUBMIT_MISMATCH;
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

static void on_done(PGresult *res, void *arg)
{
	bool good = PQresultStatus(res) == PGRES_TUPLES_OK;
	struct target *t = arg;
	struct item *it, *next;

	t->busy = false;
	if (good) {
		take_rows(t, res);
	} else if (res) {
		log_error("bus.submit", LOG_STR("why", PQresultErrorMessage(res)));
		for (it = TAILQ_FIRST(&t->items); it && it->sent; it = next) {
			next = TAILQ_NEXT(it, link);
			end_item(t, it, GW_SUBMIT_REFUSED);
		}
	} /* else the outcome is unknown: the same ids are sent again and are not doubled */
	PQclear(res);
	flush(t);
}

static void on_later(void *arg, uint64_t now)
{
	struct target *t = arg;
	struct item *it, *next;

	for (it = TAILQ_FIRST(&t->items); it; it = next) {
		next = TAILQ_NEXT(it, link);
		if (it->until < now && !t->busy)
			end_item(t, it, GW_SUBMIT_AWAY);
	}
	flush(t);
}

static void flush(struct target *t)
{
	const char *values[9];
	struct buf a[9];
	struct item *it;
	int n = 0;

	if (t->busy || TAILQ_EMPTY(&t->items))
		return;
	for (int i = 0; i < 9; i++)
		buf_init(&a[i], 64 << 20);
	TAILQ_FOREACH (it, &t->items, link) {
		if (n++ == BATCH_MAX)
			break;
		it->sent = true;
		add_item(a, it);
	}
	for (int i = 0; i < 9; i++) {
		buf_str(&a[i], "}");
		values[i] = a[i].data;
	}
	t->busy = true;
	gw_count(GW_SUBMIT_CALLS);
	if (!gw_db_send(t->stmt, 9, values, on_done, t)) { /* no connection: again in a moment */
		t->busy = false;
		kore_timer_add(on_later, 100, t, KORE_TIMER_ONESHOT);
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
