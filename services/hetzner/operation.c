#include "operation.h"
#include "err.h"
#include "server_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE 16
#define LONGEST_PAUSE_MS 5000

static struct {
	struct service *svc;
	struct client *client;
	int64_t poll_ms;
} ops;

/* clang-format off */
static const struct state {
	const char *name, *step;
	bool end;
} states[] = {
	[OP_KEY]           = { "key",           "ssh_key",        false },
	[OP_CREATE]        = { "create",        "create_server",  false },
	[OP_SENT]          = { "sent",          "create_server",  false },
	[OP_ACTION]        = { "action",        "await_action",   false },
	[OP_RUNNING]       = { "running",       "await_running",  false },
	[OP_DONE]          = { "done",          "record_address", true  },
	[OP_FAILED]        = { "failed",        NULL,             true  },
	[OP_DELETE_FIND]   = { "delete_find",   "delete_server",  false },
	[OP_DELETE_SEND]   = { "delete_send",   "delete_server",  false },
	[OP_DELETE_WAIT]   = { "delete_wait",   "delete_server",  false },
	[OP_DELETED]       = { "deleted",       NULL,             true  },
	[OP_DELETE_FAILED] = { "delete_failed", NULL,             true  },
};
/* clang-format on */

const char *op_step(enum op_state state)
{
	return states[state].step;
}

static enum op_state state_of(const char *name)
{
	for (size_t i = 0; i < OP_STATES; i++)
		if (!strcmp(states[i].name, name))
			return i;
	abort(); /* the table's CHECK knows the same names */
}

static void agg_of(char out[40], int64_t request)
{
	snprintf(out, 40, "request:%" PRId64, request);
}

/* ---- events -------------------------------------------------------------------------------- */

static int tell_step(struct cmd *c, const struct operation *o, const char *step, const char *state)
{
	const struct step_progress out = { .op = o->op,
		                           .request = o->request,
		                           .attempt = o->attempt,
		                           .step = step,
		                           .state = state };
	char agg[40];

	agg_of(agg, o->request);
	return cmd_send(c, &step_progress_msg, &out, agg);
}

/* Every step between the two states is done; the one of @to begins (or, at the end, is done too).
 */
static int tell_steps(struct cmd *c, const struct operation *o, enum op_state to)
{
	int r = 0;

	if (to > OP_DONE || o->state > OP_DONE)
		return 0;
	for (enum op_state s = o->state; s < to && !r; s++)
		if (strcmp(states[s].step, states[s + 1].step))
			r = tell_step(c, o, states[s].step, "done");
	if (!r && (to == OP_DONE || strcmp(states[o->state].step, states[to].step)) &&
	    to > o->state)
		r = tell_step(c, o, states[to].step, to == OP_DONE ? "done" : "running");
	return r;
}

static int tell_failed(struct cmd *c, const struct operation *o, const char *step, const char *code,
                       const char *message)
{
	const struct server_failed out = {
		.op = o->op,
		.request = o->request,
		.attempt = o->attempt,
		.step = step,
		.code = *code ? code : "provider_error",
		.message =
			message && *message ? message : "Hetzner refused it and did not say why.",
		.cost_running = o->provider_server || o->posted_s >= 0,
	};
	char agg[40];

	agg_of(agg, o->request);
	return cmd_send(c, &server_failed_msg, &out, agg);
}

static int tell_deleted(struct cmd *c, const char *op, int64_t request, int64_t server)
{
	const struct server_deleted out = { .op = op, .request = request, .server = server };
	char agg[40];

	agg_of(agg, request);
	return cmd_send(c, &server_deleted_msg, &out, agg);
}

/* ---- moving -------------------------------------------------------------------------------- */

int op_still_ours(struct cmd *c, const struct operation *o, bool *ret)
{
	static const struct db_query q = {
		.name = "op_still_ours",
		.sql = "SELECT FROM hetzner.operation WHERE op = $1::uuid AND fence = $2::int FOR "
		       "UPDATE",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows, db_str(o->op), db_i64(o->fence));

	*ret = !r && db_next(&rows);
	if (!r && !*ret)
		log_warn("operation.not_ours", LOG_STR("op", o->op),
		         LOG_STR("why", "another replica or a newer order has taken it over"));
	return r;
}

