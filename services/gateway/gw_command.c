/* POST: the body becomes a message, the message a row in its service's journal, its result the
 * answer. */
#include "err.h"
#include "gw_bus.h"
#include "gw_co.h"
#include "gw_keys.h"
#include "gw_metrics.h"
#include "gw_routes.h"
#include "gw_session.h"
#include "log.h"
#include "secret.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REC_MAX 1024

/* ---- the message -------------------------------------------------------------------------- */

/* Ids in the path: positive numbers. false: there is no such thing. */
static bool fill_path(struct gw_rq *rq, void *rec)
{
	for (size_t i = 0; i < rq->args.n; i++) {
		char name[48], value[24], *end;
		const struct rec_field *f;

		if (rq->args.at[i].len >= sizeof(value) || rq->args.at[i].name_len >= sizeof(name))
			return false;
		snprintf(name, sizeof(name), "%.*s", (int)rq->args.at[i].name_len,
		         rq->args.at[i].name);
		snprintf(value, sizeof(value), "%.*s", (int)rq->args.at[i].len,
		         rq->args.at[i].value);
		f = rec_field(rq->route->msg->rec, name);
		errno = 0;
		if (!f || value[0] < '1' || value[0] > '9' || strtoll(value, &end, 10) <= 0 ||
		    *end || errno)
			return false;
		rec_set_i64(f, rec, strtoll(value, NULL, 10));
	}
	return true;
}

/* What was typed leaves this process only sealed to the service that needs it. */
static void seal_fields(const struct msg_def *msg, const char *id, void *rec, uint8_t *blobs[],
                        size_t *n)
{
	for (size_t i = 0; i < msg->rec->n_fields; i++) {
		const struct rec_field *f = &msg->rec->field[i];
		struct rec_bin *value = (struct rec_bin *)((char *)rec + f->offset);
		char context[160];
		size_t len;

		if (f->kind != REC_SEAL || !value->data)
			continue;
		snprintf(context, sizeof(context), "%s/%s/%s", msg->type, id, f->name);
		if (secret_seal(keys_seal(gw_keys(), f->sealed_for), context, value->data,
		                value->len, &blobs[*n], &len))
			abort();
		sodium_memzero((void *)(uintptr_t)value->data, value->len);
		*value = (struct rec_bin){ blobs[(*n)++], len };
	}
}

/* Method, path and body together: the same key for another address or body is another request. */
static void digest(struct gw_rq *rq, char out[65])
{
	crypto_generichash_state st;
	const char *body;
	uint8_t hash[32];
	size_t len;

	body = gw_request_body(rq, &len);
	crypto_generichash_init(&st, NULL, 0, sizeof(hash));
	crypto_generichash_update(&st, (const uint8_t *)rq->route->method,
	                          strlen(rq->route->method) + 1);
	crypto_generichash_update(&st, (const uint8_t *)rq->req->path, strlen(rq->req->path) + 1);
	crypto_generichash_update(&st, (const uint8_t *)body, len);
	crypto_generichash_final(&st, hash, sizeof(hash));
	sodium_bin2hex(out, 65, hash, sizeof(hash));
}

/* ---- the answer --------------------------------------------------------------------------- */

static void accepted(struct gw_rq *rq, const char *id)
{
	char json[256], location[80];

	snprintf(location, sizeof(location), "/api/v1/commands/%s", id);
	snprintf(json, sizeof(json),
	         "{\"command\":\"%s\",\"location\":\"%s\",\"state\":\"accepted\"}", id, location);
	gw_header(rq, "location", location);
	gw_count(GW_ACCEPTED);
	gw_reply_json(rq, 202, json);
}

