#include "saga_clock.h"
#include "saga.h"

#include <stdio.h>
#include <string.h>

#define TICK_MS 500
#define AT_ONCE 20

/* The lock belongs to our connection and ends with it. */
static bool keeper(struct service *s)
{
	static const struct db_query q = {
		.name = "clock_keeper",
		.sql = "SELECT EXISTS (SELECT FROM pg_locks l"
		       "           WHERE l.locktype = 'advisory' AND l.pid = pg_backend_pid()"
		       "               AND l.classid = 7284 AND l.objid = 1)"
		       "       OR pg_try_advisory_lock(7284, 1) AS mine",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };

	return !db_select(svc_db(s), &q, &rows) && db_next(&rows) && db_get_bool(&rows, "mine");
}

/* A step whose time has come, under the request's lock; NULL: somebody was faster. */
static int due_step(struct cmd *c, int64_t request, const struct saga_step **ret, bool *ret_late)
{
	static const struct db_query q = {
		.name = "step_due",
		.sql = "SELECT step,"
		       "       coalesce(state = 'running' AND deadline < now(), false) AS late"
		       "  FROM workflow.request_step"
		       " WHERE request = $1"
		       "   AND ((state = 'running' AND deadline < now()) OR due_at <= now())"
		       " ORDER BY seq LIMIT 1",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	*ret = NULL;
	r = db_select(c->db, &q, &rows, db_i64(request));
	if (r || !db_next(&rows))
		return r;
	*ret_late = db_get_bool(&rows, "late");
	*ret = !strcmp(db_get_str(&rows, "step"), saga_undo_step.name)
	               ? &saga_undo_step
	               : saga_step(db_get_str(&rows, "step"));
	return 0;
}

static int run_out(struct cmd *c, struct request *rq, const struct saga_step *step)
{
	static const char text[] = "It did not end in time. What exists was kept; see the history "
				   "for how far it came.";

	log_warn("saga.timeout", LOG_I64("request", rq->id), LOG_STR("step", step->name));
	if (step == &saga_undo_step)
		return saga_undo_failed(c, rq, "timeout", "The deletion did not end in time.",
		                        rq->cost_running);
	return saga_fail(c, rq, step, "timeout", text, rq->ordered);
}

static int go_on(struct cmd *c, void *arg)
{
	_cleanup_(request_release) struct request rq = { 0 };
	const struct saga_step *step;
	bool late = false;
	int r;

	r = request_lock(c, *(int64_t *)arg, &rq);
	if (!r)
		r = due_step(c, rq.id, &step, &late);
	if (r || !step || (rq.state != RS_DEPLOYING && !rq.undoing))
		return r;
	return late ? run_out(c, &rq, step) : saga_advance(c, &rq);
}

static size_t find_due(struct service *s, int64_t ids[AT_ONCE])
{
	static const struct db_query q = {
		.name = "saga_due",
		.sql = "SELECT DISTINCT s.request FROM workflow.request_step s"
		       " WHERE ((s.state = 'running' AND s.deadline < now()) OR s.due_at <= now())"
		       "   AND EXISTS (SELECT FROM workflow.request r"
		       "       WHERE r.id = s.request AND (r.state = 'deploying' OR r.undoing))"
		       " LIMIT 20",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	size_t n = 0;

	if (db_select(svc_db(s), &q, &rows))
		return 0;
	while (n < AT_ONCE && db_next(&rows))
		ids[n++] = db_get_i64(&rows, "request");
	return n;
}

static void tick(void *arg)
{
	struct service *s = arg;
	int64_t ids[AT_ONCE];
	size_t n;

	if (svc_draining(s) || !keeper(s))
		return;
	n = find_due(s, ids);
	for (size_t i = 0; i < n; i++)
		if (svc_transaction(s, go_on, &ids[i]))
			log_warn("saga.clock_failed", LOG_I64("request", ids[i]));
}

void saga_clock_start(struct service *s)
{
	svc_timer(s, TICK_MS, tick, s);
}
