/* Forward: the steps, one after the other. The way back is in saga_undo.c. */
#include "saga.h"
#include "buf.h"
#include "utf8.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define RERUN_MAX_MS 60000

static int64_t limit_percent = 100, retry_base_ms = 1000;

void saga_configure(int64_t percent, int64_t base_ms)
{
	limit_percent = percent;
	retry_base_ms = base_ms;
}

/* ---- rows of steps ------------------------------------------------------------------------ */

/* All steps at once, as arrays: the table in saga_steps.c is the only list. */
static int insert_steps(struct cmd *c, const struct request *rq)
{
	static const struct db_query q = {
		.name = "steps_insert",
		.sql = "INSERT INTO workflow.request_step (request, seq, step, label, progress)"
		       " SELECT $1, u.seq, u.step, u.label, u.progress"
		       "   FROM unnest($2::text[], $3::text[], $4::int[])"
		       "        WITH ORDINALITY u(step, label, progress, seq)",
	};
	_cleanup_(buf_release) struct buf names = { 0 }, labels = { 0 }, progress = { 0 };

	buf_init(&names, 4096);
	buf_init(&labels, 4096);
	buf_init(&progress, 4096);
	for (const struct saga_step *s = saga_steps; s->name; s++) {
		const char *comma = s == saga_steps ? "{" : ",";

		buf_fmt(&names, "%s\"%s\"", comma, s->name);
		buf_fmt(&labels, "%s\"%s\"", comma, s->label);
		buf_fmt(&progress, "%s%d", comma, s->progress);
	}
	buf_str(&names, "}");
	buf_str(&labels, "}");
	buf_str(&progress, "}");
	return db_exec(c->db, &q, NULL, db_i64(rq->id), db_str(names.data), db_str(labels.data),
	               db_str(progress.data));
}

struct next_step {
	const struct saga_step *step; /* NULL: none is left */
	bool running, later;          /* being worked on; put off until due_at */
	char detail[800];             /* 190 characters of any alphabet */
};

