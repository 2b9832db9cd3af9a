#include "token.h"
#include "err.h"
#include "secret.h"

#include <ctype.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	struct service *svc;
	struct client *client;
} tokens;

static void row_name(char out[80], int64_t project)
{
	snprintf(out, 80, "hetzner.token/token/%" PRId64, project);
}

/*
 * Sealed by the gateway for a project's token, and for nothing else: message
 * type, command id, field.
 */
static bool context_ok(const char *in)
{
	static const struct msg_def *const from[] = { &project_create_msg, &project_token_set_msg };
	char context[100];

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		int type = snprintf(context, sizeof(context), "%s/", from[i]->type);

		if (!strncmp(in, context, (size_t)type) &&
		    !strcmp(in + type + strcspn(in + type, "/"), "/token"))
			return true;
	}
	return false;
}

static bool token_ok(const char *token, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)token[i]))
			return false;
	return len >= 20 && len <= 200;
}

static int emit_checked(struct cmd *c, int64_t project, const char *state, const char *detail)
{
	const struct token_checked out = { .project = project, .state = state, .detail = detail };
	char agg[40];

	snprintf(agg, sizeof(agg), "project:%" PRId64, project);
	return cmd_send(c, &token_checked_msg, &out, agg);
}

/* A token that cannot even be read is said to be invalid at once. */
static int refuse(struct cmd *c, int64_t project)
{
	static const struct db_query q = {
		.name = "token_refuse",
		.sql = "UPDATE hetzner.token SET state = 'invalid', check_at = NULL, version = "
		       "version + 1"
		       " WHERE project = $1",
	};
	int r = db_exec(c->db, &q, NULL, db_i64(project));

	log_warn("token.unreadable", LOG_I64("project", project));
	return r ? r
	         : emit_checked(
			   c, project, "invalid",
			   "This is not a token of Hetzner: it consists of 64 letters and digits.");
}

int on_token_set(struct cmd *c, const void *body)
{
	static const struct db_query q = {
		.name = "token_set",
		.sql = "INSERT INTO hetzner.token AS t (project, token) VALUES ($1, $2::bytea)"
		       " ON CONFLICT (project) DO UPDATE SET token = excluded.token, state = "
		       "'unchecked',"
		       "     version = t.version + 1, check_at = now(), tries = 0, set_at = now()",
	};
	const struct keys *keys = svc_keys(c->svc);
	_cleanup_(secret_cleanup) char *token = NULL;
	const struct token_set *in = body;
	uint8_t *blob = NULL;
	char row[80];
	size_t len;
	int r;

	if (!context_ok(in->sealed_in) ||
	    secret_open(keys, in->sealed_in, in->token.data, in->token.len, &token, &len) ||
	    !token_ok(token, len))
		return refuse(c, in->project);
	row_name(row, in->project);
	r = secret_store(keys, row, token, len, &blob, &len);
	if (r)
		return err_fold(r);
	r = db_exec(c->db, &q, NULL, db_i64(in->project), db_bytes(blob, len));
	free(blob);
	if (!r)
		log_info("token.set", LOG_I64("project", in->project));
	return r;
}

int token_load(struct service *s, int64_t project, struct token *ret)
{
	static const struct db_query q = {
		.name = "token_load",
		.sql = "SELECT token, version FROM hetzner.token WHERE project = $1",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	_free_ uint8_t *blob = NULL;
	char row[80];
	size_t len;
	int r = db_select(svc_db(s), &q, &rows, db_i64(project));

	if (r)
		return err_fold(r);
	if (!db_next(&rows))
		return TOKEN_E_NONE;
	db_get_bytes(&rows, "token", &blob, &len);
	row_name(row, project);
	if (secret_load(svc_keys(s), row, blob, len, &ret->text, &len)) {
		log_error("token.foreign", LOG_I64("project", project),
		          LOG_STR("why", "it was not stored with this service's key"));
		return TOKEN_E_NONE;
	}
	ret->version = db_get_i64(&rows, "version");
	return 0;
}

void token_release(struct token *t)
{
	secret_free(t->text);
	*t = (struct token){ 0 };
}

bool token_spend(struct service *s, int64_t project, const char *bucket, const char *reserve)
{
	static const struct db_query q = {
		.name = "token_spend", .sql = "SELECT hetzner.spend($1, $2, $3::float8) AS ok"
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };

	return !db_select(svc_db(s), &q, &rows, db_i64(project), db_str(bucket), db_str(reserve)) &&
	       db_next(&rows) && db_get_bool(&rows, "ok");
}

void token_spent(struct service *s, int64_t project, const struct reply *reply)
{
	static const struct db_query q = { .name = "token_spent",
		                           .sql = "SELECT hetzner.lower_bucket($1, $2, $3, $4)" };
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };

	if (reply->remaining >= 0 && reply->limit > 0)
		db_select(svc_db(s), &q, &rows, db_i64(project), db_str(reply->bucket),
		          db_i64(reply->remaining), db_i64(reply->limit));
}