/* @known: it was sent before. Then a refused session was that of an earlier try, not this one's. */
static void answer(struct gw_rq *rq, const void *body, size_t len, bool known)
{
	struct cmd_answer a;
	void *mem = NULL;

	if (!body || rec_unpack(&cmd_answer_def, body, len, &a, &mem)) {
		gw_problem_broken(rq);
		return;
	}
	if (a.status == 401 && known)
		gw_problem(rq, 422, "idempotency_stale",
		           "This Idempotency-Key belongs to a try made before you signed in "
		           "again. Use a new one.");
	else if (a.status == 401)
		gw_session_over(rq);
	else if (a.status >= 300)
		gw_problem_said(rq, (int)a.status, a.field, a.state, a.detail);
	else
		gw_reply_json(rq, (int)a.status, a.data ? a.data : "{}");
	free(mem);
}

static void wait_and_answer(struct gw_rq *rq, const struct gw_command *c, bool known)
{
	void *body = NULL;
	size_t len;

	switch (gw_bus_wait(c, known, &body, &len)) {
	case GW_WAIT_GONE:
		break;
	case GW_WAIT_OVER:
		gw_session_over(rq);
		break;
	case GW_WAIT_LATER:
		accepted(rq, c->id);
		break;
	case GW_WAIT_DONE:
		answer(rq, body, len, known);
		break;
	}
	free(body);
}

static void submit(struct gw_rq *rq, struct gw_command *c)
{
	enum gw_submit_code code = gw_bus_submit(c);

	switch (code) {
	case GW_SUBMIT_NEW:
	case GW_SUBMIT_KNOWN:
		wait_and_answer(rq, c, code == GW_SUBMIT_KNOWN);
		break;
	case GW_SUBMIT_MISMATCH:
		gw_problem(rq, 422, "idempotency_mismatch",
		           "This Idempotency-Key was used for something else. Use a new one.");
		break;
	case GW_SUBMIT_AWAY:
		gw_problem_said(rq, 503, NULL, NULL,
		                "The database cannot be reached right now. Nothing was done; try "
		                "again in a few seconds.");
		break;
	case GW_SUBMIT_UNKNOWN:
		gw_problem_said(rq, 503, NULL, NULL,
		                "The database was lost while this was sent, so it may or may not "
		                "be done. Look before you try again.");
		break;
	case GW_SUBMIT_REFUSED:
		gw_problem_broken(rq);
		break;
	case GW_SUBMIT_GONE:
		break;
	}
}

static void send_command(struct gw_rq *rq, void *rec)
{
	const struct msg_def *msg = rq->route->msg;
	const struct rec_field *object = *msg->object ? rec_field(msg->rec, msg->object) : NULL;
	char agg[80], actor[32], sum[65];
	struct gw_command c = { .msg = msg,
		                .rec = rec,
		                .actor = actor,
		                .user = rq->session.user,
		                .generation = rq->session.generation,
		                .corr = rq->corr };
	uint8_t *blobs[8] = { 0 };
	size_t n_blobs = 0;

	uuid7(c.id);
	snprintf(actor, sizeof(actor), "user:%" PRId64, rq->session.user);
	c.idem_key = gw_request_header(rq, "idempotency-key");
	if (c.idem_key && !gw_idem_ok(c.idem_key)) {
		gw_problem(rq, 400, NULL,
		           "An Idempotency-Key has 8 to 200 printable characters without spaces.");
		return;
	}
	if (c.idem_key) {
		digest(rq, sum);
		c.digest = sum;
	}
	/* one object's commands run in order; what creates something has no object of its own yet
	 */
	if (object && (object->flags & REC_PATH)) {
		snprintf(agg, sizeof(agg), "%s:%" PRId64, msg->object, rec_get_i64(object, rec));
		c.agg = agg;
	}
	seal_fields(msg, c.id, rec, blobs, &n_blobs);
	if (n_blobs)
		gw_request_forget(rq);
	submit(rq, &c);
	for (size_t i = 0; i < n_blobs; i++)
		free(blobs[i]);
}

