#include "host_key.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define TYPE "ssh-ed25519 "
#define BASE64 68 /* of 51 bytes: the type's name and the key */

bool host_key_clean(const char *line, char out[HOST_KEY_MAX])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *base64 = line + strlen(TYPE);

	if (strncmp(line, TYPE, strlen(TYPE)) || strspn(base64, alphabet) != BASE64 ||
	    (base64[BASE64] && !strchr(" \t\r\n", base64[BASE64])))
		return false;
	snprintf(out, HOST_KEY_MAX, TYPE "%.*s", BASE64, base64);
	return true;
}

/* "address ssh-ed25519 AAAA…"; lines with # are remarks. */
bool host_key_scanned(const char *text, char out[HOST_KEY_MAX])
{
	while (*text) {
		size_t host = strcspn(text, " \n");

		if (*text != '#' && text[host] == ' ' && host_key_clean(text + host + 1, out))
			return true;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return false;
}

/* SHA256:… as ssh-keygen -l prints it. */
static void fingerprint(const char *key, char out[64])
{
	uint8_t blob[64], hash[crypto_hash_sha256_BYTES];
	char base64[48];
	size_t len;

	sodium_base642bin(blob, sizeof(blob), key + strlen(TYPE), strlen(key) - strlen(TYPE), NULL, &len, NULL,
	                  sodium_base64_VARIANT_ORIGINAL);
	crypto_hash_sha256(hash, blob, len);
	sodium_bin2base64(base64, sizeof(base64), hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	snprintf(out, 64, "SHA256:%s", base64);
}

int on_server_creating(struct cmd *c, const void *body)
{
	static const struct db_query q = {
		.name = "host_key_expect",
		.sql = "INSERT INTO runner.host_key_expected (op, request, project, token_hash)"
		       " VALUES ($1::uuid, $2::bigint, $3::bigint, $4) ON CONFLICT (op) DO NOTHING",
	};
	const struct server_creating *in = body;

	return db_exec(c->db, &q, NULL, db_str(in->op), db_i64(in->request), db_i64(in->project), db_str(in->token_hash));
}

/*
 * A token is worth one report; a later one, or an unknown token, changes nothing.
 * The caller is answered the same in any case.
 */
int on_hostkey_report(struct cmd *c, const void *body)
{
	static const struct db_query q = {
		.name = "host_key_report",
		.sql = "UPDATE runner.host_key_expected SET reported_key = $2, reported_at = now()"
		       " WHERE token_hash = $1 AND reported_key IS NULL RETURNING request",
	};
	const struct hostkey_report *in = body;
	char key[HOST_KEY_MAX], object[48] = "none";
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	bool good = host_key_clean(in->key, key);
	int r;

	r = good ? db_select(c->db, &q, &rows, db_str(in->token_hash), db_str(key)) : 0;
	if (r)
		return r;
	good = good && db_next(&rows);
	if (good)
		snprintf(object, sizeof(object), "request:%lld", (long long)db_get_i64(&rows, "request"));
	log_info("host_key.reported", LOG_STR("object", object), LOG_STR("outcome", good ? "kept" : "ignored"));
	return cmd_audit(c, "hostkey.report", object, good ? "ok" : "denied", NULL);
}

int on_server_deleted(struct cmd *c, const void *body)
{
	static const struct db_query q = { .name = "host_key_forget", .sql = "DELETE FROM runner.host_key WHERE op = $1::uuid" };
	const struct server_deleted *in = body;

	return db_exec(c->db, &q, NULL, db_str(in->op));
}

static int flag(struct cmd *c, int64_t server, const char *seen)
{
	static const struct db_query q = {
		.name = "host_key_flag",
		.sql = "UPDATE runner.host_key SET other_fingerprint = $2, flagged_at = now() WHERE server = $1::bigint",
	};
	char print[64];

	fingerprint(seen, print);
	log_warn("host_key.changed", LOG_I64("server", server), LOG_STR("seen", print));
	return db_exec(c->db, &q, NULL, db_i64(server), db_str(print));
}

static int pin(struct cmd *c, int64_t server, const char *op, const char *address, const char *key)
{
	static const struct db_query q = {
		.name = "host_key_pin",
		.sql = "INSERT INTO runner.host_key (server, op, address, key, fingerprint, how)"
		       " VALUES ($1::bigint, $2::uuid, $3::inet, $4, $5, 'reported')",
	};
	char print[64], object[48];
	int r;

	fingerprint(key, print);
	snprintf(object, sizeof(object), "server:%lld", (long long)server);
	log_info("host_key.pinned", LOG_I64("server", server), LOG_STR("fingerprint", print));
	r = db_exec(c->db, &q, NULL, db_i64(server), db_str(op), db_str(address), db_str(key), db_str(print));
	return r ? r : cmd_audit(c, "hostkey.pin", object, "ok", NULL);
}

int host_key_check(struct cmd *c, int64_t server, const char *op, const char *address, const char *seen,
                   enum host_key_verdict *ret)
{
	static const struct db_query q = {
		.name = "host_key_known",
		.sql = "SELECT (SELECT key FROM runner.host_key WHERE server = $1::bigint) AS pinned,"
		       "       (SELECT reported_key FROM runner.host_key_expected WHERE op = $2::uuid) AS reported",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	const char *pinned, *reported;
	int r;

	r = db_select(c->db, &q, &rows, db_i64(server), db_str(op));
	if (r)
		return r;
	db_next(&rows);
	pinned = db_get_str(&rows, "pinned");
	reported = db_get_str(&rows, "reported");
	if (pinned) {
		*ret = strcmp(pinned, seen) ? HOST_KEY_CHANGED : HOST_KEY_OK;
		return *ret == HOST_KEY_CHANGED ? flag(c, server, seen) : 0;
	}
	*ret = !reported ? HOST_KEY_WAIT : strcmp(reported, seen) ? HOST_KEY_MISMATCH : HOST_KEY_OK;
	return *ret == HOST_KEY_OK ? pin(c, server, op, address, seen) : 0;
}
