#include "project.h"

#include <inttypes.h>
#include <stdio.h>

int project_lock_of_request(struct cmd *c, int64_t request, bool *ret_auto_provision)
{
	static const struct db_query q = {
		.name = "project_lock_of_request",
		.sql = "SELECT p.auto_provision FROM workflow.project p"
		       " WHERE p.id = (SELECT r.project FROM workflow.request r WHERE r.id = $1)"
		       " FOR UPDATE",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	r = db_select(c->db, &q, &rows, db_i64(request));
	if (r)
		return r;
	*ret_auto_provision = db_next(&rows) && db_get_bool(&rows, "auto_provision");
	return 0;
}

int project_lock(struct cmd *c, int64_t project)
{
	static const struct db_query q = {
		.name = "project_lock",
		.sql = "SELECT FROM workflow.project WHERE id = $1 FOR UPDATE",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };

	return db_select(c->db, &q, &rows, db_i64(project));
}

static int insert(struct cmd *c, const struct project_create *in, int64_t *ret_id)
{
	static const struct db_query q = {
		.name = "project_insert",
		.sql = "INSERT INTO workflow.project (name, description, budget_minor, server_cap,"
		       "     open_for_sales, environment, manager_limit_minor, auto_provision,"
		       "     created_by)"
		       " VALUES ($1, coalesce($2, ''), nullif($3::bigint, 0), nullif($4::int, 0),"
		       "     $5::boolean, coalesce($6, 'production'), $7::bigint, NOT $8::boolean,"
		       "     $9::bigint)"
		       " ON CONFLICT (lower(name)) DO NOTHING RETURNING id",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	r = db_select(c->db, &q, &rows, db_str(in->name), db_str(in->description),
	              db_i64(in->budget_minor), db_i64(in->server_cap), db_bool(in->open_for_sales),
	              db_str(in->environment), db_i64(in->manager_limit_minor),
	              db_bool(in->manual_provision), db_i64(c->user));
	if (r)
		return r;
	if (!db_next(&rows))
		return cmd_reject(c, 422, "name", NULL,
		                  "There is a project with this name already.");
	*ret_id = db_get_i64(&rows, "id");
	return 0;
}

/* The token travels on as the gateway sealed it; only the hetzner service can open it. */
static int send_token(struct cmd *c, int64_t id, struct rec_bin token)
{
	char context[100], agg[40];
	const struct token_set out = { .project = id, .token = token, .sealed_in = context };

	snprintf(context, sizeof(context), "%s/%s/token", c->msg->type, c->id);
	snprintf(agg, sizeof(agg), "project:%" PRId64, id);
	return cmd_send(c, &token_set_msg, &out, agg);
}

static int order_identity(struct cmd *c, int64_t id)
{
	const struct identity_create out = { .project = id };
	char agg[40];

	snprintf(agg, sizeof(agg), "project:%" PRId64, id);
	return cmd_send(c, &identity_create_msg, &out, agg);
}

static int answer(struct cmd *c, int status, int64_t id)
{
	static const struct db_query q = {
		.name = "project_answer",
		.sql = "SELECT api.project_get($1::bigint, $2::bigint,"
		       "       jsonb_build_object('id', $3::text)) AS json",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	r = db_select(c->db, &q, &rows, db_i64(c->user), db_i64(c->generation), db_i64(id));
	if (!r && db_next(&rows))
		cmd_result(c, status, db_get_str(&rows, "json"));
	return r;
}

int on_project_create(struct cmd *c, const void *body)
{
	const struct project_create *in = body;
	char object[40];
	int64_t id = 0;
	int r;

	r = insert(c, in, &id);
	if (r)
		return r;
	snprintf(object, sizeof(object), "project:%" PRId64, id);
	r = cmd_audit(c, "project.create", object, "ok", NULL);
	if (!r)
		r = send_token(c, id, in->token);
	if (!r)
		r = order_identity(c, id);
	if (!r)
		r = answer(c, 201, id);
	if (!r)
		log_info("project.created", LOG_I64("project", id), LOG_STR("by", c->actor));
	return r;
}

/* What waits for it goes on when the hetzner service has checked it: on_token_checked(). */
int on_project_token_set(struct cmd *c, const void *body)
{
	const struct project_token_set *in = body;
	char object[40];
	int r;

	snprintf(object, sizeof(object), "project:%" PRId64, in->project);
	r = cmd_audit(c, "project.token", object, "ok", NULL);
	if (!r)
		r = send_token(c, in->project, in->token);
	if (!r)
		r = answer(c, 200, in->project);
	if (!r)
		log_info("project.token", LOG_I64("project", in->project), LOG_STR("by", c->actor));
	return r;
}
