/*
 * Working on the inbox
 *
 * What was rung is claimed together, worked in one transaction and committed
 * together; so is what the sweeper leased. When anything in a batch fails, the
 * batch is rolled back and its rows are worked one by one, so a bad one never
 * takes its neighbours with it.
 */
#include "buf.h"
#include "err.h"
#include "result.h"
#include "service_impl.h"

#include <stdlib.h>
#include <string.h>

#define GRACE_MS 1000 /* a row that is ready for longer has lost its bell */
#define SWEEP_MAX 200

struct row {
	struct cmd cmd;
	struct cmd_state state;
	char *type, *agg, *actor;
	uint8_t *body;
	size_t body_len;
	bool event, unknown;
	void *rec, *mem; /* the decoded body */
	int inbox_state; /* 2 done, 3 failed; 0: not worked yet */
	const char *denied;
	uint8_t *result;
	size_t result_len;
};

struct batch {
	struct service *s;
	size_t n;
	bool leased;
	struct row row[BATCH_MAX];
};

static void row_release(struct row *r)
{
	cmd_state_release(&r->state);
	free(r->type);
	free(r->agg);
	free(r->actor);
	if (r->body)
		explicit_bzero(r->body, r->body_len);
	free(r->body);
	free(r->rec);
	free(r->mem);
	free(r->result);
	*r = (struct row){ 0 };
}

static struct batch *batch_new(struct service *s, bool leased)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	b->s = s;
	b->leased = leased;
	return b;
}

static void batch_free(struct batch **b)
{
	if (!*b)
		return;
	for (size_t i = 0; i < (*b)->n; i++)
		row_release(&(*b)->row[i]);
	free(*b);
	*b = NULL;
}

/* ---- reading rows ------------------------------------------------------------------------- */

static void decode(struct row *r)
{
	r->cmd.msg = message_find(r->type);
	if (!r->cmd.msg)
		return;
	r->rec = xcalloc(1, r->cmd.msg->rec->size);
	if (rec_unpack(r->cmd.msg->rec, r->body, r->body_len, r->rec, &r->mem) ||
	    rec_check(r->cmd.msg->rec, r->rec, NULL)) {
		free(r->mem);
		r->mem = NULL;
		r->cmd.msg = NULL; /* as unknown as a type we never heard of */
	}
}

static void read_row(struct batch *b, struct db_rows *rows)
{
	struct row *r = &b->row[b->n++];

	snprintf(r->cmd.id, sizeof(r->cmd.id), "%s", db_get_str(rows, "id"));
	snprintf(r->cmd.corr, sizeof(r->cmd.corr), "%s", db_is_null(rows, "corr") ? "" : db_get_str(rows, "corr"));
	r->type = xstrdup(db_get_str(rows, "type"));
	r->agg = db_is_null(rows, "agg") ? NULL : xstrdup(db_get_str(rows, "agg"));
	r->actor = xstrdup(db_get_str(rows, "actor"));
	r->event = db_get_bool(rows, "event");
	db_get_bytes(rows, "body", &r->body, &r->body_len);
	r->cmd.attempt = (int)db_get_i64(rows, "attempt");
	r->cmd.generation = db_get_i64(rows, "generation");
	r->cmd.actor = r->actor;
	r->cmd.agg = r->agg;
	r->cmd.user = !strncmp(r->actor, "user:", 5) ? strtoll(r->actor + 5, NULL, 10) : 0;
	r->cmd.svc = b->s;
	r->cmd.db = b->s->db;
	decode(r);
}

static void add_array(struct buf *b, const char *text)
{
	buf_str(b, b->len ? "," : "{");
	buf_str(b, text);
}

/* ---- may they? ---------------------------------------------------------------------------- */

static int64_t object_of(const struct row *r)
{
	const struct rec_field *f = *r->cmd.msg->object ? rec_field(r->cmd.msg->rec, r->cmd.msg->object) : NULL;

	return f ? rec_get_i64(f, r->rec) : 0;
}

static const char *verdict(const char *v)
{
	return !v ? NULL : !strcmp(v, "stale") ? "stale" : !strcmp(v, "not_found") ? "not_found" : "forbidden";
}