int op_move(struct cmd *c, const struct operation *o, enum op_state to, int64_t wait_ms)
{
	static const struct db_query q = {
		.name = "op_move",
		.sql = "UPDATE hetzner.operation SET state = $3, owner = NULL, updated_at = now(),"
		       "     due_at = CASE WHEN $4 THEN NULL"
		       "         ELSE now() + $5::bigint * interval '1 ms' END,"
		       "     entered_at = now(), polls = 0, tries = CASE WHEN $6 THEN tries ELSE 0 "
		       "END"
		       " WHERE op = $1::uuid AND fence = $2::int",
	};
	const char *from_step = states[o->state].step, *to_step = states[to].step;
	bool same = from_step && to_step && !strcmp(from_step, to_step);
	int r = db_exec(c->db, &q, NULL, db_str(o->op), db_i64(o->fence), db_str(states[to].name),
	                db_bool(states[to].end), db_i64(wait_ms), db_bool(same));

	log_info("operation.moved", LOG_STR("op", o->op), LOG_STR("from", states[o->state].name),
	         LOG_STR("to", states[to].name), LOG_I64("request", o->request));
	if (!r)
		r = tell_steps(c, o, to);
	return r || to != OP_DELETED ? r
	                             : tell_deleted(c, o->op, o->request, server_row_of(c, o->op));
}

int op_stay(struct cmd *c, const struct operation *o, int64_t wait_ms, bool failed)
{
	static const struct db_query q = {
		.name = "op_stay",
		.sql = "UPDATE hetzner.operation SET owner = NULL, updated_at = now(), polls = "
		       "polls + 1,"
		       "     tries = tries + $4::int, due_at = now() + $3::bigint * interval '1 ms'"
		       " WHERE op = $1::uuid AND fence = $2::int",
	};

	return db_exec(c->db, &q, NULL, db_str(o->op), db_i64(o->fence), db_i64(wait_ms),
	               db_i64(failed));
}

int op_fail(struct cmd *c, const struct operation *o, const char *code, const char *message)
{
	static const struct db_query q = {
		.name = "op_error",
		.sql = "UPDATE hetzner.operation SET error_code = $2, error_text = $3 WHERE op = "
		       "$1::uuid",
	};
	bool deleting = o->state >= OP_DELETE_FIND;
	int r = op_move(c, o, deleting ? OP_DELETE_FAILED : OP_FAILED, 0);

	if (!r)
		r = db_exec(c->db, &q, NULL, db_str(o->op), db_str(code), db_str(message));
	return r ? r : tell_failed(c, o, states[o->state].step, code, message);
}

int64_t op_pause_ms(const struct operation *o)
{
	int64_t pause = ops.poll_ms;

	for (int64_t i = 0; i < o->polls && pause < LONGEST_PAUSE_MS; i++)
		pause += pause / 2 + 1;
	return pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS;
}

/* ---- orders -------------------------------------------------------------------------------- */

/* Locks the operation; .op stays empty when there is none. */
static int load(struct cmd *c, const char *op, struct operation *o)
{
	static const struct db_query q = {
		.name = "op_load",
		.sql = "SELECT state, request, attempt, fence, provider_server,"
		       "       posted_at IS NOT NULL AS posted"
		       "  FROM hetzner.operation WHERE op = $1::uuid FOR UPDATE",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows, db_str(op));

	*o = (struct operation){ .posted_s = -1 };
	if (r || !db_next(&rows))
		return r;
	snprintf(o->op, sizeof(o->op), "%s", op);
	o->state = state_of(db_get_str(&rows, "state"));
	o->request = db_get_i64(&rows, "request");
	o->attempt = db_get_i64(&rows, "attempt");
	o->fence = db_get_i64(&rows, "fence");
	o->provider_server = db_get_i64(&rows, "provider_server");
	o->posted_s = db_get_bool(&rows, "posted") ? 0 : -1;
	return 0;
}

