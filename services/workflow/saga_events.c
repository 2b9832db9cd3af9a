#include "saga_events.h"
#include "project.h"
#include "saga.h"

#include <string.h>

#define RERUNS_MAX 2

/* Locks the request. *ret_ours: the event is about its operation. */
static int lock(struct cmd *c, int64_t id, const char *op, struct request *rq, bool *ret_ours)
{
	int r = request_lock(c, id, rq);

	*ret_ours = !r && rq->id && !strcmp(rq->op, op);
	if (!r && !*ret_ours)
		log_warn("saga.foreign_event", LOG_STR("type", c->msg->type),
		         LOG_I64("request", id), LOG_STR("op", op));
	return r;
}

static bool current(const struct cmd *c, const struct request *rq, int64_t attempt)
{
	if (rq->state == RS_DEPLOYING && rq->attempt == attempt)
		return true;
	log_info("saga.late_event", LOG_STR("type", c->msg->type), LOG_I64("request", rq->id),
	         LOG_I64("attempt", attempt), LOG_I64("now", rq->attempt),
	         LOG_STR("state", request_state_name(rq->state)));
	return false;
}

/* When an owner has ended a step it is at its next one, whether it says so or not. */
static int begin_following(struct cmd *c, struct request *rq, const struct saga_step *step)
{
	const struct saga_step *next;
	int r = saga_current(c, rq, &next);

	if (r || !next || next->owner != step->owner)
		return r;
	return saga_step_running(c, rq, next, NULL);
}

int on_step_progress(struct cmd *c, const void *body)
{
	_cleanup_(request_release) struct request rq = { 0 };
	const struct step_progress *in = body;
	const struct saga_step *step = saga_step(in->step);
	struct cmd system = cmd_as_system(c);
	bool ours, news = false;
	int r;

	r = lock(c, in->request, in->op, &rq, &ours);
	if (r || !ours || !current(c, &rq, in->attempt))
		return r;
	if (!step || step->owner == SVC_WORKFLOW) {
		log_warn("saga.unknown_step", LOG_I64("request", rq.id), LOG_STR("step", in->step));
		return 0;
	}
	if (!strcmp(in->state, "running"))
		return saga_step_running(&system, &rq, step, in->detail);
	r = saga_step_done(&system, &rq, step, !strcmp(in->state, "skipped"), in->detail, &news);
	return r || !news ? r : begin_following(&system, &rq, step);
}

/* All that @owner had to do is done: steps it did not speak of, too. */
static int owner_done(struct cmd *c, struct request *rq, enum svc owner)
{
	int r = 0;

	for (const struct saga_step *s = saga_steps; s->name && !r; s++)
		if (s->owner == owner)
			r = saga_step_done(c, rq, s, false, NULL, NULL);
	return r;
}

/*
 * A server that turns up late is remembered as well: it costs money and can be
 * rolled back. IPv6 comes as a network; the server answers at its first address.
 */
static int record_server(struct cmd *c, const struct request *rq, const struct server_created *in)
{
	static const struct db_query q = {
		.name = "server_record",
		.sql = "UPDATE workflow.request"
		       "   SET server_id = $2, cost_running = (state = 'failed'),"
		       "       address = coalesce(nullif($3, '')::inet,"
		       "           (SELECT CASE WHEN masklen(n) < 128 THEN set_masklen(n, 128) + 1"
		       "                   ELSE n END FROM (SELECT nullif($4, '')::inet) t(n)))"
		       " WHERE id = $1 AND state IN ('deploying', 'failed')",
	};

	return db_exec(c->db, &q, NULL, db_i64(rq->id), db_i64(in->server), db_str(in->ipv4),
	               db_str(in->ipv6));
}

int on_server_created(struct cmd *c, const void *body)
{
	_cleanup_(request_release) struct request rq = { 0 };
	const struct server_created *in = body;
	struct cmd system = cmd_as_system(c);
	bool ours, now;
	int r;

	r = lock(c, in->request, in->op, &rq, &ours);
	if (r || !ours)
		return r;
	now = current(c, &rq, in->attempt);
	r = record_server(c, &rq, in);
	request_release(&rq);
	if (!r)
		r = request_lock(c, in->request, &rq); /* with the server in it */
	if (r || !now)
		return r;
	r = owner_done(&system, &rq, SVC_HETZNER);
	return r ? r : saga_advance(&system, &rq);
}