static int next_step(struct cmd *c, const struct request *rq, struct next_step *ret)
{
	static const struct db_query q = {
		.name = "step_next",
		.sql = "SELECT step, state = 'running' AS running,"
		       "       coalesce(due_at > now(), false) AS later,"
		       "       coalesce(left(detail, 190), '') AS detail"
		       "  FROM workflow.request_step"
		       " WHERE request = $1 AND progress > 0 AND state NOT IN ('done', 'skipped')"
		       " ORDER BY seq LIMIT 1",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	r = db_select(c->db, &q, &rows, db_i64(rq->id));
	if (r)
		return r;
	*ret = (struct next_step){ 0 };
	if (!db_next(&rows))
		return 0;
	ret->step = saga_step(db_get_str(&rows, "step"));
	ret->running = db_get_bool(&rows, "running");
	ret->later = db_get_bool(&rows, "later");
	snprintf(ret->detail, sizeof(ret->detail), "%s", db_get_str(&rows, "detail"));
	return 0;
}

int saga_current(struct cmd *c, const struct request *rq, const struct saga_step **ret)
{
	struct next_step next;
	int r = next_step(c, rq, &next);

	if (!r)
		*ret = next.step;
	return r;
}

/* Begins a step, or says something about it. @recheck_s: when the clock looks again. */
static int run_step(struct cmd *c, const struct request *rq, const struct saga_step *step,
                    const char *detail, int recheck_s)
{
	static const struct db_query q = {
		.name = "step_run",
		.sql = "UPDATE workflow.request_step SET state = 'running', detail = $3,"
		       "       attempt = attempt + (state <> 'running')::int,"
		       "       started_at = CASE WHEN state = 'running' THEN started_at ELSE now() "
		       "END,"
		       "       finished_at = NULL,"
		       "       deadline = CASE WHEN state = 'running' THEN deadline"
		       "           ELSE now() + $4::bigint * interval '1 ms' END,"
		       "       due_at = now() + nullif($5::int, 0) * interval '1 s'"
		       " WHERE request = $1 AND step = $2 AND state NOT IN ('done', 'skipped')",
	};

	return db_exec(c->db, &q, NULL, db_i64(rq->id), db_str(step->name), db_str(detail),
	               db_i64(step->limit_s * 10 * limit_percent), db_i64(recheck_s));
}

int saga_step_running(struct cmd *c, struct request *rq, const struct saga_step *step,
                      const char *detail)
{
	int r = run_step(c, rq, step, detail, 0);

	return r ? r : request_show(c, rq);
}

int saga_step_done(struct cmd *c, struct request *rq, const struct saga_step *step, bool skipped,
                   const char *detail, bool *ret_news)
{
	static const struct db_query q = {
		.name = "step_done",
		.sql = "UPDATE workflow.request_step SET state = $3, detail = $4,"
		       "       started_at = coalesce(started_at, now()), finished_at = now(),"
		       "       attempt = greatest(attempt, 1), deadline = NULL, due_at = NULL"
		       " WHERE request = $1 AND step = $2 AND state NOT IN ('done', 'skipped')",
	};
	char text[120];
	int64_t n = 0;
	int r;

	snprintf(text, sizeof(text), "%s%s", step->label, skipped ? ": not needed" : "");
	r = db_exec(c->db, &q, &n, db_i64(rq->id), db_str(step->name),
	            db_str(skipped ? "skipped" : "done"), db_str(detail));
	if (ret_news)
		*ret_news = n > 0;
	if (r || !n)
		return r;
	if (step->progress > rq->progress)
		rq->progress = step->progress;
	return request_move(c, rq, RE_STEP, text);
}

/* ---- going on ----------------------------------------------------------------------------- */

int saga_start(struct cmd *c, struct request *rq)
{
	struct cmd system = cmd_as_system(c);
	int r;

	r = request_move(c, rq, RE_PROVISION, NULL);
	if (!r)
		r = insert_steps(c, rq);
	return r ? r : saga_advance(&system, rq);
}

/* It waits; when it waits for the same as before, there is nothing to show. */
static int wait_at(struct cmd *c, struct request *rq, const struct next_step *next,
                   const struct step_outcome *o)
{
	bool same = next->running && !strcmp(next->detail, o->detail ? o->detail : "");
	int r = run_step(c, rq, next->step, o->detail, o->recheck_s);

	return r || same ? r : request_show(c, rq);
}

/* What @next's function said becomes rows. *ret_on: look at the following step too. */
static int settle(struct cmd *c, struct request *rq, const struct next_step *next,
                  enum step_result result, const struct step_outcome *o, bool *ret_on)
{
	*ret_on = result == STEP_DONE || result == STEP_SKIPPED;
	switch (result) {
	case STEP_DONE:
	case STEP_SKIPPED:
		return saga_step_done(c, rq, next->step, result == STEP_SKIPPED, o->detail, NULL);
	case STEP_WAITS:
		return wait_at(c, rq, next, o);
	case STEP_FAILED:
		break;
	}
	return saga_fail(c, rq, next->step, o->code, o->detail, rq->server_id != 0);
}

int saga_advance(struct cmd *c, struct request *rq)
{
	bool on = true;

	while (on) {
		struct step_outcome o = { 0 };
		enum step_result result;
		struct next_step next;
		int r;

		r = next_step(c, rq, &next);
		if (r)
			return r;
		if (!next.step)
			return request_move(c, rq, RE_FINISH, rq->address);
		if (next.later || (next.running && next.step->owner != SVC_WORKFLOW))
			return 0;
		r = next.step->go(c, rq, &o, &result);
		if (!r)
			r = settle(c, rq, &next, result, &o, &on);
		if (r)
			return r;
	}
	return 0;
}

/* ---- failing and trying again ------------------------------------------------------------- */

static int mark_failed(struct cmd *c, const struct request *rq, const struct saga_step *step,
                       const char *text)
{
	static const struct db_query q = {
		.name = "step_failed",
		.sql = "UPDATE workflow.request_step"
		       "   SET state = CASE WHEN step = $2 THEN 'failed' ELSE 'waiting' END,"
		       "       detail = CASE WHEN step = $2 THEN $3 END,"
		       "       attempt = greatest(attempt, (step = $2)::int),"
		       "       started_at = CASE WHEN step = $2 THEN coalesce(started_at, now()) "
		       "END,"
		       "       finished_at = CASE WHEN step = $2 THEN now() END,"
		       "       deadline = NULL, due_at = NULL"
		       " WHERE request = $1 AND (step = $2 OR state = 'running')",
	};

	return db_exec(c->db, &q, NULL, db_i64(rq->id), db_str(step->name), db_str(text));
}

static int record_failure(struct cmd *c, struct request *rq, const struct saga_step *step,
                          const char *code, const char *text, bool cost_running)
{
	static const struct db_query q = {
		.name = "failure_record",
		.sql = "UPDATE workflow.request SET failure_step = $2, failure_code = $3,"
		       "       failure_text = $4, cost_running = $5::boolean"
		       " WHERE id = $1",
	};

	rq->cost_running = cost_running;
	return db_exec(c->db, &q, NULL, db_i64(rq->id), db_str(step->name), db_str(code),
	               db_str(text), db_bool(cost_running));
}

int saga_fail(struct cmd *c, struct request *rq, const struct saga_step *step, const char *code,
              const char *text, bool cost_running)
{
	char detail[SAGA_DETAIL_MAX];
	int r;

	utf8_snprintf(detail, sizeof(detail), "%s: %s", step->label, text);
	r = mark_failed(c, rq, step, text);
	if (!r)
		r = record_failure(c, rq, step, code, text, cost_running);
	return r ? r : request_move(c, rq, RE_FAIL, detail);
}

/* A new attempt: what still reports about the old one is not listened to. */
static int raise_attempt(struct cmd *c, struct request *rq, bool by_person)
{
	static const struct db_query q = {
		.name = "attempt_raise",
		.sql = "UPDATE workflow.request"
		       "   SET attempt = attempt + 1, tries = tries + $2::int,"
		       "       reruns = CASE WHEN $2::int = 1 THEN 0 ELSE reruns + 1 END,"
		       "       failure_step = NULL, failure_code = NULL, failure_text = NULL,"
		       "       cost_running = false"
		       " WHERE id = $1",
	};

	rq->attempt++;
	return db_exec(c->db, &q, NULL, db_i64(rq->id), db_i64(by_person));
}

int saga_retry(struct cmd *c, struct request *rq)
{
	static const struct db_query q = {
		.name = "step_again",
		.sql = "UPDATE workflow.request_step"
		       "   SET state = 'waiting', detail = NULL, finished_at = NULL"
		       " WHERE request = $1 AND state = 'failed' AND progress > 0",
	};
	struct cmd system = cmd_as_system(c);
	int r;

	r = request_move(c, rq, RE_RETRY, NULL);
	if (!r)
		r = raise_attempt(c, rq, true);
	if (!r)
		r = db_exec(c->db, &q, NULL, db_i64(rq->id));
	return r ? r : saga_advance(&system, rq);
}

/* 1, 2, 4 … times the base, with jitter. */
static int64_t pause_ms(int reruns)
{
	int64_t ms = retry_base_ms << (reruns < 16 ? reruns : 16);

	if (ms > RERUN_MAX_MS)
		ms = RERUN_MAX_MS;
	return ms / 2 + randombytes_uniform((uint32_t)ms / 2 + 1);
}

int saga_rerun(struct cmd *c, struct request *rq, const struct saga_step *step)
{
	static const struct db_query q = {
		.name = "step_rerun",
		.sql = "UPDATE workflow.request_step SET state = 'waiting', detail = $3,"
		       "       deadline = NULL, due_at = now() + $4::bigint * interval '1 ms'"
		       " WHERE request = $1 AND step = $2 AND state NOT IN ('done', 'skipped')",
	};
	int r;

	r = raise_attempt(c, rq, false);
	if (!r)
		r = db_exec(c->db, &q, NULL, db_i64(rq->id), db_str(step->name),
		            db_str("The runner was interrupted. The step is tried again."),
		            db_i64(pause_ms(rq->reruns)));
	return r ? r : request_show(c, rq);
}
