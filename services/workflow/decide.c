#include "decide.h"
#include "project.h"
#include "saga.h"

#include <string.h>

#define TRIES_MAX 5

struct deciding {
	struct request rq;
	const void *body;
	bool automatic; /* the project begins what is approved at once; known under its lock */
};

/* ---- what must hold besides the state ------------------------------------------------------ */

/*
 * Four eyes, again under the lock: authz has refused the requester already,
 * unless the setting lets a sole administrator decide about his own request.
 */
static int second_person(struct cmd *c, struct deciding *d)
{
	static const struct db_query q = {
		.name = "sole_administrator",
		.sql = "SELECT authz.sole_administrator($1::bigint) AS sole",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	if (d->rq.requester != c->user)
		return 0;
	r = db_select(c->db, &q, &rows, db_i64(c->user));
	if (r)
		return r;
	d->rq.self_approval = db_next(&rows) && db_get_bool(&rows, "sole");
	if (d->rq.self_approval)
		return 0;
	return cmd_reject(
		c, 403, NULL, NULL,
		"You asked for this server yourself, so somebody else has to decide about it.");
}

static int not_undoing(struct cmd *c, struct deciding *d)
{
	if (!d->rq.undoing)
		return 0;
	return cmd_reject(c, 409, NULL, request_state_name(d->rq.state),
	                  "What was created is being deleted. Wait until that has ended.");
}

static int tries_left(struct cmd *c, struct deciding *d)
{
	if (d->rq.tries < TRIES_MAX)
		return 0;
	return cmd_reject(c, 409, NULL, request_state_name(d->rq.state),
	                  "It was tried %d times. Roll it back, find the cause, and ask again.",
	                  d->rq.tries);
}

static int name_typed(struct cmd *c, struct deciding *d)
{
	const struct request_rollback *in = d->body;

	if (!strcmp(in->name, d->rq.name))
		return 0;
	return cmd_reject(c, 422, "name", NULL,
	                  "This is not the server's name. Type %s to delete it.", d->rq.name);
}

/* ---- what is done --------------------------------------------------------------------------- */

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

static int approve(struct cmd *c, struct deciding *d)
{
	struct cmd system = cmd_as_system(c);
	int r;

	r = record_decision(c, &d->rq, NULL);
	if (!r)
		r = request_move(c, &d->rq, RE_APPROVE, NULL);
	return r || !d->automatic ? r : saga_start(&system, &d->rq);
}

static int reject(struct cmd *c, struct deciding *d)
{
	const struct request_reject *in = d->body;
	int r = record_decision(c, &d->rq, in->reason);

	return r ? r : request_move(c, &d->rq, RE_REJECT, in->reason);
}

static int cancel(struct cmd *c, struct deciding *d)
{
	const struct request_cancel *in = d->body;
	int r = record_reason(c, &d->rq, in->reason);

	if (r)
		return r;
	if (d->rq.state == RS_DEPLOYING)
		return saga_cancel(c, &d->rq, in->reason);
	return request_move(c, &d->rq, RE_CANCEL, in->reason);
}

static int provision(struct cmd *c, struct deciding *d)
{
	return saga_start(c, &d->rq);
}

static int retry(struct cmd *c, struct deciding *d)
{
	return saga_retry(c, &d->rq);
}

static int roll_back(struct cmd *c, struct deciding *d)
{
	return saga_roll_back(c, &d->rq);
}

/* ---- the decisions -------------------------------------------------------------------------- */

/* clang-format off */
static const struct decision {
	const struct msg_def *msg;
	enum request_event event;
	bool project; /* under its lock: approvals at once count the same money one after the other */
	int (*guards[2])(struct cmd *c, struct deciding *d);
	int (*act)(struct cmd *c, struct deciding *d);
} decisions[] = {
	{ &request_approve_msg,   RE_APPROVE,   true,  { second_person },           approve   },
	{ &request_reject_msg,    RE_REJECT,    false, { second_person },           reject    },
	{ &request_cancel_msg,    RE_CANCEL,    false, { NULL },                    cancel    },
	{ &request_provision_msg, RE_PROVISION, true,  { NULL },                    provision },
	{ &request_retry_msg,     RE_RETRY,     true,  { not_undoing, tries_left }, retry     },
	{ &request_rollback_msg,  RE_ROLL_BACK, false, { not_undoing, name_typed }, roll_back },
};
/* clang-format on */

int on_request_decision(struct cmd *c, const void *body)
{
	const struct request_approve *in = body; /* what all of them begin with */
	const struct decision *how = decisions;
	struct deciding d = { .body = body };
	int r = 0;

	while (how->msg != c->msg)
		how++;
	if (how->project)
		r = project_lock_of_request(c, in->request, &d.automatic);
	if (!r)
		r = request_lock(c, in->request, &d.rq);
	if (!r)
		r = request_expect(c, &d.rq, how->event, in->version);
	for (size_t i = 0; i < 2 && how->guards[i] && !r; i++)
		r = how->guards[i](c, &d);
	if (!r)
		r = how->act(c, &d);
	request_release(&d.rq);
	return r ? r : request_answer(c, 200, in->request);
}
