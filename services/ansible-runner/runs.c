#include "runs.h"

#include "buf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS                                                                                               \
	"r.id, r.attempt, r.request, r.project, r.server, r.timeout_s, r.fence, r.state, r.op, r.corr, r.name, " \
	"host(r.address) AS address, r.playbook, r.spool_offset, r.last_seq, r.ok, r.changed, r.failed, "     \
	"r.unreachable, r.skipped, r.launched_at IS NOT NULL AS launched, r.cancel_at IS NOT NULL AS cancel, "  \
	"(extract(epoch FROM now() - r.claimed_at) * 1000)::bigint AS waited_ms"

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static void read_row(const struct db_rows *rows, struct run_row *r)
{
	*r = (struct run_row){
		.id = db_get_i64(rows, "id"), .attempt = db_get_i64(rows, "attempt"), .request = db_get_i64(rows, "request"),
		.project = db_get_i64(rows, "project"), .server = db_get_i64(rows, "server"),
		.timeout_s = db_get_i64(rows, "timeout_s"), .fence = db_get_i64(rows, "fence"),
		.state = run_state_of(db_get_str(rows, "state")), .spool_offset = db_get_i64(rows, "spool_offset"),
		.last_seq = db_get_i64(rows, "last_seq"), .ok = db_get_i64(rows, "ok"), .changed = db_get_i64(rows, "changed"),
		.failed = db_get_i64(rows, "failed"), .unreachable = db_get_i64(rows, "unreachable"),
		.skipped = db_get_i64(rows, "skipped"), .launched = db_get_bool(rows, "launched"),
		.cancel = db_get_bool(rows, "cancel"), .waited_ms = db_get_i64(rows, "waited_ms"),
	};
	copy(r->op, sizeof(r->op), db_get_str(rows, "op"));
	copy(r->corr, sizeof(r->corr), db_get_str(rows, "corr"));
	copy(r->name, sizeof(r->name), db_get_str(rows, "name"));
	copy(r->address, sizeof(r->address), db_get_str(rows, "address"));
	copy(r->playbook, sizeof(r->playbook), db_get_str(rows, "playbook"));
}

/* ---- commands ----------------------------------------------------------------------------- */

int on_run_start(struct cmd *c, const void *body)
{
	static const struct db_query q = {
		.name = "run_put",
		.sql = "INSERT INTO runner.run (op, attempt, request, project, server, name, address, playbook, purpose, timeout_s, corr)"
		       " VALUES ($1::uuid, $2::int, $3::bigint, $4::bigint, $5::bigint, $6, $7::inet, $8, $9, $10::int, $11::uuid)"
		       " ON CONFLICT (op, attempt) DO NOTHING",
	};
	const struct run_start *in = body;

	log_info("run.queued", LOG_I64("request", in->request), LOG_STR("name", in->name), LOG_STR("playbook", in->playbook));
	return db_exec(c->db, &q, NULL, db_str(in->op), db_i64(in->attempt), db_i64(in->request), db_i64(in->project),
	               db_i64(in->server), db_str(in->name), db_str(in->address), db_str(in->playbook), db_str(in->purpose),
	               db_i64(in->timeout_s), db_str(c->corr[0] ? c->corr : NULL));
}

static void live_changed(struct cmd *c, int64_t id, int64_t version, const char *state, int64_t tasks, int64_t lines)
{
	char topic[40], json[256];

	snprintf(topic, sizeof(topic), "run/%" PRId64, id);
	snprintf(json, sizeof(json), "{\"topic\":\"%s\",\"seq\":%" PRId64 ",\"kind\":\"changed\",\"id\":%" PRId64 ",\"state\":\"%s\",\"tasks_done\":%" PRId64 ",\"lines\":%" PRId64 "}",
	         topic, version, id, state, tasks, lines);
	cmd_live(c, topic, json);
	snprintf(json, sizeof(json), "{\"topic\":\"runs\",\"seq\":%" PRId64 ",\"kind\":\"changed\",\"id\":%" PRId64 ",\"state\":\"%s\"}", version, id, state);
	cmd_live(c, "runs", json);
}

