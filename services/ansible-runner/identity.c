#include "identity.h"
#include "openssh_key.h"
#include "secret.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void context(int64_t project, char out[80])
{
	snprintf(out, 80, "runner.identity/private_key/%" PRId64, project);
}

static int find(struct cmd *c, int64_t project, struct db_rows *rows)
{
	static const struct db_query q = {
		.name = "identity_find",
		.sql = "SELECT public_key, private_key FROM runner.identity WHERE project = "
		       "$1::bigint",
	};

	return db_select(c->db, &q, rows, db_i64(project));
}

static int create(struct cmd *c, int64_t project, char public[SSH_PUBLIC_MAX])
{
	static const struct db_query q = {
		.name = "identity_insert",
		.sql = "INSERT INTO runner.identity (project, public_key, private_key) VALUES "
		       "($1::bigint, $2, $3)",
	};
	char private[SSH_PRIVATE_MAX], row[80], comment[40], object[40];
	_free_ uint8_t *blob = NULL;
	size_t len;
	int r;

	snprintf(comment, sizeof(comment), "portal-project-%" PRId64, project);
	openssh_keypair(comment, public, private);
	context(project, row);
	r = secret_store(svc_keys(c->svc), row, private, strlen(private), &blob, &len);
	sodium_memzero(private, sizeof(private));
	if (!r)
		r = db_exec(c->db, &q, NULL, db_i64(project), db_str(public), db_bytes(blob, len));
	if (r)
		return r; /* two at once: the second is tried again and finds the first one's */
	snprintf(object, sizeof(object), "project:%" PRId64, project);
	return cmd_audit(c, "identity.create", object, "ok", NULL);
}

int on_identity_create(struct cmd *c, const void *body)
{
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	const struct identity_create *in = body;
	struct identity_created out = { .project = in->project };
	char public[SSH_PUBLIC_MAX], agg[40];
	int r;

	r = find(c, in->project, &rows);
	if (r)
		return r;
	if (db_next(&rows))
		snprintf(public, sizeof(public), "%s", db_get_str(&rows, "public_key"));
	else
		r = create(c, in->project, public);
	if (r)
		return r;
	out.public_key = public;
	snprintf(agg, sizeof(agg), "project:%" PRId64, in->project);
	return cmd_send(c, &identity_created_msg, &out, agg);
}

int identity_private(struct cmd *c, int64_t project, char **ret_key)
{
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	_free_ uint8_t *blob = NULL;
	size_t len;
	char row[80];
	int r;

	r = find(c, project, &rows);
	if (r)
		return r;
	if (!db_next(&rows))
		return IDENTITY_E_NONE;
	db_get_bytes(&rows, "private_key", &blob, &len);
	context(project, row);
	if (secret_load(svc_keys(c->svc), row, blob, len, ret_key, &len)) {
		log_error("identity.unreadable", LOG_I64("project", project),
		          LOG_STR("means", "its key was stored under another storage key"));
		return IDENTITY_E_NONE;
	}
	return 0;
}
