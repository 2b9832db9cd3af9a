#include "host_key.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Each order of a server has a token of its own; another one than before means another machine. */
static int unpin_old_machine(struct cmd *c, const struct server_creating *in)
{
	static const struct db_query q = {
		.name = "host_key_outdated",
		.sql = "DELETE FROM runner.host_key k USING runner.host_key_expected e"
		       " WHERE e.op = $1::uuid AND k.op = e.op AND e.token_hash <> $2",
	};
	char object[40];
	int64_t n = 0;
	int r = db_exec(c->db, &q, &n, db_str(in->op), db_str(in->token_hash));

	if (r || !n)
		return r;
	snprintf(object, sizeof(object), "request:%" PRId64, in->request);
	return cmd_audit(c, "hostkey.unpin", object, "ok",
	                 "{\"why\":\"the server was ordered anew\"}");
}

/*
 * The time for its report begins with the announcement. What was reported under
 * the same token stays: a machine reports only once, however often it is announced.
 */
int on_server_creating(struct cmd *c, const void *body)
{
	static const struct db_query q = {
		.name = "host_key_expect",
		.sql = "INSERT INTO runner.host_key_expected AS e (op, request, project, "
		       "token_hash)"
		       " VALUES ($1::uuid, $2::bigint, $3::bigint, $4)"
		       " ON CONFLICT (op) DO UPDATE SET token_hash = excluded.token_hash, "
		       "created_at = now(), reported_key = NULL, reported_at = NULL, "
		       "other_fingerprint = NULL, flagged_at = NULL"
		       " WHERE e.reported_key IS NULL OR e.token_hash <> excluded.token_hash",
	};
	const struct server_creating *in = body;
	int r = unpin_old_machine(c, in);

	return r ? r
	         : db_exec(c->db, &q, NULL, db_str(in->op), db_i64(in->request),
	                   db_i64(in->project), db_str(in->token_hash));
}

int on_server_deleted(struct cmd *c, const void *body)
{
	static const struct db_query forget = {
		.name = "host_key_forget",
		.sql = "DELETE FROM runner.host_key_expected WHERE op = $1::uuid",
	};
	static const struct db_query unpin = {
		.name = "host_key_unpin",
		.sql = "DELETE FROM runner.host_key WHERE op = $1::uuid OR server = $2::bigint",
	};
	const struct server_deleted *in = body;
	int r = db_exec(c->db, &forget, NULL, db_str(in->op));

	return r ? r : db_exec(c->db, &unpin, NULL, db_str(in->op), db_i64(in->server));
}

/*
 * An hour, from the latest announcement, is longer than any server takes to boot;
 * after one use the token is worth nothing.
 */
static int store_report(struct cmd *c, const char *token_hash, const char *key,
                        int64_t *ret_request)
{
	static const struct db_query q = {
		.name = "host_key_report",
		.sql = "UPDATE runner.host_key_expected SET reported_key = $2, reported_at = now()"
		       " WHERE token_hash = $1 AND reported_key IS NULL AND created_at > now() - "
		       "interval '1 hour' RETURNING request",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows, db_str(token_hash), db_str(key));

	*ret_request = !r && db_next(&rows) ? db_get_i64(&rows, "request") : 0;
	return r;
}

/*
 * An announcement that is not worked on yet may be the one of this report: its bell
 * was lost, or it failed the first time. A server reports only once.
 */
static int announcement_pending(struct cmd *c, bool *ret)
{
	static const struct db_query q = {
		.name = "host_key_announced",
		.sql = "SELECT FROM runner.inbox i WHERE i.type = 'server.creating' AND i.state < "
		       "2 "
		       "AND i.agg IS NOT NULL LIMIT 1",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows);

	*ret = !r && db_next(&rows);
	return r;
}

/* Whether it was believed is nobody's business outside: the answer is always the same. */
int on_hostkey_report(struct cmd *c, const void *body)
{
	const struct hostkey_report *in = body;
	char key[SSH_HOST_KEY], object[40];
	int64_t request = 0;
	bool pending = false;
	int r = 0;

	if (openssh_public_read(in->key, strlen(in->key), key)) {
		r = announcement_pending(c, &pending); /* first: it may be done in between */
		if (!r)
			r = store_report(c, in->token_hash, key, &request);
	}
	if (r)
		return r;
	if (!request && pending)
		return DB_E_RETRY; /* later, and in the end never */
	if (!request)
		return cmd_audit(c, "hostkey.report", NULL, "denied",
		                 "{\"why\":\"unknown or used token, or no Ed25519 key\"}");
	snprintf(object, sizeof(object), "request:%" PRId64, request);
	return cmd_audit(c, "hostkey.report", object, "ok", NULL);
}

