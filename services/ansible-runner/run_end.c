#include "run_end.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int end_row(struct cmd *c, const struct run *run, const struct run_transition *t,
                   const struct run_outcome *how, const char *message, struct db_rows *rows)
{
	static const struct db_query q = {
		.name = "run_end",
		.sql = "SELECT " RUN_COLUMNS " FROM runner.end_run($1::bigint, $2, $3, $4::uuid, "
		                             "$5::int, $6, $7, $8::int) r",
	};
	int r = db_select(c->db, &q, rows, db_i64(run->id), db_str(t->from), db_str(t->to),
	                  db_str(how->ours ? svc_instance(c->svc) : NULL), db_i64(run->fence),
	                  db_str(how->reason), db_str(message), db_i64(how->exit));

	if (r)
		return r;
	return db_next(rows) ? 0 : RUN_E_NOT_OURS;
}

static int tell_workflow(struct cmd *c, const struct run *run, const struct db_rows *rows,
                         const char *state, const char *reason)
{
	const struct run_finished out = {
		.run = run->id,
		.op = run->op,
		.request = run->request,
		.attempt = run->attempt,
		.server = run->server,
		.state = state,
		.reason = reason,
		.message = db_get_str(rows, "message"),
		.ok = db_get_i64(rows, "ok"),
		.changed = db_get_i64(rows, "changed"),
		.failed = db_get_i64(rows, "failed"),
	};
	char agg[40];

	snprintf(agg, sizeof(agg), "request:%" PRId64, run->request);
	return cmd_send(c, &run_finished_msg, &out, agg);
}

static int write_down(struct cmd *c, const struct run *run, const char *state, const char *reason)
{
	char object[40], detail[160];

	snprintf(object, sizeof(object), "run:%" PRId64, run->id);
	snprintf(detail, sizeof(detail), "{\"state\":\"%s\",\"reason\":\"%s\"}", state,
	         reason ? reason : "");
	return cmd_audit(c, "run.end", object, "ok", detail);
}

static const char *sentence(const struct run *run, const struct run_outcome *how, char text[200])
{
	if (how->message)
		return how->message;
	switch (how->event) {
	case RUN_OK:
		return "Every task succeeded.";
	case RUN_FAILED:
		return "The playbook failed. The log says at which task."; /* unless a task has said
		                                                              it better */
	case RUN_TIMED_OUT:
		snprintf(text, 200,
		         "It was not done within %d minutes and was ended. What it had begun on "
		         "the server may still go on.",
		         (run->timeout_s + 59) / 60);
		return text;
	case RUN_GONE:
		if (!strcmp(run->state, "cancelling"))
			return "It did not end when asked and was killed. What it had begun on the "
			       "server may still go on.";
		return "The run was interrupted from outside. Nobody knows how far the playbook "
		       "came on the server.";
	default:
		return "The run was ended.";
	}
}

int run_end(struct cmd *c, const struct run *run, const struct run_outcome *how)
{
	const struct run_transition *t = run_next(run->state, how->event);
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	char text[200];
	int r;

	if (!t)
		return RUN_E_NOT_OURS;
	r = end_row(c, run, t, how, sentence(run, how, text), &rows);
	if (r)
		return r;
	log_info("run.moved", LOG_I64("run", run->id), LOG_STR("to", t->to), LOG_STR("why", t->why),
	         LOG_STR("reason", how->reason));
	if (!strcmp(t->to, "succeeded"))
		r = run_step(c, run, "baseline", "done", NULL);
	else
		r = run_say(c, run, "%s", db_get_str(&rows, "message"));
	if (!r)
		r = tell_workflow(c, run, &rows, t->to, how->reason);
	if (!r)
		r = write_down(c, run, t->to, how->reason);
	if (!r)
		run_live(c, &rows, true);
	return r;
}