/* One question for the whole batch; services act by their key, not by a role. */
static int authorise(struct batch *b)
{
	static const struct db_query q = {
		.name = "authz_batch",
		.sql = "SELECT n, authz.check(u, g, a, o) AS verdict"
		       "  FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[]) t(n, u, g, a, o)",
	};
	_cleanup_(buf_release) struct buf n = { .max = 1 << 20 }, u = { .max = 1 << 20 }, g = { .max = 1 << 20 },
					  a = { .max = 1 << 20 }, o = { .max = 1 << 20 };
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	char text[32];
	int r;

	for (size_t i = 0; i < b->n; i++) {
		struct row *row = &b->row[i];

		if (!row->cmd.msg || !row->cmd.user)
			continue;
		snprintf(text, sizeof(text), "%zu", i);
		add_array(&n, text);
		snprintf(text, sizeof(text), "%lld", (long long)row->cmd.user);
		add_array(&u, text);
		snprintf(text, sizeof(text), "%lld", (long long)row->cmd.generation);
		add_array(&g, text);
		add_array(&a, row->cmd.msg->action);
		snprintf(text, sizeof(text), "%lld", (long long)object_of(row));
		add_array(&o, text);
	}
	if (!n.len)
		return 0;
	buf_str(&n, "}");
	buf_str(&u, "}");
	buf_str(&g, "}");
	buf_str(&a, "}");
	buf_str(&o, "}");
	r = db_select(b->s->db, &q, &rows, db_str(n.data), db_str(u.data), db_str(g.data), db_str(a.data),
	              db_str(o.data));
	while (!r && db_next(&rows))
		b->row[db_get_i64(&rows, "n")].denied = verdict(db_get_str(&rows, "verdict"));
	return r;
}

/* The sentence authz has for a refusal; "" when it has none. */
static int why_denied(struct row *r, char out[400])
{
	static const struct db_query q = { .name = "authz_why", .sql = "SELECT authz.why($1::bigint, $2, $3::bigint) AS why" };
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int rc = db_select(r->cmd.db, &q, &rows, db_i64(r->cmd.user), db_str(r->cmd.msg->action), db_i64(object_of(r)));

	out[0] = '\0';
	if (!rc && db_next(&rows) && db_get_str(&rows, "why"))
		snprintf(out, 400, "%s", db_get_str(&rows, "why"));
	return rc;
}

static int deny(struct row *r)
{
	char object[80], why[400] = "";
	int rc;

	snprintf(object, sizeof(object), "%s:%lld", *r->cmd.msg->object ? r->cmd.msg->object : "none",
	         (long long)object_of(r));
	rc = cmd_audit(&r->cmd, r->cmd.msg->action, object, "denied", NULL);
	if (!rc && !strcmp(r->denied, "forbidden"))
		rc = why_denied(r, why);
	if (rc)
		return rc;
	if (!strcmp(r->denied, "stale"))
		cmd_reject(&r->cmd, 401, NULL, NULL, "Your session has ended. Sign in again.");
	else if (!strcmp(r->denied, "not_found"))
		cmd_reject(&r->cmd, 404, NULL, NULL, "There is no such %s, or you were not given access to it.",
		           *r->cmd.msg->object ? r->cmd.msg->object : "object");
	else
		cmd_reject(&r->cmd, 403, NULL, NULL, "%s",
		           *why ? why : "You are not allowed to do this. Ask an administrator if you should be.");
	return 0;
}

/* ---- one command -------------------------------------------------------------------------- */

enum { REDO_ALONE = 200 };

static const struct svc_handler *handler_for(const struct service *s, const struct msg_def *msg)
{
	for (const struct svc_handler *h = s->me->handlers; h && h->msg; h++)
		if (h->msg == msg)
			return h;
	return NULL;
}

static void from_sql(struct cmd *c)
{
	struct db_raised e = db_raised(c->db);

	cmd_reject(c, e.status, *e.hint ? e.hint : NULL, *e.detail ? e.detail : NULL, "%s", e.message);
}

/* 0: outcome in the row. REDO_ALONE: what it wrote must be rolled back first. Else technical. */
static int work(struct batch *b, struct row *r)
{
	const struct svc_handler *h = r->cmd.msg ? handler_for(b->s, r->cmd.msg) : NULL;
	unsigned before = db_writes(b->s->db);
	int rc;

	r->cmd.state = &r->state;
	log_correlation(r->cmd.corr);
	if (r->state.rejected) { /* decided in an earlier turn that was rolled back */
		r->inbox_state = 3;
		return 0;
	}
	if (!h)
		return -ENOTSUP;
	if (r->denied) {
		rc = deny(r);
		r->inbox_state = 3;
		return rc;
	}
	rc = h->fn(&r->cmd, r->rec);
	if (rc == DB_E_RAISED) {
		from_sql(&r->cmd);
		return REDO_ALONE;
	}
	if (rc == CMD_REJECTED) {
		r->inbox_state = 3;
		return db_writes(b->s->db) != before ? REDO_ALONE : 0;
	}
	r->inbox_state = rc ? 0 : 2;
	return rc;
}

