#include "run.h"

#include "buf.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SAY_BYTES 4000 /* a run's message is at most 600 characters */

static void copy(char *to, size_t room, const char *from)
{
	snprintf(to, room, "%s", from ? from : "");
}

void run_read(const struct db_rows *rows, struct run *ret)
{
	*ret = (struct run){
		.id = db_get_i64(rows, "id"),
		.request = db_get_i64(rows, "request"),
		.project = db_get_i64(rows, "project"),
		.server = db_get_i64(rows, "server"),
		.attempt = (int)db_get_i64(rows, "attempt"),
		.fence = (int)db_get_i64(rows, "fence"),
		.timeout_s = (int)db_get_i64(rows, "timeout_s"),
		.rank = (int)db_get_i64(rows, "rank"),
		.offset = db_get_i64(rows, "spool_offset"),
		.waiting_s = db_get_i64(rows, "waiting_s"),
		.cancel = db_get_bool(rows, "cancel"),
		.kill = db_get_bool(rows, "kill"),
		.cancelling_s = db_get_i64(rows, "cancelling_s"),
	};
	copy(ret->op, sizeof(ret->op), db_get_str(rows, "op"));
	copy(ret->corr, sizeof(ret->corr), db_get_str(rows, "corr"));
	copy(ret->place, sizeof(ret->place), db_get_str(rows, "place"));
	copy(ret->state, sizeof(ret->state), db_get_str(rows, "state"));
	copy(ret->name, sizeof(ret->name), db_get_str(rows, "name"));
	copy(ret->address, sizeof(ret->address), db_get_str(rows, "address"));
	copy(ret->playbook, sizeof(ret->playbook), db_get_str(rows, "playbook"));
}

void run_correlate(struct cmd *c, const struct run *run)
{
	if (!*run->corr)
		return;
	memcpy(c->corr, run->corr, sizeof(c->corr));
	log_correlation(c->corr);
}

void run_live(struct cmd *c, const struct db_rows *rows, bool listed)
{
	const char *state = db_get_str(rows, "state");
	int64_t id = db_get_i64(rows, "id"), version = db_get_i64(rows, "version");
	char topic[40], json[300];

	snprintf(topic, sizeof(topic), "run/%" PRId64, id);
	snprintf(json, sizeof(json),
	         "{\"topic\":\"%s\",\"seq\":%" PRId64 ",\"kind\":\"changed\",\"id\":%" PRId64
	         ",\"state\":\"%s\","
	         "\"tasks_done\":%" PRId64 ",\"lines\":%" PRId64 "}",
	         topic, version, id, state, db_get_i64(rows, "tasks_done"),
	         db_get_i64(rows, "last_seq"));
	cmd_live(c, topic, json);
	if (listed)
		cmd_live_list(c, "runs");
}