int on_server_failed(struct cmd *c, const void *body)
{
	_cleanup_(request_release) struct request rq = { 0 };
	const struct server_failed *in = body;
	const struct saga_step *step = saga_step(in->step);
	struct cmd system = cmd_as_system(c);
	bool ours;
	int r;

	r = lock(c, in->request, in->op, &rq, &ours);
	if (r || !ours)
		return r;
	/* what the creation still says of itself while it is being undone is history */
	if (rq.undoing && !strcmp(in->step, saga_undo_step.name))
		return saga_undo_failed(&system, &rq, in->code, in->message, in->cost_running);
	if (!current(c, &rq, in->attempt))
		return 0;
	if (!step)
		step = saga_step("create_server");
	return saga_fail(&system, &rq, step, in->code, in->message, in->cost_running);
}

int on_server_deleted(struct cmd *c, const void *body)
{
	_cleanup_(request_release) struct request rq = { 0 };
	const struct server_deleted *in = body;
	struct cmd system = cmd_as_system(c);
	bool ours;
	int r;

	r = lock(c, in->request, in->op, &rq, &ours);
	if (r || !ours || !rq.undoing)
		return r;
	return saga_undone(&system, &rq);
}

/* ---- the baseline run --------------------------------------------------------------------- */

static const struct {
	const char *state, *text;
} run_ends[] = {
	{ "timed_out", "The playbook did not finish in time." },
	{ "cancelled", "The playbook was cancelled." },
	{ "lost",
	  "The runner was interrupted several times; nobody knows how far the playbook came." },
	{ "", "The playbook failed. Its log says at which task." },
};

static const char *run_text(const struct run_finished *in)
{
	if (in->message && *in->message)
		return in->message;
	for (size_t i = 0;; i++)
		if (!*run_ends[i].state || !strcmp(run_ends[i].state, in->state))
			return run_ends[i].text;
}

/* The step at which the run ended: the first of the runner's that is not done. */
static int run_step(struct cmd *c, const struct request *rq, const struct saga_step **ret)
{
	int r = saga_current(c, rq, ret);

	if (!r && (!*ret || (*ret)->owner != SVC_RUNNER))
		*ret = saga_step("baseline");
	return r;
}

int on_run_finished(struct cmd *c, const void *body)
{
	_cleanup_(request_release) struct request rq = { 0 };
	const struct run_finished *in = body;
	const struct saga_step *step;
	struct cmd system = cmd_as_system(c);
	bool ours;
	int r;

	r = lock(c, in->request, in->op, &rq, &ours);
	if (r || !ours || !current(c, &rq, in->attempt))
		return r;
	if (!strcmp(in->state, "succeeded")) {
		r = owner_done(&system, &rq, SVC_RUNNER);
		return r ? r : saga_advance(&system, &rq);
	}
	r = run_step(c, &rq, &step);
	if (r)
		return r;
	if (!strcmp(in->state, "lost") && rq.reruns < RERUNS_MAX)
		return saga_rerun(&system, &rq, step);
	return saga_fail(&system, &rq, step, in->reason && *in->reason ? in->reason : in->state,
	                 run_text(in), true);
}

/* ---- sagas that wait for their project ----------------------------------------------------- */

static int advance_waiting(struct cmd *c, int64_t project)
{
	static const struct db_query q = {
		.name = "saga_waiting",
		.sql = "SELECT r.id FROM workflow.request r"
		       "  JOIN workflow.request_step s ON s.request = r.id"
		       " WHERE r.project = $1 AND r.state = 'deploying'"
		       "   AND s.step = 'validate' AND s.state = 'running'"
		       " ORDER BY r.id",
	};
	static const struct db_query due = {
		.name = "saga_due_now",
		.sql = "UPDATE workflow.request_step SET due_at = now()"
		       " WHERE request = $1 AND step = 'validate' AND state = 'running'",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	struct cmd system = cmd_as_system(c);
	int r;

	r = project_lock(c, project);
	if (!r)
		r = db_select(c->db, &q, &rows, db_i64(project));
	while (!r && db_next(&rows)) {
		_cleanup_(request_release) struct request rq = { 0 };

		r = request_lock(c, db_get_i64(&rows, "id"), &rq);
		if (r || rq.state != RS_DEPLOYING)
			continue;
		r = db_exec(c->db, &due, NULL, db_i64(rq.id));
		if (!r)
			r = saga_advance(&system, &rq);
	}
	return r;
}

int on_token_checked(struct cmd *c, const void *body)
{
	return advance_waiting(c, ((const struct token_checked *)body)->project);
}

int on_identity_created(struct cmd *c, const void *body)
{
	return advance_waiting(c, ((const struct identity_created *)body)->project);
}