static int known(struct cmd *c, const struct run *run, struct db_rows *rows)
{
	static const struct db_query q = {
		.name = "host_key_known",
		.sql = "SELECT (SELECT k.key FROM runner.host_key k WHERE k.server = $1::bigint) "
		       "AS pinned,"
		       " (SELECT e.reported_key FROM runner.host_key_expected e WHERE e.op = "
		       "$2::uuid) AS reported",
	};
	int r = db_select(c->db, &q, rows, db_i64(run->server), db_str(run->op));

	if (!r)
		db_next(rows);
	return r;
}

static int pin(struct cmd *c, const struct run *run, const char *key)
{
	static const struct db_query q = {
		.name = "host_key_pin",
		.sql = "INSERT INTO runner.host_key (server, op, address, key, fingerprint, how)"
		       " VALUES ($1::bigint, $2::uuid, $3::inet, $4, $5, 'reported')",
	};
	char fingerprint[SSH_FINGERPRINT], object[40], detail[120];
	int r;

	openssh_fingerprint(key, fingerprint);
	r = db_exec(c->db, &q, NULL, db_i64(run->server), db_str(run->op), db_str(run->address),
	            db_str(key), db_str(fingerprint));
	if (r)
		return r;
	snprintf(object, sizeof(object), "server:%" PRId64, run->server);
	snprintf(detail, sizeof(detail), "{\"fingerprint\":\"%s\"}", fingerprint);
	r = cmd_audit(c, "hostkey.pin", object, "ok", detail);
	if (!r)
		r = run_say(c, run, "The server's host key is the one it reported: %s",
		            fingerprint);
	return r;
}

/*
 * The server stays flagged until it is deleted: somebody has to look at it. The
 * flag is where the key is that it should have shown: pinned, or only reported.
 */
static int flag(struct cmd *c, const struct run *run, enum host_key_verdict verdict,
                const char *seen)
{
	static const struct db_query pinned = {
		.name = "host_key_flag",
		.sql = "UPDATE runner.host_key SET other_fingerprint = $2, flagged_at = now() "
		       "WHERE server = $1::bigint",
	};
	static const struct db_query reported = {
		.name = "host_key_flag_reported",
		.sql = "UPDATE runner.host_key_expected SET other_fingerprint = $2, "
		       "flagged_at = now() WHERE op = $1::uuid",
	};
	char fingerprint[SSH_FINGERPRINT], object[40], detail[120];
	int r;

	openssh_fingerprint(seen, fingerprint);
	if (verdict == HOST_KEY_CHANGED)
		r = db_exec(c->db, &pinned, NULL, db_i64(run->server), db_str(fingerprint));
	else
		r = db_exec(c->db, &reported, NULL, db_str(run->op), db_str(fingerprint));
	if (r)
		return r;
	snprintf(object, sizeof(object), "server:%" PRId64, run->server);
	snprintf(detail, sizeof(detail), "{\"seen\":\"%s\"}", fingerprint);
	return cmd_audit(c, "hostkey.refuse", object, "denied", detail);
}

/* @pinned and @reported may be NULL. */
static enum host_key_verdict verdict(const char *pinned, const char *reported, const char *seen)
{
	if (pinned)
		return strcmp(pinned, seen) ? HOST_KEY_CHANGED : HOST_KEY_PINNED;
	if (!reported)
		return HOST_KEY_AWAITED;
	return strcmp(reported, seen) ? HOST_KEY_MISMATCH : HOST_KEY_PINNED;
}

int host_key_judge(struct cmd *c, const struct run *run, const char *seen,
                   enum host_key_verdict *ret)
{
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	const char *pinned;
	int r = known(c, run, &rows);

	if (r)
		return r;
	pinned = db_get_str(&rows, "pinned");
	*ret = verdict(pinned, db_get_str(&rows, "reported"), seen);
	if (*ret == HOST_KEY_CHANGED || *ret == HOST_KEY_MISMATCH)
		return flag(c, run, *ret, seen);
	return *ret == HOST_KEY_PINNED && !pinned ? pin(c, run, seen) : 0;
}