void gw_command(struct gw_rq *rq)
{
	const struct rec_def *def = rq->route->msg->rec;
	struct rec_errors errors;
	_Alignas(16) char rec[REC_MAX];
	void *mem = NULL;
	const char *body;
	size_t len;
	int r;

	if (def->size > sizeof(rec))
		abort();
	if (rq->req->query_string && *rq->req->query_string) {
		gw_problem(rq, 400, NULL, "This address takes no parameters.");
		return;
	}
	body = gw_request_body(rq, &len);
	r = rec_from_json(def, body, len, rec, &mem, &errors);
	if (r == REC_E_MALFORMED)
		gw_problem(rq, 400, NULL, "%s", errors.why);
	else if (r)
		gw_problem_fields(rq, &errors);
	else if (!fill_path(rq, rec))
		gw_problem(rq, 404, NULL, "There is nothing at this address.");
	else
		send_command(rq, rec);
	rec_forget(def, mem, len);
}

/* ---- GET /commands/:id -------------------------------------------------------------------- */

static const char *const state_names[] = {
	"ready", "leased", "done", "failed", "dead", "cancelled"
};

static void json_pair(struct buf *b, const char *key, const PGresult *res, int column)
{
	buf_fmt(b, ",\"%s\":", key);
	buf_json_str(b, PQgetisnull(res, 0, column) ? NULL : PQgetvalue(res, 0, column));
}

static void add_outcome(struct buf *b, const struct cmd_answer *a)
{
	if (a->status < 300) {
		buf_fmt(b, ",\"result\":%s,\"error\":null", a->data ? a->data : "{}");
		return;
	}
	buf_fmt(b, ",\"result\":null,\"error\":{\"status\":%d,\"detail\":", (int)a->status);
	buf_json_str(b, a->detail);
	buf_str(b, ",\"state\":");
	buf_json_str(b, a->state);
	buf_str(b, ",\"field\":");
	buf_json_str(b, a->field);
	buf_str(b, "}");
}

static void describe(struct gw_rq *rq, const PGresult *res)
{
	_cleanup_(buf_release) struct buf b = { .max = 4 << 20 };
	long state = strtol(PQgetvalue(res, 0, GW_ROW_STATE), NULL, 10);
	unsigned char *plain = NULL;
	struct cmd_answer a;
	void *mem = NULL;
	size_t len = 0;

	buf_str(&b, "{\"id\":");
	buf_json_str(&b, PQgetvalue(res, 0, GW_ROW_ID));
	json_pair(&b, "type", res, GW_ROW_TYPE);
	buf_fmt(&b, ",\"state\":\"%s\",\"attempt\":%s",
	        state_names[state >= 0 && state < 6 ? state : 0],
	        PQgetvalue(res, 0, GW_ROW_ATTEMPT));
	json_pair(&b, "created_at", res, GW_ROW_CREATED);
	json_pair(&b, "done_at", res, GW_ROW_DONE);
	if (!PQgetisnull(res, 0, GW_ROW_RESULT))
		plain = PQunescapeBytea((const unsigned char *)PQgetvalue(res, 0, GW_ROW_RESULT),
		                        &len);
	if (plain && !rec_unpack(&cmd_answer_def, plain, len, &a, &mem))
		add_outcome(&b, &a);
	else
		buf_str(&b, ",\"result\":null,\"error\":null");
	buf_str(&b, "}");
	gw_reply_json(rq, 200, b.data);
	free(mem);
	PQfreemem(plain);
}

void gw_command_state(struct gw_rq *rq)
{
	_cleanup_(gw_db_release) struct gw_db_answer a = { 0 };
	char id[UUID_TEXT];
	uint8_t raw[16];

	snprintf(id, sizeof(id), "%.*s", (int)rq->args.at[0].len, rq->args.at[0].value);
	if (rq->args.at[0].len == UUID_TEXT - 1 && uuid_parse(id, raw))
		a = gw_bus_row(rq->session.user, rq->session.generation, id);
	if (a.code != GW_DB_OK)
		gw_read_failed(rq, &a);
	else if (a.res && PQntuples(a.res))
		describe(rq, a.res);
	else
		gw_problem(rq, 404, NULL, "There is no such command, or it is not yours.");
}