int token_blame(struct cmd *c, int64_t project, int64_t version, const struct reply *reply,
                bool *ret_replaced)
{
	static const struct db_query q = {
		.name = "token_blame",
		.sql = "UPDATE hetzner.token t SET state = $3, check_at = NULL, checked_at = now()"
		       "  FROM (SELECT state FROM hetzner.token WHERE project = $1"
		       "           AND version = $2::int FOR UPDATE) was"
		       " WHERE t.project = $1 RETURNING was.state <> $3 AS news",
	};
	const char *state = !strcmp(reply->error.code, "token_readonly") ? "readonly" : "invalid";
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows, db_i64(project), db_i64(version), db_str(state));

	if (r)
		return r;
	*ret_replaced = !db_next(&rows);
	if (*ret_replaced || !db_get_bool(&rows, "news"))
		return 0;
	return emit_checked(c, project, state, reply->policy->say);
}

/* ---- trying out ---------------------------------------------------------------------------- */

struct check {
	int64_t project, version;
	const char *state;
	const char *detail;
};

static int record(struct cmd *c, void *arg)
{
	static const struct db_query q = {
		.name = "token_checked",
		.sql = "UPDATE hetzner.token SET state = $3, checked_at = now(), check_at = NULL, "
		       "tries = 0"
		       " WHERE project = $1 AND version = $2::int",
	};
	const struct check *k = arg;
	int64_t n;
	int r = db_exec(c->db, &q, &n, db_i64(k->project), db_i64(k->version), db_str(k->state));

	return r || !n ? r : emit_checked(c, k->project, k->state, k->detail);
}

static void on_checked(void *arg, const struct reply *reply)
{
	struct check *k = arg;

	token_spent(tokens.svc, k->project, reply);
	k->state = reply->policy->verdict == VERDICT_OK      ? "valid"
	           : reply->policy->verdict == VERDICT_TOKEN ? "invalid"
	           : reply->policy->verdict == VERDICT_FAIL  ? "invalid"
	                                                     : NULL;
	if (k->state && *k->state == 'i')
		k->detail = reply->policy->say ? reply->policy->say : "Hetzner refused the token.";
	if (k->state && !svc_transaction(tokens.svc, record, k))
		log_info("token.checked", LOG_I64("project", k->project),
		         LOG_STR("state", k->state));
	free(k); /* without an answer it is due again by itself */
}

static int claim(struct cmd *c, void *arg)
{
	static const struct db_query q = {
		.name = "token_claim",
		.sql = "UPDATE hetzner.token t SET tries = t.tries + 1,"
		       "     check_at = now() + least(35 + t.tries * 5, 300) * interval '1 s'"
		       " WHERE t.project IN (SELECT x.project FROM hetzner.token x WHERE "
		       "x.check_at <= now()"
		       "     ORDER BY x.check_at LIMIT 4 FOR UPDATE SKIP LOCKED)"
		       " RETURNING t.project, t.version",
	};
	db_rows_release(arg);
	return db_select(c->db, &q, arg);
}

/* What the database cannot say now is due again by itself, like an answer that does not come. */
static void check(int64_t project, int64_t version)
{
	_cleanup_(token_release) struct token token = { 0 };
	int r = token_load(tokens.svc, project, &token);
	struct check *k;

	if (r && r != TOKEN_E_NONE)
		return;
	k = xcalloc(1, sizeof(*k));
	*k = (struct check){ .project = project,
		             .version = version,
		             .state = "invalid",
		             .detail = "The stored token cannot be read. Set it again." };
	if (!r) {
		client_send(tokens.client, "GET", token.text, NULL, on_checked, k,
		            "/servers?per_page=1");
		return;
	}
	svc_transaction(tokens.svc, record, k);
	free(k);
}

static void look(void *arg)
{
	struct db_rows rows = { 0 };
	(void)arg;

	if (!svc_draining(tokens.svc) && !svc_transaction(tokens.svc, claim, &rows))
		while (db_next(&rows))
			check(db_get_i64(&rows, "project"), db_get_i64(&rows, "version"));
	db_rows_release(&rows);
}

void tokens_start(struct service *s, struct client *client, int64_t poll_ms)
{
	tokens.svc = s;
	tokens.client = client;
	svc_timer(s, poll_ms, look, NULL);
}
