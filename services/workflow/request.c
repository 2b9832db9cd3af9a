#include "request.h"
#include "buf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- the row ------------------------------------------------------------------------------ */

static void read_row(struct request *rq)
{
	const struct db_rows *rows = &rq->rows;

	rq->id = db_get_i64(rows, "id");
	rq->version = db_get_i64(rows, "version");
	rq->project = db_get_i64(rows, "project");
	rq->requester = db_get_i64(rows, "requester");
	rq->total_minor = db_get_i64(rows, "total_minor");
	rq->server_id = db_get_i64(rows, "server_id");
	rq->state = request_state_of(db_get_str(rows, "state"));
	rq->attempt = (int)db_get_i64(rows, "attempt");
	rq->tries = (int)db_get_i64(rows, "tries");
	rq->reruns = (int)db_get_i64(rows, "reruns");
	rq->progress = (int)db_get_i64(rows, "progress");
	rq->ordered = db_get_bool(rows, "ordered");
	rq->undoing = db_get_bool(rows, "undoing");
	rq->cost_running = db_get_bool(rows, "cost_running");
	rq->op = db_get_str(rows, "op");
	rq->name = db_get_str(rows, "name");
	rq->client = db_get_str(rows, "client");
	rq->server_type = db_get_str(rows, "server_type");
	rq->location = db_get_str(rows, "location");
	rq->image = db_get_str(rows, "image");
	rq->currency = db_get_str(rows, "currency");
	rq->address = db_get_str(rows, "address");
	rq->priority = db_get_str(rows, "priority");
}

int request_lock(struct cmd *c, int64_t id, struct request *ret_rq)
{
	static const struct db_query q = {
		.name = "request_lock",
		.sql = "SELECT id, version, project, requester, total_minor, server_id, state,"
		       "       attempt, tries, reruns, progress, ordered, undoing, cost_running,"
		       "       op, name, client, server_type, location, image, currency,"
		       "       host(address) AS address, priority"
		       "  FROM workflow.request"
		       " WHERE id = $1 FOR UPDATE",
	};
	int r;

	r = db_select(c->db, &q, &ret_rq->rows, db_i64(id));
	if (!r && db_next(&ret_rq->rows))
		read_row(ret_rq);
	return r;
}

void request_release(struct request *rq)
{
	db_rows_release(&rq->rows);
}

/* ---- may it move? ------------------------------------------------------------------------- */

static int conflict(struct cmd *c, const struct request *rq)
{
	if (!rq->id)
		return cmd_reject(c, 404, NULL, NULL,
		                  "There is no such request, or you were not given access to it.");
	return cmd_reject(c, 409, NULL, request_state_name(rq->state),
	                  "That cannot be done any more: the request is %s.",
	                  request_state_name(rq->state));
}

int request_expect(struct cmd *c, const struct request *rq, enum request_event event,
                   int64_t version)
{
	if (!rq->id || !request_transition(rq->state, event))
		return conflict(c, rq);
	if (rq->version != version)
		return cmd_reject(c, 409, NULL, request_state_name(rq->state),
		                  "The request has changed since you looked at it. Look again "
		                  "before you decide.");
	return 0;
}

/* ---- telling ------------------------------------------------------------------------------ */

static void publish(struct cmd *c, const struct request *rq, int64_t seq)
{
	char topic[40], json[200];

	snprintf(topic, sizeof(topic), "request/%" PRId64, rq->id);
	snprintf(json, sizeof(json),
	         "{\"topic\":\"%s\",\"seq\":%" PRId64 ",\"kind\":\"changed\",\"id\":%" PRId64
	         ",\"state\":\"%s\",\"progress\":%d}",
	         topic, seq, rq->id, request_state_name(rq->state), rq->progress);
	cmd_live(c, topic, json);
	cmd_live_list(c, "requests");
}

static int audit(struct cmd *c, const struct request *rq, const struct request_transition *t,
                 const char *detail)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	char action[40], object[40];

	buf_init(&b, 4096);
	snprintf(action, sizeof(action), "request.%s", request_event_name(t->event));
	snprintf(object, sizeof(object), "request:%" PRId64, rq->id);
	buf_fmt(&b, "{\"from\":\"%s\",\"to\":\"%s\"", request_state_name(t->from),
	        request_state_name(t->to));
	if (t->event == RE_STEP) {
		buf_str(&b, ",\"step\":");
		buf_json_str(&b, detail);
	}
	if (t->event == RE_APPROVE && rq->self_approval)
		buf_str(&b, ",\"self_approval\":true");
	buf_str(&b, "}");
	return cmd_audit(c, action, object, "ok", b.data);
}

/* All request.* events have the fields of request.submitted. */
static int tell_notifier(struct cmd *c, const struct request *rq, const struct msg_def *msg,
                         const char *detail)
{
	const struct request_submitted ev = {
		.request = rq->id,
		.project = rq->project,
		.requester = rq->requester,
		.actor = c->user,
		.name = rq->name,
		.client = rq->client,
		.detail = detail,
	};
	char agg[40];

	if (!msg)
		return 0;
	snprintf(agg, sizeof(agg), "request:%" PRId64, rq->id);
	return cmd_send(c, msg, &ev, agg);
}

