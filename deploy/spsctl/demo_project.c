/*
 * The demo project goes the way every project goes: a sealed token in a
 * project.create command in the journal, done by the workflow service.
 */
#include "ctl.h"
#include "demo.h"
#include "err.h"
#include "result.h"
#include "secret.h"
#include "uuid.h"

#include <jansson.h>
#include <msgpack.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What the gateway seals a field with too: message type, command id, field. */
#define SEAL_CONTEXT "%s/%s/%s"

#define WAIT_MS 200
#define WAIT_TIMES 300 /* a minute */

enum { STATE_DONE = 2, STATE_FAILED = 3 };

static void pause_a_moment(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = WAIT_MS * 1000000L }, NULL);
}

/* What the gateway would have made of an administrator's form. */
static bool pack_command(const struct demo *d, const struct keys *keys, const char *id,
                         msgpack_sbuffer *out)
{
	struct project_create body = {
		.name = DEMO_PROJECT,
		.description = "A project to try things in. Its servers run in the emulator and "
			       "cost nothing.",
		.budget_minor = 20000,
		.server_cap = 20,
		.open_for_sales = true,
		.environment = "staging",
		.manager_limit_minor = 5000,
	};
	const uint8_t *key = keys_seal(keys, "hetzner");
	char context[128];
	uint8_t *blob;
	size_t len;

	snprintf(context, sizeof(context), SEAL_CONTEXT, project_create_msg.type, id, "token");
	if (!key || secret_seal(key, context, d->token, strlen(d->token), &blob, &len))
		return ctl_refuse("the token could not be sealed for the hetzner service");
	body.token = (struct rec_bin){ .data = blob, .len = len };
	rec_pack(&project_create_def, &body, out);
	free(blob);
	return true;
}

static bool submit(PGconn *conn, const char *id, const char *actor, const msgpack_sbuffer *body)
{
	size_t hex_size = body->size * 2 + 1;
	_free_ char *hex = xcalloc(1, hex_size);
	_cleanup_(pg_clear) PGresult *res = NULL;

	sodium_bin2hex(hex, hex_size, (const uint8_t *)body->data, body->size);
	res = pg_query(conn,
	               "SELECT status FROM workflow.submit(ARRAY[$1::uuid], "
	               "ARRAY['project.create'], ARRAY[NULL::text],"
	               " ARRAY[$2::text], ARRAY[workflow.user_generation(substr($2, 6)::bigint)], "
	               "ARRAY[$1::uuid],"
	               " ARRAY[decode($3, 'hex')], ARRAY[NULL::text], ARRAY[NULL::bytea])",
	               3, (const char *const[]){ id, actor, hex });
	return res != NULL;
}

static void answer_release(void **mem)
{
	free(*mem);
}

/* Reads a finished command's answer: the new project's id, or why it was refused. */
static bool read_answer(const PGresult *res, int64_t *ret_project)
{
	_cleanup_(answer_release) void *mem = NULL;
	struct cmd_answer answer = { 0 };
	json_t *data;
	size_t len;
	uint8_t *raw = PQunescapeBytea((const unsigned char *)PQgetvalue(res, 0, 1), &len);
	int r = raw ? rec_unpack(&cmd_answer_def, raw, len, &answer, &mem) : REC_E_MALFORMED;

	PQfreemem(raw);
	if (r)
		return ctl_refuse("the workflow service's answer cannot be read");
	if (answer.status >= 300)
		return ctl_refuse("the demo project was refused: %s",
		                  answer.detail ? answer.detail : "no reason given");
	data = json_loads(answer.data ? answer.data : "{}", 0, NULL);
	*ret_project = json_integer_value(json_object_get(data, "id"));
	json_decref(data);
	if (!*ret_project)
		return ctl_refuse("the workflow service's answer has no project id");
	return true;
}

static bool wait_answer(PGconn *conn, const char *id, const char *actor, int64_t *ret_project)
{
	for (int i = 0; i < WAIT_TIMES; i++) {
		_cleanup_(pg_clear) PGresult *res = NULL;
		long state;

		res = pg_query(conn, "SELECT state, result FROM bus.command($1::uuid, $2)", 2,
		               (const char *const[]){ id, actor });
		if (!res)
			return false;
		state = PQntuples(res) ? strtol(PQgetvalue(res, 0, 0), NULL, 10) : 0;
		if (state == STATE_DONE || state == STATE_FAILED)
			return read_answer(res, ret_project);
		pause_a_moment();
	}
	return ctl_refuse("the workflow service did not answer within a minute; is it running? Its "
	                  "log says more");
}

/* Ready means: the token was tried, the SSH key is made, there are prices. */
static bool wait_ready(PGconn *conn, int64_t project)
{
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)project);
	for (int i = 0; i < WAIT_TIMES; i++) {
		int64_t ready;

		if (!pg_number(conn, &ready,
		               "SELECT (hetzner.token_state($1::bigint) = 'valid' AND "
		               "runner.public_key($1::bigint) IS NOT NULL"
		               " AND EXISTS (SELECT FROM hetzner.quote('cx23', 'fsn1')))::int",
		               1, (const char *const[]){ id }))
			return false;
		if (ready)
			return true;
		pause_a_moment();
	}
	return ctl_refuse(
		"the demo project was made, but its token, SSH key or prices are not there "
		"after a minute; "
		"the logs of hetzner and ansible-runner say more");
}

static bool create(PGconn *conn, const struct demo *d, const struct keys *keys,
                   int64_t *ret_project)
{
	char id[UUID_TEXT], actor[32];
	msgpack_sbuffer body;
	bool good;

	uuid7(id);
	snprintf(actor, sizeof(actor), "user:%lld", (long long)d->user[0].id);
	msgpack_sbuffer_init(&body);
	good = pack_command(d, keys, id, &body) && submit(conn, id, actor, &body) &&
	       wait_answer(conn, id, actor, ret_project);
	msgpack_sbuffer_destroy(&body);
	return good;
}

bool demo_project(PGconn *conn, struct demo *d, const struct keys *keys, int64_t *ret_project)
{
	if (!pg_number(conn, ret_project, "SELECT id FROM workflow.project WHERE name = $1", 1,
	               (const char *const[]){ DEMO_PROJECT }))
		return false;
	if (!*ret_project && !create(conn, d, keys, ret_project))
		return false;
	return wait_ready(conn, *ret_project);
}