int run_insert(struct cmd *c, const struct run_start *in, int64_t *ret_id)
{
	static const struct db_query q = {
		.name = "run_insert",
		.sql = "INSERT INTO runner.run AS r (op, attempt, request, project, server, name, "
		       "address, playbook, purpose,"
		       "   timeout_s, corr, priority)"
		       " VALUES ($1::uuid, $2::int, $3::bigint, $4::bigint, $5::bigint, $6, "
		       "$7::inet, $8, $9, $10::int, $11::uuid, coalesce($12, 'normal'))"
		       " ON CONFLICT (op, attempt) DO NOTHING RETURNING r.id, r.state, r.version, "
		       "r.tasks_done, r.last_seq",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	r = db_select(c->db, &q, &rows, db_str(in->op), db_i64(in->attempt), db_i64(in->request),
	              db_i64(in->project), db_i64(in->server), db_str(in->name),
	              db_str(in->address), db_str(in->playbook), db_str(in->purpose),
	              db_i64(in->timeout_s), db_str(c->corr[0] ? c->corr : NULL),
	              db_str(in->priority));
	if (r)
		return r;
	*ret_id = 0;
	if (db_next(&rows)) {
		*ret_id = db_get_i64(&rows, "id");
		run_live(c, &rows, true);
	}
	return 0;
}

int run_lock(struct cmd *c, int64_t id, struct run *ret, bool *ret_found)
{
	static const struct db_query q = {
		.name = "run_lock",
		.sql = "SELECT " RUN_COLUMNS
		       " FROM runner.run r WHERE r.id = $1::bigint FOR UPDATE",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows, db_i64(id));

	if (r)
		return r;
	*ret_found = db_next(&rows);
	if (*ret_found)
		run_read(&rows, ret);
	return 0;
}

int run_has_room(struct cmd *c, const struct run *run, int64_t most, bool *ret)
{
	static const struct db_query q = {
		.name = "run_has_room",
		.sql = "SELECT runner.has_room($1::bigint, $2::int) AS room",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows, db_i64(run->project), db_i64(most));

	*ret = !r && db_next(&rows) && db_get_bool(&rows, "room");
	return r;
}

int run_launched(struct cmd *c, struct run *run, const char *place)
{
	static const struct db_query q = {
		.name = "run_launched",
		.sql = "UPDATE runner.run r SET state = $4, place = $5::uuid, version = r.version "
		       "+ 1,"
		       "   launched_at = clock_timestamp(), started_at = clock_timestamp()"
		       " WHERE r.id = $1::bigint AND r.owner = $2::uuid AND r.fence = $3::int AND "
		       "r.state = $6"
		       " RETURNING r.id, r.state, r.version, r.tasks_done, r.last_seq",
	};
	const struct run_transition *t = run_next("starting", RUN_LAUNCHED);
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	r = db_select(c->db, &q, &rows, db_i64(run->id), db_str(svc_instance(c->svc)),
	              db_i64(run->fence), db_str(t->to), db_str(place), db_str(t->from));
	if (r)
		return r;
	if (!db_next(&rows))
		return RUN_E_NOT_OURS;
	log_info("run.moved", LOG_I64("run", run->id), LOG_STR("to", t->to),
	         LOG_STR("why", t->why));
	run_live(c, &rows, true);
	return 0;
}

int run_cancelling(struct cmd *c, struct run *run, const char *actor, const char *reason)
{
	static const struct db_query q = {
		.name = "run_cancelling",
		.sql = "UPDATE runner.run r SET state = 'cancelling', version = r.version + 1,"
		       "   kill_at = CASE WHEN r.cancel_at IS NULL THEN NULL ELSE "
		       "clock_timestamp() END,"
		       "   cancel_at = coalesce(r.cancel_at, clock_timestamp()), cancel_by = "
		       "coalesce(r.cancel_by, $2),"
		       "   cancel_reason = coalesce(r.cancel_reason, $3)"
		       " WHERE r.id = $1::bigint AND r.state IN ('running', 'cancelling')"
		       " RETURNING r.id, r.state, r.version, r.tasks_done, r.last_seq",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows, db_i64(run->id), db_str(actor), db_str(reason));

	if (!r && db_next(&rows))
		run_live(c, &rows, true);
	return r;
}

/* The line goes to those who watch, too. */
static void show(struct cmd *c, int64_t id, int64_t seq, const char *text)
{
	struct buf json;
	struct timespec now;
	char topic[40];

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(topic, sizeof(topic), "run/%" PRId64 "/log", id);
	buf_init(&json, 8192);
	buf_fmt(&json,
	        "{\"topic\":\"%s\",\"seq\":%" PRId64 ",\"first\":%" PRId64 ",\"lines\":[[%" PRId64
	        ",%lld,\"system\",0,",
	        topic, seq, seq, seq, (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	buf_json_str(&json, text);
	buf_str(&json, "]]}");
	cmd_live(c, topic, json.data);
	buf_release(&json);
}

int run_say(struct cmd *c, const struct run *run, const char *fmt, ...)
{
	static const struct db_query q = {
		.name = "run_say",
		.sql = "SELECT s AS seq FROM runner.say($1::bigint, $2) s",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	char text[SAY_BYTES];
	va_list ap;
	int r;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text[utf8_cut(text, sizeof(text) - 1)] = '\0';
	r = db_select(c->db, &q, &rows, db_i64(run->id), db_str(text));
	if (!r && db_next(&rows))
		show(c, run->id, db_get_i64(&rows, "seq"), text);
	return r;
}

int run_step(struct cmd *c, const struct run *run, const char *step, const char *state,
             const char *detail)
{
	const struct step_progress out = { .op = run->op,
		                           .request = run->request,
		                           .attempt = run->attempt,
		                           .step = step,
		                           .state = state,
		                           .detail = detail };
	char agg[40];

	snprintf(agg, sizeof(agg), "request:%" PRId64, run->request);
	return cmd_send(c, &step_progress_msg, &out, agg);
}
