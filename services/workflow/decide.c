#include "decide.h"
#include "project.h"
#include "saga.h"

#include <string.h>

#define TRIES_MAX 5

/*
 * Four eyes, again under the lock: authz has refused the requester already,
 * unless the setting lets a sole administrator decide about his own request.
 */
static int second_person(struct cmd *c, struct request *rq)
{
	static const struct db_query q = {
		.name = "sole_administrator",
		.sql = "SELECT authz.sole_administrator($1::bigint) AS sole",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	if (rq->requester != c->user)
		return 0;
	r = db_select(c->db, &q, &rows, db_i64(c->user));
	if (r)
		return r;
	rq->self_approval = db_next(&rows) && db_get_bool(&rows, "sole");
	if (rq->self_approval)
		return 0;
	return cmd_reject(
		c, 403, NULL, NULL,
		"You asked for this server yourself, so somebody else has to decide about it.");
}

static int record_decision(struct cmd *c, const struct request *rq, const char *reason)
{
	static const struct db_query q = {
		.name = "decision_record",
		.sql = "UPDATE workflow.request"
		       "   SET decided_by = $2::bigint, decided_at = now(), reason = $3"
		       " WHERE id = $1",
	};

	return db_exec(c->db, &q, NULL, db_i64(rq->id), db_i64(c->user), db_str(reason));
}

static int record_reason(struct cmd *c, const struct request *rq, const char *reason)
{
	static const struct db_query q = {
		.name = "reason_record",
		.sql = "UPDATE workflow.request SET reason = coalesce(nullif($2, ''), reason)"
		       " WHERE id = $1",
	};

	return db_exec(c->db, &q, NULL, db_i64(rq->id), db_str(reason));
}

/* The project is locked first: fifty approvals at once count the same money one after the other. */
int on_request_approve(struct cmd *c, const void *body)
{
	_cleanup_(request_release) struct request rq = { 0 };
	const struct request_approve *in = body;
	struct cmd system = cmd_as_system(c);
	bool automatic = false;
	int r;

	r = project_lock_of_request(c, in->request, &automatic);
	if (!r)
		r = request_lock(c, in->request, &rq);
	if (!r)
		r = request_expect(c, &rq, RE_APPROVE, in->version);
	if (!r)
		r = second_person(c, &rq);
	if (!r)
		r = record_decision(c, &rq, NULL);
	if (!r)
		r = request_move(c, &rq, RE_APPROVE, NULL);
	if (!r && automatic)
		r = saga_start(&system, &rq);
	return r ? r : request_answer(c, 200, in->request);
}

int on_request_reject(struct cmd *c, const void *body)
{
	_cleanup_(request_release) struct request rq = { 0 };
	const struct request_reject *in = body;
	int r;

	r = request_lock(c, in->request, &rq);
	if (!r)
		r = request_expect(c, &rq, RE_REJECT, in->version);
	if (!r)
		r = second_person(c, &rq);
	if (!r)
		r = record_decision(c, &rq, in->reason);
	if (!r)
		r = request_move(c, &rq, RE_REJECT, in->reason);
	return r ? r : request_answer(c, 200, in->request);
}

int on_request_cancel(struct cmd *c, const void *body)
{
	_cleanup_(request_release) struct request rq = { 0 };
	const struct request_cancel *in = body;
	int r;

	r = request_lock(c, in->request, &rq);
	if (!r)
		r = request_expect(c, &rq, RE_CANCEL, in->version);
	if (!r)
		r = record_reason(c, &rq, in->reason);
	if (r)
		return r;
	if (rq.state == RS_DEPLOYING)
		r = saga_cancel(c, &rq, in->reason);
	else
		r = request_move(c, &rq, RE_CANCEL, in->reason);
	return r ? r : request_answer(c, 200, in->request);
}

int on_request_provision(struct cmd *c, const void *body)
{
	_cleanup_(request_release) struct request rq = { 0 };
	const struct request_provision *in = body;
	bool automatic;
	int r;

	r = project_lock_of_request(c, in->request, &automatic);
	if (!r)
		r = request_lock(c, in->request, &rq);
	if (!r)
		r = request_expect(c, &rq, RE_PROVISION, in->version);
	if (!r)
		r = saga_start(c, &rq);
	return r ? r : request_answer(c, 200, in->request);
}

static int not_undoing(struct cmd *c, const struct request *rq)
{
	if (!rq->undoing)
		return 0;
	return cmd_reject(c, 409, NULL, request_state_name(rq->state),
	                  "What was created is being deleted. Wait until that has ended.");
}

int on_request_retry(struct cmd *c, const void *body)
{
	_cleanup_(request_release) struct request rq = { 0 };
	const struct request_retry *in = body;
	bool automatic;
	int r;

	r = project_lock_of_request(c, in->request, &automatic);
	if (!r)
		r = request_lock(c, in->request, &rq);
	if (!r)
		r = request_expect(c, &rq, RE_RETRY, in->version);
	if (!r)
		r = not_undoing(c, &rq);
	if (!r && rq.tries >= TRIES_MAX)
		r = cmd_reject(
			c, 409, NULL, request_state_name(rq.state),
			"It was tried %d times. Roll it back, find the cause, and ask again.",
			rq.tries);
	if (!r)
		r = saga_retry(c, &rq);
	return r ? r : request_answer(c, 200, in->request);
}

int on_request_rollback(struct cmd *c, const void *body)
{
	_cleanup_(request_release) struct request rq = { 0 };
	const struct request_rollback *in = body;
	int r;

	r = request_lock(c, in->request, &rq);
	if (!r)
		r = request_expect(c, &rq, RE_ROLL_BACK, in->version);
	if (!r)
		r = not_undoing(c, &rq);
	if (!r && strcmp(in->name, rq.name))
		r = cmd_reject(c, 422, "name", NULL,
		               "This is not the server's name. Type %s to delete it.", rq.name);
	if (!r)
		r = saga_roll_back(c, &rq);
	return r ? r : request_answer(c, 200, in->request);
}
