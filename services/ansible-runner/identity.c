#include "identity.h"

#include "openssh_key.h"
#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void row_of(int64_t project, char out[80])
{
	snprintf(out, 80, "runner.identity/private_key/%lld", (long long)project);
}

static int make(struct cmd *c, int64_t project)
{
	static const struct db_query q = {
		.name = "identity_put",
		.sql = "INSERT INTO runner.identity (project, public_key, private_key) VALUES ($1::bigint, $2, $3)"
		       " ON CONFLICT (project) DO NOTHING",
	};
	char public_key[OPENSSH_PUBLIC_MAX], comment[40], row[80], *key;
	_free_ uint8_t *blob = NULL;
	size_t len, blob_len;
	int r;

	snprintf(comment, sizeof(comment), "sps-project-%lld", (long long)project);
	row_of(project, row);
	openssh_key_new(comment, public_key, &key, &len);
	r = secret_store(svc_keys(c->svc), row, key, len, &blob, &blob_len);
	secret_free(key);
	return r ? r : db_exec(c->db, &q, NULL, db_i64(project), db_str(public_key), db_bytes(blob, blob_len));
}

/* Asked again, it tells of the same key again. */
int on_identity_create(struct cmd *c, const void *body)
{
	static const struct db_query q = {
		.name = "identity_get",
		.sql = "SELECT public_key FROM runner.identity WHERE project = $1::bigint",
	};
	const struct identity_create *in = body;
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	struct identity_created out = { .project = in->project };
	char object[40];
	int r;

	r = make(c, in->project);
	if (!r)
		r = db_select(c->db, &q, &rows, db_i64(in->project));
	if (r || !db_next(&rows))
		return r ? r : -ENOENT;
	out.public_key = db_get_str(&rows, "public_key");
	snprintf(object, sizeof(object), "project:%lld", (long long)in->project);
	r = cmd_audit(c, "identity.create", object, "ok", NULL);
	return r ? r : cmd_send(c, &identity_created_msg, &out, NULL);
}

int identity_open(struct service *s, int64_t project, char **ret_key, size_t *ret_len)
{
	static const struct db_query q = {
		.name = "identity_key",
		.sql = "SELECT private_key FROM runner.identity WHERE project = $1::bigint",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	_free_ uint8_t *blob = NULL;
	char row[80];
	size_t len;
	int r;

	r = db_select(svc_db(s), &q, &rows, db_i64(project));
	if (r)
		return r;
	if (!db_next(&rows))
		return -ENOKEY;
	db_get_bytes(&rows, "private_key", &blob, &len);
	row_of(project, row);
	return secret_load(svc_keys(s), row, blob, len, ret_key, ret_len) ? -ENOKEY : 0;
}