/* Whoever works on it now is fenced off; it is due at once in state @to. */
static int restart(struct cmd *c, struct operation *o, enum op_state to, int64_t attempt)
{
	static const struct db_query q = {
		.name = "op_restart",
		.sql = "UPDATE hetzner.operation SET state = $2, attempt = $3::int, owner = NULL,"
		       "     fence = fence + 1, due_at = now(), entered_at = now(), updated_at = "
		       "now(),"
		       "     tries = 0, polls = 0, error_code = NULL, error_text = NULL"
		       " WHERE op = $1::uuid",
	};

	log_info("operation.restarted", LOG_STR("op", o->op), LOG_STR("state", states[to].name));
	o->attempt = attempt;
	return db_exec(c->db, &q, NULL, db_str(o->op), db_str(states[to].name), db_i64(attempt));
}

static int insert(struct cmd *c, const struct server_create *in)
{
	static const struct db_query q = {
		.name = "op_insert",
		.sql = "INSERT INTO hetzner.operation (op, request, project, name, server_type, "
		       "location,"
		       "     image, ssh_key, attempt, corr)"
		       " VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9::int, nullif($10, "
		       "'')::uuid)",
	};

	return db_exec(c->db, &q, NULL, db_str(in->op), db_i64(in->request), db_i64(in->project),
	               db_str(in->name), db_str(in->server_type), db_str(in->location),
	               db_str(in->image), db_str(in->ssh_key), db_i64(in->attempt),
	               db_str(c->corr));
}

/* Where a retry goes on: with what is there, and where nobody knows by looking. */
static enum op_state resume_at(const struct operation *o)
{
	if (o->state < OP_DONE)
		return o->state;
	if (o->provider_server)
		return OP_RUNNING;
	return o->posted_s >= 0 ? OP_SENT : OP_KEY;
}

int on_server_create(struct cmd *c, const void *body)
{
	const struct server_create *in = body;
	struct operation o;
	enum op_state at;
	int r = load(c, in->op, &o);

	if (r)
		return r;
	if (!o.op[0]) {
		r = insert(c, in);
		snprintf(o.op, sizeof(o.op), "%s", in->op);
		o.request = in->request;
		o.attempt = in->attempt;
		return r ? r : tell_step(c, &o, op_step(OP_KEY), "running");
	}
	if (o.request != in->request || in->attempt <= o.attempt)
		return 0; /* said before */
	if (o.state >= OP_DELETE_FIND && o.state <= OP_DELETED) {
		o.attempt = in->attempt;
		return tell_failed(c, &o, op_step(OP_CREATE), "deleted",
		                   "The server of this request was deleted. Make a new request.");
	}
	at = resume_at(&o);
	r = restart(c, &o, at, in->attempt);
	return r ? r : tell_step(c, &o, op_step(at), "running");
}

int on_server_delete(struct cmd *c, const void *body)
{
	const struct server_delete *in = body;
	struct operation o;
	int64_t server;
	int r = load(c, in->op, &o);

	if (r)
		return r;
	if (!o.op[0])
		return tell_deleted(c, in->op, in->request, 0);
	if (o.request != in->request || (o.state >= OP_DELETE_FIND && o.state <= OP_DELETE_WAIT))
		return 0;
	server = server_row_of(c, in->op);
	if (o.state == OP_DELETED)
		return tell_deleted(c, in->op, in->request, server);
	r = restart(c, &o, o.provider_server ? OP_DELETE_SEND : OP_DELETE_FIND, o.attempt);
	return r || !server ? r : server_row_lifecycle(c, server, "deleting");
}

/* ---- what is due --------------------------------------------------------------------------- */

