#include "commands.h"
#include "engine.h"
#include "run_end.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REVOKED "What it was ordered for was cancelled before."

static bool is_address(const char *text)
{
	struct in6_addr any;

	return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

/* Before anything has run there is nothing to wait for. */
static int cancel_early(struct cmd *c, const struct run *run, const char *reason)
{
	static const struct db_query q = {
		.name = "run_cancel_early",
		.sql = "UPDATE runner.run SET cancel_at = clock_timestamp(), cancel_by = $2, "
		       "cancel_reason = $3 WHERE id = $1::bigint",
	};
	int r = db_exec(c->db, &q, NULL, db_i64(run->id), db_str(c->actor), db_str(reason));

	return r ? r
	         : run_end(c, run,
	                   &(struct run_outcome){ .event = RUN_CANCEL,
	                                          .message = "Cancelled before anything was run.",
	                                          .exit = -1 });
}

/* ---- beginning ------------------------------------------------------------------------------ */

static int is_revoked(struct cmd *c, const struct run_start *in, bool *ret)
{
	static const struct db_query q = {
		.name = "run_is_revoked",
		.sql = "SELECT FROM runner.revoked v WHERE v.op = $1::uuid AND v.attempt >= "
		       "$2::int",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows, db_str(in->op), db_i64(in->attempt));

	*ret = !r && db_next(&rows);
	return r;
}

/* It is kept and ended: whoever ordered it hears how it went, as of any other. */
static int end_revoked(struct cmd *c, int64_t id)
{
	struct run run;
	bool found;
	int r = run_lock(c, id, &run, &found);

	return r || !found ? r : cancel_early(c, &run, REVOKED);
}

static int accept_order(struct cmd *c, const struct run_start *in, int64_t id)
{
	char object[40], detail[160];
	bool revoked;
	int r = is_revoked(c, in, &revoked);

	if (!r && revoked)
		r = end_revoked(c, id);
	if (r)
		return r;
	engine_look();
	snprintf(object, sizeof(object), "run:%" PRId64, id);
	snprintf(detail, sizeof(detail), "{\"server\":%" PRId64 ",\"playbook\":\"%s\"}", in->server,
	         in->playbook);
	return cmd_audit(c, "run.start", object, revoked ? "denied" : "ok", detail);
}

int on_run_start(struct cmd *c, const void *body)
{
	const struct run_start *in = body;
	int64_t id = 0;
	int r;

	if (!is_address(in->address))
		return cmd_reject(c, 422, "address", NULL,
		                  "The server's address is not an IP address.");
	r = run_insert(c, in, &id);
	if (r || !id)
		return r; /* the same op and attempt: it is under way already */
	return accept_order(c, in, id);
}

/* ---- ending --------------------------------------------------------------------------------- */

static int cancel(struct cmd *c, struct run *run, const char *reason)
{
	char object[40];
	int r;

	if (!strcmp(run->state, "running") || !strcmp(run->state, "cancelling"))
		r = run_cancelling(c, run, c->actor, reason);
	else
		r = cancel_early(c, run, reason);
	if (r)
		return r;
	engine_look();
	snprintf(object, sizeof(object), "run:%" PRId64, run->id);
	return cmd_audit(c, "run.cancel", object, "ok", NULL);
}

/* The run as the person may see it. */
static int answer(struct cmd *c, int64_t id)
{
	static const struct db_query q = {
		.name = "run_get",
		.sql = "SELECT api.run_get($1::bigint, $2::bigint, jsonb_build_object('id', $3)) "
		       "AS json",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	char text[24];
	int r;

	if (!c->user)
		return 0;
	snprintf(text, sizeof(text), "%" PRId64, id);
	r = db_select(c->db, &q, &rows, db_i64(c->user), db_i64(c->generation), db_str(text));
	if (!r && db_next(&rows))
		cmd_result(c, 200, db_get_str(&rows, "json"));
	return r;
}

int on_run_cancel(struct cmd *c, const void *body)
{
	const struct run_cancel *in = body;
	struct run run;
	bool found;
	int r;

	r = run_lock(c, in->run, &run, &found);
	if (r)
		return r;
	if (!found)
		return cmd_reject(c, 404, NULL, NULL,
		                  "There is no such run, or you were not given access to it.");
	if (run_is_final(run.state))
		return c->user ? cmd_reject(c, 409, NULL, run.state, "This run has ended already.")
		               : 0;
	r = cancel(c, &run, in->reason);
	return r ? r : answer(c, run.id);
}

/* ---- taking orders back --------------------------------------------------------------------- */

/* Orders and this come one after the other: they are of the same aggregate. */
static int remember(struct cmd *c, const struct run_revoke *in)
{
	static const struct db_query q = {
		.name = "run_revoke",
		.sql = "INSERT INTO runner.revoked AS v (op, attempt) VALUES ($1::uuid, $2::int)"
		       " ON CONFLICT (op) DO UPDATE SET attempt = greatest(v.attempt, "
		       "excluded.attempt)",
	};

	return db_exec(c->db, &q, NULL, db_str(in->op), db_i64(in->attempt));
}

int on_run_revoke(struct cmd *c, const void *body)
{
	static const struct db_query q = {
		.name = "run_revoked",
		.sql = "SELECT " RUN_COLUMNS " FROM runner.run r WHERE r.op = $1::uuid AND "
		       "r.attempt <= $2::int AND r.finished_at IS NULL AND r.cancel_at IS NULL "
		       "FOR UPDATE",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	const struct run_revoke *in = body;
	char object[40];
	int r = remember(c, in);

	if (!r)
		r = db_select(c->db, &q, &rows, db_str(in->op), db_i64(in->attempt));
	while (!r && db_next(&rows)) {
		struct run run;

		run_read(&rows, &run);
		r = cancel(c, &run, in->reason);
	}
	if (r)
		return r;
	snprintf(object, sizeof(object), "request:%" PRId64, in->request);
	return cmd_audit(c, "run.revoke", object, "ok", NULL);
}
