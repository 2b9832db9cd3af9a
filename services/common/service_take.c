/* Taking work: what was rung is claimed, what was forgotten is swept; what failed together is taken alone. */
#include "service_batch.h"

#include "err.h"
#include "pg_array.h"
#include "result.h"

#include <stdlib.h>
#include <string.h>

#define GRACE_MS 1000 /* a row that is ready for longer has lost its bell */
#define SWEEP_MAX 200

/* ---- one by one --------------------------------------------------------------------------- */

/* Not done: tried again later. A message nobody here knows waits for a replica that does. */
static void give_back(struct service *s, const char *id, int r)
{
	char why[64];
	int back;

	snprintf(why, sizeof(why), "%s", r == -ENOTSUP ? "nobody here understands this message" : r > 0 ? "database" : strerror(-r));
	log_warn("command.retry", LOG_STR("id", id), LOG_STR("why", why));
	if (r == -ENOTSUP)
		back = db_exec(s->db, &s->sql->defer, NULL, db_str(id), db_str(s->inst));
	else
		back = db_exec(s->db, &s->sql->retry, NULL, db_str(id), db_str(why), db_str(s->inst));
	if (back) /* ready rows are swept; a leased one by service_sweep(), which takes back what is ours */
		log_warn("command.retry_later", LOG_STR("id", id));
}

static int claim(struct batch *b, const char *ids)
{
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	r = db_begin(b->s->db);
	if (!r)
		r = db_select(b->s->db, &b->s->sql->claim, &rows, db_str(ids), db_str(b->s->claim_types),
		              db_str(b->s->claim_actions));
	while (!r && db_next(&rows) && b->n < BATCH_MAX)
		batch_read(b, &rows);
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
	r = batch_run(b);
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
			r = batch_run(b);
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
		pg_array_raw(&ids, id[i]);
	pg_array_end(&ids);
	r = claim(b, ids.data);
	if (r || !b->n) {
		db_rollback(s->db);
		if (!r)
			answer_done(s, ids.data);
		return;
	}
	r = batch_run(b);
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
			batch_read(b, &rows);
			n++;
		}
		r = db_begin(s->db);
		if (!r)
			r = batch_run(b);
		if (r == DB_E_DOWN) /* the rest would fail as well; take_back() finds them all */
			return n;
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

/* Leases of ours that outlived the call that took them: its answer, or the end of its work, got lost. */
static int take_back(struct service *s)
{
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(s->db, &s->sql->release_own, &rows, db_str(s->inst));

	if (!r && db_next(&rows) && db_get_i64(&rows, "n"))
		log_warn("bus.taken_back", LOG_I64("n", db_get_i64(&rows, "n")));
	return r;
}

void service_sweep(struct service *s)
{
	size_t n;

	s->sweep_again = false; /* without a database the next look is the clock's, not at once */
	if (s->draining || !db_ready(s->db) || take_back(s))
		return;
	n = sweep_some(s, SWEEP_MAX, true);
	if (n)
		log_info("bus.swept", LOG_I64("n", (int64_t)n));
	s->sweep_again = n == SWEEP_MAX; /* bells, beats and SIGTERM come in between */
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