static void pack_answer(struct row *r)
{
	const struct cmd_answer a = { .status = r->state.status ? r->state.status : 200, .data = r->state.data,
		                      .field = r->state.field, .state = r->state.state, .detail = r->state.detail };
	msgpack_sbuffer out;

	msgpack_sbuffer_init(&out);
	rec_pack(&cmd_answer_def, &a, &out);
	free(r->result);
	r->result = malloc(out.size);
	if (!r->result)
		abort();
	memcpy(r->result, out.data, out.size);
	r->result_len = out.size;
	msgpack_sbuffer_destroy(&out);
}

/* ---- ending a batch ----------------------------------------------------------------------- */

static void add_bytea(struct buf *b, const uint8_t *data, size_t len)
{
	static const char hex[] = "0123456789abcdef";

	buf_str(b, b->len ? ",\"\\\\x" : "{\"\\\\x");
	for (size_t i = 0; i < len; i++) {
		const char two[2] = { hex[data[i] >> 4], hex[data[i] & 15] };

		buf_add(b, two, 2);
	}
	buf_str(b, "\"");
}

static int finish(struct batch *b)
{
	_cleanup_(buf_release) struct buf ids = { .max = 1 << 16 }, attempts = { .max = 1 << 16 },
					  states = { .max = 1 << 16 }, results = { .max = 64 << 20 },
					  errors = { .max = 1 << 20 };
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	char text[16];
	int r;

	for (size_t i = 0; i < b->n; i++) {
		struct row *row = &b->row[i];

		add_array(&ids, row->cmd.id);
		snprintf(text, sizeof(text), "%d", row->cmd.attempt);
		add_array(&attempts, text);
		add_array(&states, row->inbox_state == 3 ? "3" : "2");
		add_array(&errors, "NULL");
		if (row->event) {
			add_array(&results, "NULL");
		} else {
			pack_answer(row);
			add_bytea(&results, row->result, row->result_len);
		}
	}
	buf_str(&ids, "}");
	buf_str(&attempts, "}");
	buf_str(&states, "}");
	buf_str(&results, "}");
	buf_str(&errors, "}");
	r = db_select_commit(b->s->db, &b->s->sql->finish, &rows, db_str(ids.data),
	                     db_str(b->leased ? attempts.data : NULL), db_str(states.data), db_str(results.data),
	                     db_str(errors.data), db_str(b->s->inst));
	while (!r && db_next(&rows))
		service_add_rung(b->s, db_get_str(&rows, "id")); /* next of the same aggregate */
	return r;
}

static void reply_all(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		service_reply_result(b->s, b->row[i].cmd.id, b->row[i].inbox_state == 3 ? 3 : 2, b->row[i].result,
		                     b->row[i].result_len);
}

static int work_all(struct batch *b)
{
	int r = authorise(b);

	for (size_t i = 0; i < b->n && !r; i++)
		r = work(b, &b->row[i]);
	log_correlation(NULL);
	return r ? r : finish(b);
}

/* Runs a batch in the transaction that is open; commits or rolls back. */
static int run_batch(struct batch *b)
{
	int r = work_all(b);

	if (r) {
		db_rollback(b->s->db);
		service_after_rollback(b->s);
		return r;
	}
	service_after_commit(b->s);
	reply_all(b);
	return 0;
}

/* ---- one by one --------------------------------------------------------------------------- */

static void give_back(struct service *s, const char *id, int r)
{
	char why[64];

	snprintf(why, sizeof(why), "%s", r == -ENOTSUP ? "nobody here understands this message" : r > 0 ? "database" : strerror(-r));
	log_warn("command.retry", LOG_STR("id", id), LOG_STR("why", why));
	if (db_exec(s->db, &s->sql->retry, NULL, db_str(id), db_str(why), db_str(s->inst)))
		log_warn("command.retry_later", LOG_STR("id", id));
}

static int claim(struct batch *b, const char *ids)
{
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	r = db_begin(b->s->db);
	if (!r)
		r = db_select(b->s->db, &b->s->sql->claim, &rows, db_str(ids));
	while (!r && db_next(&rows) && b->n < BATCH_MAX)
		read_row(b, &rows);
	return r;
}

/* The row alone, in its own transaction; @decided carries a rejection over from before. */
static int run_rung_alone(struct service *s, const char *id, struct cmd_state *decided)
{
	_cleanup_(batch_free) struct batch *b = batch_new(s, false);
	char ids[UUID_TEXT + 2];
	int r;

	snprintf(ids, sizeof(ids), "{%s}", id);
	r = claim(b, ids);
	if (r || !b->n) {
		db_rollback(s->db);
		return r;
	}
	if (decided) {
		b->row[0].state = *decided;
		*decided = (struct cmd_state){ 0 };
	}
	r = run_batch(b);
	if (r == REDO_ALONE) {
		struct cmd_state carried = b->row[0].state;

		b->row[0].state = (struct cmd_state){ 0 };
		r = run_rung_alone(s, id, &carried);
		cmd_state_release(&carried);
	}
	return r;
}