/* The JSON a person gets back; a service that cancels gets none. */
static int answer(struct cmd *c, int64_t run)
{
	static const struct db_query q = {
		.name = "run_answer",
		.sql = "SELECT api.run_get($1::bigint, $2::bigint, json_build_object('id', $3::bigint::text)::jsonb)::text AS json",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	if (!c->user)
		return 0;
	r = db_select(c->db, &q, &rows, db_i64(c->user), db_i64(c->generation), db_i64(run));
	if (!r && db_next(&rows))
		cmd_result(c, 200, db_get_str(&rows, "json"));
	return r;
}

/* What has not begun is cancelled at once; the owner of what has sees the wish. */
int on_run_cancel(struct cmd *c, const void *body)
{
	static const struct db_query q = {
		.name = "run_wish",
		.sql = "UPDATE runner.run SET cancel_at = coalesce(cancel_at, now()), cancel_by = coalesce(cancel_by, $2),"
		       "       cancel_reason = coalesce(cancel_reason, $3), version = version + 1,"
		       "       state = CASE WHEN state IN ('queued', 'waiting_lock') THEN 'cancelled' WHEN state = 'running' THEN 'cancelling' ELSE state END,"
		       "       reason = CASE WHEN state IN ('queued', 'waiting_lock') THEN 'cancelled' ELSE reason END,"
		       "       message = CASE WHEN state IN ('queued', 'waiting_lock') THEN 'The run was cancelled before it began.' ELSE message END,"
		       "       finished_at = CASE WHEN state IN ('queued', 'waiting_lock') THEN now() END"
		       " WHERE id = $1::bigint AND finished_at IS NULL"
		       " RETURNING op, attempt, request, server, state, version, tasks_done, last_seq",
	};
	const struct run_cancel *in = body;
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	char object[40];
	int r;

	r = db_select(c->db, &q, &rows, db_i64(in->run), db_str(c->actor), db_str(in->reason));
	if (r)
		return r;
	if (!db_next(&rows))
		return cmd_reject(c, 409, NULL, NULL, "This run has ended already.");
	snprintf(object, sizeof(object), "run:%" PRId64, in->run);
	r = cmd_audit(c, "run.cancel", object, "ok", NULL);
	live_changed(c, in->run, db_get_i64(&rows, "version"), db_get_str(&rows, "state"), db_get_i64(&rows, "tasks_done"),
	             db_get_i64(&rows, "last_seq"));
	if (!r && !strcmp(db_get_str(&rows, "state"), "cancelled")) {
		const struct run_finished out = { .run = in->run, .op = db_get_str(&rows, "op"), .request = db_get_i64(&rows, "request"),
			                          .attempt = db_get_i64(&rows, "attempt"), .server = db_get_i64(&rows, "server"),
			                          .state = "cancelled", .reason = "cancelled", .message = "The run was cancelled before it began." };

		r = cmd_send(c, &run_finished_msg, &out, NULL);
	}
	return r ? r : answer(c, in->run);
}

/* ---- owning ------------------------------------------------------------------------------- */

int run_claim(struct service *s, const char *place, struct run_row *ret)
{
	static const struct db_query q = {
		.name = "run_claim",
		.sql = "WITH c AS (SELECT x.id FROM runner.run x"
		       "            WHERE x.finished_at IS NULL AND (x.place IS NULL OR x.place = $2::uuid)"
		       "              AND (x.owner IS NULL OR (x.owner <> $1::uuid AND NOT bus.alive(x.owner)))"
		       "              AND (x.owner IS NOT NULL OR NOT EXISTS (SELECT FROM runner.run o WHERE o.server = x.server"
		       "                      AND o.state IN ('starting', 'running', 'cancelling')))"
		       "            ORDER BY x.id LIMIT 1 FOR UPDATE SKIP LOCKED)"
		       " UPDATE runner.run r SET owner = $1::uuid, fence = r.fence + 1, version = r.version + 1,"
		       "        state = CASE WHEN r.state IN ('queued', 'waiting_lock') THEN 'starting' ELSE r.state END,"
		       "        claimed_at = coalesce(r.claimed_at, now())"
		       "   FROM c WHERE r.id = c.id RETURNING " COLUMNS,
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	ret->id = 0;
	r = db_select(svc_db(s), &q, &rows, db_str(svc_instance(s)), db_str(place));
	if (!r && db_next(&rows))
		read_row(&rows, ret);
	return r == DB_E_CONFLICT ? 0 : r; /* two claimed for one server at the same moment: again later */
}

int run_refresh(struct service *s, struct run_row *r, bool *ret_mine)
{
	static const struct db_query q = {
		.name = "run_refresh",
		.sql = "SELECT " COLUMNS " FROM runner.run r WHERE r.id = $1::bigint AND r.owner = $2::uuid AND r.fence = $3::int"
		       " AND r.finished_at IS NULL",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int rc = db_select(svc_db(s), &q, &rows, db_i64(r->id), db_str(svc_instance(s)), db_i64(r->fence));

	if (rc)
		return rc;
	*ret_mine = db_next(&rows);
	if (*ret_mine)
		read_row(&rows, r);
	return 0;
}

static int touched(int r, int64_t n)
{
	return r ? r : n == 1 ? 0 : DB_E_CONFLICT;
}

int run_launching(struct cmd *c, struct run_row *r, const char *place)
{
	static const struct db_query q = {
		.name = "run_launching",
		.sql = "UPDATE runner.run SET launched_at = coalesce(launched_at, now()), place = $4::uuid"
		       " WHERE id = $1::bigint AND owner = $2::uuid AND fence = $3::int",
	};
	int64_t n = 0;
	int rc = db_exec(c->db, &q, &n, db_i64(r->id), db_str(svc_instance(c->svc)), db_i64(r->fence), db_str(place));

	return touched(rc, n);
}

static int tell_finished(struct cmd *c, const struct run_row *r, enum run_state to, const char *reason, const char *message)
{
	const struct run_finished out = { .run = r->id, .op = r->op, .request = r->request, .attempt = r->attempt, .server = r->server,
		                          .state = run_state_name(to), .reason = reason, .message = message, .ok = r->ok,
		                          .changed = r->changed, .failed = r->failed };
	char object[40], detail[120], agg[40];
	int rc;

	snprintf(object, sizeof(object), "run:%" PRId64, r->id);
	snprintf(detail, sizeof(detail), "{\"state\":\"%s\",\"request\":%" PRId64 "}", run_state_name(to), r->request);
	rc = cmd_audit(c, "run.finish", object, "ok", detail);
	snprintf(agg, sizeof(agg), "request:%" PRId64, r->request); /* after the steps it is the end of */
	return rc ? rc : cmd_send(c, &run_finished_msg, &out, agg);
}

int run_move(struct cmd *c, struct run_row *r, enum run_state to, const char *reason, const char *message, int64_t exit_code)
{
	static const struct db_query q = {
		.name = "run_move",
		.sql = "UPDATE runner.run SET state = $5, version = version + 1, reason = coalesce($6, reason), message = coalesce($7, message),"
		       "       exit_code = CASE WHEN $8::boolean THEN $9::int ELSE exit_code END,"
		       "       started_at = CASE WHEN $5 = 'running' THEN coalesce(started_at, now()) ELSE started_at END,"
		       "       finished_at = CASE WHEN $8::boolean THEN now() END"
		       " WHERE id = $1::bigint AND owner = $2::uuid AND fence = $3::int AND state = $4"
		       " RETURNING version, tasks_done, last_seq",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	bool final = run_state_final(to);
	int rc;

	if (!run_may_move(r->state, to))
		return -EPROTO;
	rc = db_select(c->db, &q, &rows, db_i64(r->id), db_str(svc_instance(c->svc)), db_i64(r->fence), db_str(run_state_name(r->state)),
	               db_str(run_state_name(to)), db_str(reason), db_str(message), db_bool(final), db_i64(exit_code));
	if (rc || !db_next(&rows))
		return rc ? rc : DB_E_CONFLICT;
	live_changed(c, r->id, db_get_i64(&rows, "version"), run_state_name(to), db_get_i64(&rows, "tasks_done"), db_get_i64(&rows, "last_seq"));
	log_info("run.moved", LOG_I64("run", r->id), LOG_STR("from", run_state_name(r->state)), LOG_STR("to", run_state_name(to)),
	         LOG_STR("reason", reason));
	return final ? tell_finished(c, r, to, reason, message) : 0;
}

int run_step(struct cmd *c, const struct run_row *r, const char *step, const char *state, const char *detail)
{
	const struct step_progress out = { .op = r->op, .request = r->request, .attempt = r->attempt, .step = step, .state = state, .detail = detail };
	char agg[40];

	snprintf(agg, sizeof(agg), "request:%" PRId64, r->request);
	return cmd_send(c, &step_progress_msg, &out, agg);
}

/* ---- the log ------------------------------------------------------------------------------ */

static int append_lines(struct cmd *c, const struct run_row *r, const char *json)
{
	static const struct db_query q = {
		.name = "run_lines",
		.sql = "INSERT INTO runner.run_log (run, at, seq, task, stream, text)"
		       " SELECT $1::bigint, to_timestamp(x.at / 1000.0), x.seq, x.task,"
		       "        CASE x.stream WHEN 'out' THEN 'o' WHEN 'err' THEN 'e' ELSE 's' END::\"char\", x.text"
		       "   FROM jsonb_to_recordset($2::jsonb) x(seq int, at bigint, stream text, task int, text text)"
		       " ON CONFLICT DO NOTHING",
	};

	return db_exec(c->db, &q, NULL, db_i64(r->id), db_str(json));
}

static int append_tasks(struct cmd *c, const struct run_row *r, const char *json)
{
	static const struct db_query q = {
		.name = "run_tasks",
		.sql = "INSERT INTO runner.run_task AS t (run, task, name, state, started_at, finished_at)"
		       " SELECT DISTINCT ON (x.task) $1::bigint, x.task, coalesce(x.text, ''), coalesce(x.state, 'running'), to_timestamp(x.at / 1000.0),"
		       "        CASE WHEN x.state IS NOT NULL THEN to_timestamp(x.at / 1000.0) END"
		       "   FROM jsonb_to_recordset($2::jsonb) x(task int, at bigint, text text, state text) ORDER BY x.task, x.state NULLS LAST"
		       " ON CONFLICT (run, task) DO UPDATE SET state = excluded.state, finished_at = excluded.finished_at"
		       "   WHERE excluded.state <> 'running'",
	};

	return db_exec(c->db, &q, NULL, db_i64(r->id), db_str(json));
}

int run_append(struct cmd *c, struct run_row *r, const struct run_news *n)
{
	static const struct db_query q = {
		.name = "run_progress",
		.sql = "UPDATE runner.run SET spool_offset = $4::bigint, last_seq = greatest(last_seq, $5::int), version = version + 1,"
		       "       tasks_done = greatest(tasks_done, $6::int),"
		       "       ok = coalesce($7::int, ok), changed = coalesce($8::int, changed), failed = coalesce($9::int, failed),"
		       "       unreachable = coalesce($10::int, unreachable), skipped = coalesce($11::int, skipped)"
		       " WHERE id = $1::bigint AND owner = $2::uuid AND fence = $3::int RETURNING version, state, tasks_done, last_seq",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	struct db_arg stat[5];
	int rc = 0;

	for (int i = 0; i < 5; i++)
		stat[i] = n->stats ? db_i64(n->stats[i]) : db_str(NULL);
	rc = db_select(c->db, &q, &rows, db_i64(r->id), db_str(svc_instance(c->svc)), db_i64(r->fence), db_i64(n->offset),
	               db_i64(n->last_seq), db_i64(n->tasks_done), stat[0], stat[1], stat[2], stat[3], stat[4]);
	if (rc || !db_next(&rows))
		return rc ? rc : DB_E_CONFLICT;
	if (n->lines_json)
		rc = append_lines(c, r, n->lines_json);
	if (!rc && n->tasks_json)
		rc = append_tasks(c, r, n->tasks_json);
	live_changed(c, r->id, db_get_i64(&rows, "version"), db_get_str(&rows, "state"), db_get_i64(&rows, "tasks_done"),
	             db_get_i64(&rows, "last_seq"));
	return rc;
}