static int claim(struct cmd *c, void *arg)
{
	/* Its own claim of long ago is one whose end could not be recorded. */
	static const struct db_query q = {
		.name = "op_claim",
		.sql = "UPDATE hetzner.operation o SET owner = $1::uuid, fence = o.fence + 1,"
		       "     updated_at = now()"
		       " WHERE o.op IN (SELECT x.op FROM hetzner.operation x"
		       "     WHERE x.due_at <= now() AND (x.owner IS NULL OR NOT bus.alive(x.owner)"
		       "         OR (x.owner = $1::uuid AND x.updated_at < now() - interval '60 "
		       "s'))"
		       "     ORDER BY x.due_at LIMIT $2::int FOR UPDATE SKIP LOCKED)"
		       " RETURNING o.op, o.corr, o.state, o.request, o.project, o.attempt, "
		       "o.fence, o.tries,"
		       "     o.polls, o.key_id, o.provider_server, o.name, o.server_type, "
		       "o.location,"
		       "     o.image, o.ssh_key, array_to_string(o.actions, ' ') AS actions,"
		       "     extract(epoch FROM now() - o.entered_at)::bigint AS age_s,"
		       "     coalesce(extract(epoch FROM now() - o.posted_at)::bigint, -1) AS "
		       "posted_s,"
		       "     o.error_code IS NOT NULL AS taken, o.orders",
	};
	db_rows_release(arg);
	return db_select(c->db, &q, arg, db_str(svc_instance(c->svc)),
	                 db_i64(AT_ONCE - client_active(ops.client)));
}

static void read_actions(struct operation *o, const char *text)
{
	char *end;

	while (*text && o->n_actions < OP_ACTIONS) {
		o->actions[o->n_actions++] = strtoll(text, &end, 10);
		text = end + (*end == ' ');
	}
}

static void copy(char *to, size_t size, const struct db_rows *rows, const char *column)
{
	const char *s = db_get_str(rows, column);

	snprintf(to, size, "%s", s ? s : "");
}

static void read_row(const struct db_rows *rows, struct operation *o)
{
	*o = (struct operation){ .state = state_of(db_get_str(rows, "state")) };
	copy(o->op, sizeof(o->op), rows, "op");
	copy(o->corr, sizeof(o->corr), rows, "corr");
	copy(o->name, sizeof(o->name), rows, "name");
	copy(o->server_type, sizeof(o->server_type), rows, "server_type");
	copy(o->location, sizeof(o->location), rows, "location");
	copy(o->image, sizeof(o->image), rows, "image");
	copy(o->ssh_key, sizeof(o->ssh_key), rows, "ssh_key");
	o->request = db_get_i64(rows, "request");
	o->project = db_get_i64(rows, "project");
	o->attempt = db_get_i64(rows, "attempt");
	o->fence = db_get_i64(rows, "fence");
	o->tries = db_get_i64(rows, "tries");
	o->polls = db_get_i64(rows, "polls");
	o->key_id = db_get_i64(rows, "key_id");
	o->provider_server = db_get_i64(rows, "provider_server");
	o->age_s = db_get_i64(rows, "age_s");
	o->posted_s = db_get_i64(rows, "posted_s");
	o->taken = db_get_bool(rows, "taken");
	o->orders = db_get_i64(rows, "orders");
	read_actions(o, db_get_str(rows, "actions"));
}

static void look(void *arg)
{
	struct db_rows rows = { 0 };
	struct operation o;
	(void)arg;

	if (svc_draining(ops.svc) || client_active(ops.client) >= AT_ONCE)
		return;
	if (!svc_transaction(ops.svc, claim, &rows))
		while (db_next(&rows)) {
			read_row(&rows, &o);
			log_correlation(o.corr);
			op_ask(&o);
			log_correlation(NULL);
		}
	db_rows_release(&rows);
}

void operations_start(struct service *s, struct client *client, const struct op_settings *settings)
{
	ops.svc = s;
	ops.client = client;
	ops.poll_ms = settings->poll_ms;
	op_steps_init(s, client, settings);
	svc_timer(s, settings->poll_ms, look, NULL);
}