static int tell(struct cmd *c, const struct request *rq, const struct request_transition *t,
                const char *detail, int64_t live_seq)
{
	int r;

	r = audit(c, rq, t, detail);
	if (!r)
		r = tell_notifier(c, rq, t->tells, detail);
	if (!r)
		publish(c, rq, live_seq);
	return r;
}

/* ---- moving ------------------------------------------------------------------------------- */

/*
 * WHERE state = $2 makes this safe against everybody who does not hold our
 * lock. Steps do not change the version: a person may decide while they go on.
 */
static int move_row(struct cmd *c, struct request *rq, const struct request_transition *t,
                    const char *detail, int64_t *ret_live_seq)
{
	static const struct db_query q = {
		.name = "request_move",
		.sql = "WITH u AS (UPDATE workflow.request"
		       "       SET state = $3, progress = $7,"
		       "           version = version + ($5 <> 'step')::int,"
		       "           history_seq = history_seq + 1, live_seq = live_seq + 1,"
		       "           updated_at = now()"
		       "     WHERE id = $1 AND state = $2"
		       "     RETURNING id, version, history_seq, live_seq),"
		       " h AS (INSERT INTO workflow.request_history"
		       "         (request, seq, actor, event, from_state, to_state, detail)"
		       "     SELECT u.id, u.history_seq, $4, $5, $2, $3, $6 FROM u)"
		       " SELECT version, live_seq FROM u",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	r = db_select(c->db, &q, &rows, db_i64(rq->id), db_str(request_state_name(t->from)),
	              db_str(request_state_name(t->to)), db_id(c->user),
	              db_str(request_event_name(t->event)), db_str(detail), db_i64(rq->progress));
	if (r)
		return r;
	if (!db_next(&rows))
		return conflict(c, rq);
	rq->version = db_get_i64(&rows, "version");
	rq->state = t->to;
	*ret_live_seq = db_get_i64(&rows, "live_seq");
	return 0;
}

int request_move(struct cmd *c, struct request *rq, enum request_event event, const char *detail)
{
	const struct request_transition *t = request_transition(rq->state, event);
	int64_t live_seq = 0;
	int r;

	if (!t)
		return conflict(c, rq);
	r = t->action ? t->action(c, rq) : 0;
	if (!r)
		r = move_row(c, rq, t, detail, &live_seq);
	if (r)
		return r;
	log_info("request.moved", LOG_I64("request", rq->id),
	         LOG_STR("event", request_event_name(event)),
	         LOG_STR("from", request_state_name(t->from)),
	         LOG_STR("to", request_state_name(t->to)), LOG_STR("by", c->actor));
	return tell(c, rq, t, detail, live_seq);
}

int request_born(struct cmd *c, struct request *rq)
{
	static const struct db_query q = {
		.name = "request_born",
		.sql = "INSERT INTO workflow.request_history"
		       " (request, seq, actor, event, to_state) VALUES ($1, 1, $2, $3, $4)",
	};
	const struct request_transition *t = request_transition(RS_NONE, RE_SUBMIT);
	int r;

	rq->state = t->to;
	r = db_exec(c->db, &q, NULL, db_i64(rq->id), db_id(c->user),
	            db_str(request_event_name(t->event)), db_str(request_state_name(t->to)));
	if (r)
		return r;
	log_info("request.submitted", LOG_I64("request", rq->id), LOG_I64("project", rq->project),
	         LOG_STR("by", c->actor));
	return tell(c, rq, t, NULL, 1);
}

int request_show(struct cmd *c, const struct request *rq)
{
	static const struct db_query q = {
		.name = "request_show",
		.sql = "UPDATE workflow.request SET live_seq = live_seq + 1, updated_at = now()"
		       " WHERE id = $1 RETURNING live_seq",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	r = db_select(c->db, &q, &rows, db_i64(rq->id));
	if (!r && db_next(&rows))
		publish(c, rq, db_get_i64(&rows, "live_seq"));
	return r;
}

/* ---- answering ---------------------------------------------------------------------------- */

int request_answer(struct cmd *c, int status, int64_t id)
{
	static const struct db_query q = {
		.name = "request_answer",
		.sql = "SELECT api.request_get($1::bigint, $2::bigint,"
		       "       jsonb_build_object('id', $3::text)) AS json",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	if (!c->user)
		return 0;
	r = db_select(c->db, &q, &rows, db_i64(c->user), db_i64(c->generation), db_i64(id));
	if (!r && db_next(&rows))
		cmd_result(c, status, db_get_str(&rows, "json"));
	return r;
}

struct cmd cmd_as_system(const struct cmd *c)
{
	struct cmd system = *c;

	system.actor = "system:workflow";
	system.user = 0;
	return system;
}
