/* Backward: what the operation has created is deleted, and nothing else. */
#include "saga.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>

static int set_undoing(struct cmd *c, struct request *rq, bool undoing)
{
	static const struct db_query q = {
		.name = "undoing_set",
		.sql = "UPDATE workflow.request"
		       "   SET undoing = $2::boolean, cost_running = $3::boolean"
		       " WHERE id = $1",
	};

	rq->undoing = undoing;
	return db_exec(c->db, &q, NULL, db_i64(rq->id), db_bool(undoing),
	               db_bool(rq->cost_running));
}

/* The deletion is a step too, after all others: people see that it is going on. */
static int begin_step(struct cmd *c, const struct request *rq)
{
	static const struct db_query q = {
		.name = "undo_begin",
		.sql = "INSERT INTO workflow.request_step AS s (request, seq, step, label,"
		       "     progress, state, attempt, started_at, deadline)"
		       " VALUES ($1, 90, $2, $3, 0, 'running', 1, now(),"
		       "     now() + $4::int * interval '1 s')"
		       " ON CONFLICT (request, step) DO UPDATE"
		       "     SET state = 'running', detail = NULL, attempt = s.attempt + 1,"
		       "         started_at = now(), finished_at = NULL,"
		       "         deadline = excluded.deadline",
	};

	return db_exec(c->db, &q, NULL, db_i64(rq->id), db_str(saga_undo_step.name),
	               db_str(saga_undo_step.label), db_i64(saga_undo_step.limit_s));
}

static int end_step(struct cmd *c, const struct request *rq, const char *state, const char *detail)
{
	static const struct db_query q = {
		.name = "undo_end",
		.sql = "UPDATE workflow.request_step"
		       "   SET state = $3, detail = $4, finished_at = now(), deadline = NULL"
		       " WHERE request = $1 AND step = $2",
	};

	return db_exec(c->db, &q, NULL, db_i64(rq->id), db_str(saga_undo_step.name), db_str(state),
	               db_str(detail));
}

/* A playbook that is still at work on the server, or is yet to begin, would only fail noisily. */
static int revoke_runs(struct cmd *c, const struct request *rq)
{
	const struct run_revoke out = { .op = rq->op,
		                        .request = rq->id,
		                        .attempt = rq->attempt,
		                        .reason = "The deployment was cancelled." };
	char agg[40];

	snprintf(agg, sizeof(agg), "request:%" PRId64, rq->id); /* after the order itself */
	return cmd_send(c, &run_revoke_msg, &out, agg);
}

static int order_deletion(struct cmd *c, struct request *rq)
{
	const struct server_delete out = { .op = rq->op,
		                           .request = rq->id,
		                           .project = rq->project };
	char agg[40];
	int r;

	r = set_undoing(c, rq, true);
	if (!r)
		r = begin_step(c, rq);
	if (!r)
		r = revoke_runs(c, rq);
	if (r)
		return r;
	snprintf(agg, sizeof(agg), "request:%" PRId64, rq->id);
	return cmd_send(c, &server_delete_msg, &out, agg);
}

static int stop_steps(struct cmd *c, const struct request *rq)
{
	static const struct db_query q = {
		.name = "steps_stop",
		.sql = "UPDATE workflow.request_step"
		       "   SET state = 'failed', detail = 'Cancelled.', finished_at = now(),"
		       "       deadline = NULL, due_at = NULL"
		       " WHERE request = $1 AND (state = 'running' OR due_at IS NOT NULL)",
	};

	return db_exec(c->db, &q, NULL, db_i64(rq->id));
}

/* The fence goes up: what still comes in about this attempt is not listened to. */
static int mark_cancelled_midway(struct cmd *c, struct request *rq, const struct saga_step *step)
{
	static const struct db_query q = {
		.name = "cancel_midway",
		.sql = "UPDATE workflow.request SET attempt = attempt + 1, failure_step = $2,"
		       "       failure_code = 'cancelled_midway', failure_text = $3,"
		       "       cost_running = server_id IS NOT NULL"
		       " WHERE id = $1",
	};

	rq->attempt++;
	rq->cost_running = rq->server_id != 0;
	return db_exec(c->db, &q, NULL, db_i64(rq->id), db_str(step ? step->name : "finish"),
	               db_str("It was cancelled while it was being deployed. What was created is "
	                      "being deleted."));
}

int saga_cancel(struct cmd *c, struct request *rq, const char *reason)
{
	const struct saga_step *step = NULL;
	int r;

	r = saga_current(c, rq, &step);
	if (!r)
		r = stop_steps(c, rq);
	if (r)
		return r;
	if (!rq->ordered)
		return request_move(c, rq, RE_CANCEL, reason);
	r = mark_cancelled_midway(c, rq, step);
	if (!r)
		r = request_move(c, rq, RE_ABORT, reason);
	return r ? r : order_deletion(c, rq);
}

int saga_roll_back(struct cmd *c, struct request *rq)
{
	struct cmd system = cmd_as_system(c);
	int r;

	r = request_move(c, rq, RE_ROLL_BACK, NULL);
	if (r)
		return r;
	return rq->ordered ? order_deletion(c, rq) : request_move(&system, rq, RE_UNDONE, NULL);
}

int saga_undone(struct cmd *c, struct request *rq)
{
	int r;

	rq->cost_running = false;
	r = set_undoing(c, rq, false);
	if (!r)
		r = end_step(c, rq, "done", NULL);
	return r ? r : request_move(c, rq, RE_UNDONE, NULL);
}

int saga_undo_failed(struct cmd *c, struct request *rq, const char *code, const char *text,
                     bool cost_running)
{
	static const struct db_query q = {
		.name = "undo_failure",
		.sql = "UPDATE workflow.request"
		       "   SET failure_step = $2, failure_code = $3, failure_text = $4"
		       " WHERE id = $1",
	};
	char detail[SAGA_DETAIL_MAX];
	int r;

	utf8_snprintf(detail, sizeof(detail), "%s: %s", saga_undo_step.label, text);
	rq->cost_running = cost_running;
	r = set_undoing(c, rq, false);
	if (!r)
		r = end_step(c, rq, "failed", text);
	if (!r)
		r = db_exec(c->db, &q, NULL, db_i64(rq->id), db_str(saga_undo_step.name),
		            db_str(code), db_str(text));
	return r ? r : request_move(c, rq, RE_UNDO_FAILED, detail);
}