/* A leased row is ours already: no claim, but the lease is checked when it ends. */
static int run_leased_alone(struct batch *from, size_t i)
{
	_cleanup_(batch_free) struct batch *b = batch_new(from->s, true);
	int r = REDO_ALONE;

	b->row[0] = from->row[i];
	b->row[0].cmd.state = &b->row[0].state;
	from->row[i] = (struct row){ 0 };
	b->n = 1;
	for (int turn = 0; turn < 2 && r == REDO_ALONE; turn++) {
		r = db_begin(b->s->db);
		if (!r)
			r = run_batch(b);
	}
	return r;
}

static bool technical(int r)
{
	return r && r != DB_E_DOWN && r != DB_E_RETRY;
}

/* ---- rung --------------------------------------------------------------------------------- */

/* Bells for rows that are done already: their result is sent again. */
static void answer_done(struct service *s, const char *ids)
{
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };

	if (db_select(s->db, &s->sql->state, &rows, db_str(ids)))
		return;
	while (db_next(&rows)) {
		_free_ uint8_t *result = NULL;
		size_t len;

		db_get_bytes(&rows, "result", &result, &len);
		service_reply_result(s, db_get_str(&rows, "id"), db_get_i64(&rows, "state"), result, len);
	}
}

static void work_some(struct service *s, char (*id)[UUID_TEXT], size_t n)
{
	_cleanup_(buf_release) struct buf ids = { .max = 1 << 16 };
	_cleanup_(batch_free) struct batch *b = batch_new(s, false);
	int r;

	for (size_t i = 0; i < n; i++)
		add_array(&ids, id[i]);
	buf_str(&ids, "}");
	r = claim(b, ids.data);
	if (r || !b->n) {
		db_rollback(s->db);
		if (!r)
			answer_done(s, ids.data);
		return;
	}
	r = run_batch(b);
	if (!r && b->n < n)
		answer_done(s, ids.data);
	for (size_t i = 0; r && i < b->n; i++) {
		/* a rejection stands if no neighbour's effects could have led to it */
		bool decided = b->n == 1 && r == REDO_ALONE;
		int one = run_rung_alone(s, b->row[i].cmd.id, decided ? &b->row[i].state : NULL);

		if (technical(one))
			give_back(s, b->row[i].cmd.id, one);
	}
}

void service_work_rung(struct service *s)
{
	while (s->n_rung && !s->draining) {
		size_t n = s->n_rung < BATCH_MAX ? s->n_rung : BATCH_MAX;
		char now[BATCH_MAX][UUID_TEXT];

		memcpy(now, s->rung, n * sizeof(now[0]));
		s->n_rung -= n;
		memmove(s->rung, s->rung + n, s->n_rung * sizeof(now[0]));
		work_some(s, now, n);
	}
}

/* ---- swept -------------------------------------------------------------------------------- */

static size_t sweep_some(struct service *s, size_t lim, bool fresh)
{
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	size_t n = 0;

	if (db_select(s->db, &s->sql->sweep, &rows, db_str(s->inst), db_i64(GRACE_MS), db_i64((int64_t)lim),
	              db_bool(fresh)))
		return 0;
	while (n < (size_t)rows.n) {
		_cleanup_(batch_free) struct batch *b = batch_new(s, true);
		int r;

		while (b->n < BATCH_MAX && n < (size_t)rows.n && db_next(&rows)) {
			read_row(b, &rows);
			n++;
		}
		r = db_begin(s->db);
		if (!r)
			r = run_batch(b);
		for (size_t i = 0; r && i < b->n; i++) {
			char id[UUID_TEXT];
			int one;

			memcpy(id, b->row[i].cmd.id, sizeof(id));
			one = run_leased_alone(b, i);
			if (one)
				give_back(s, id, one);
		}
	}
	return n;
}

void service_sweep(struct service *s)
{
	size_t n;

	if (s->draining || !db_ready(s->db))
		return;
	n = sweep_some(s, SWEEP_MAX, true);
	if (n)
		log_info("bus.swept", LOG_I64("n", (int64_t)n));
	while (n == SWEEP_MAX)
		n = sweep_some(s, SWEEP_MAX, true);
	for (int i = 0; i < 20 && sweep_some(s, 1, false); i++)
		;
}

void service_release_dead(struct service *s)
{
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };

	if (s->draining || db_select(s->db, &s->sql->release_dead, &rows))
		return;
	if (db_next(&rows) && db_get_i64(&rows, "n"))
		log_info("bus.released", LOG_I64("n", db_get_i64(&rows, "n")));
}
