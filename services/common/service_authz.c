/*
 * May they? Every command of a person is checked in the transaction that works
 * it, with the role and grants of this moment.
 */
#include "service_batch.h"

#include "err.h"
#include "pg_array.h"
#include "result.h"

#include <stdlib.h>
#include <string.h>

/*
 * claim() can ask in the same round trip when it knows the object without the
 * body: there is none, or its id is in the address and so in the aggregate.
 */
static bool in_aggregate(const struct msg_def *msg)
{
	const struct rec_field *f = *msg->object ? rec_field(msg->rec, msg->object) : NULL;

	return !f || (f->flags & REC_PATH);
}

void service_authz_prepare(struct service *s)
{
	struct buf types = { .max = 1 << 16 }, actions = { .max = 1 << 16 };

	for (const struct svc_handler *h = s->me->handlers; h && h->msg; h++)
		if (h->msg->kind == MSG_COMMAND && in_aggregate(h->msg)) {
			pg_array_str(&types, h->msg->type);
			pg_array_str(&actions, h->msg->action);
		}
	pg_array_end(&types);
	pg_array_end(&actions);
	s->claim_types = types.data;
	s->claim_actions = actions.data;
}

int64_t row_object(const struct row *r)
{
	const struct rec_field *f = *r->cmd.msg->object ? rec_field(r->cmd.msg->rec, r->cmd.msg->object) : NULL;

	return f ? rec_get_i64(f, r->rec) : 0;
}

const char *authz_word(const char *v)
{
	return !v ? NULL : !strcmp(v, "stale") ? "stale" : !strcmp(v, "not_found") ? "not_found" : "forbidden";
}

/* One question for the whole batch; services act by their key, not by a role. */
int batch_authorise(struct batch *b)
{
	static const struct db_query q = {
		.name = "authz_batch",
		.sql = "SELECT n, authz.check(u, g, a, o) AS verdict"
		       "  FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[]) t(n, u, g, a, o)",
	};
	_cleanup_(buf_release) struct buf n = { .max = 1 << 20 }, u = { .max = 1 << 20 }, g = { .max = 1 << 20 },
					  a = { .max = 1 << 20 }, o = { .max = 1 << 20 };
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	char text[32];
	int r;

	for (size_t i = 0; i < b->n; i++) {
		struct row *row = &b->row[i];

		if (!row->cmd.msg || !row->cmd.user || row->asked)
			continue;
		snprintf(text, sizeof(text), "%zu", i);
		pg_array_raw(&n, text);
		snprintf(text, sizeof(text), "%lld", (long long)row->cmd.user);
		pg_array_raw(&u, text);
		snprintf(text, sizeof(text), "%lld", (long long)row->cmd.generation);
		pg_array_raw(&g, text);
		pg_array_raw(&a, row->cmd.msg->action);
		snprintf(text, sizeof(text), "%lld", (long long)row_object(row));
		pg_array_raw(&o, text);
	}
	if (!n.len)
		return 0;
	pg_array_end(&n);
	pg_array_end(&u);
	pg_array_end(&g);
	pg_array_end(&a);
	pg_array_end(&o);
	r = db_select(b->s->db, &q, &rows, db_str(n.data), db_str(u.data), db_str(g.data), db_str(a.data),
	              db_str(o.data));
	while (!r && db_next(&rows))
		b->row[db_get_i64(&rows, "n")].denied = authz_word(db_get_str(&rows, "verdict"));
	return r;
}

/* The sentence authz has for a refusal; "" when it has none. */
static int why_denied(struct row *r, char out[400])
{
	static const struct db_query q = { .name = "authz_why", .sql = "SELECT authz.why($1::bigint, $2, $3::bigint) AS why" };
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int rc = db_select(r->cmd.db, &q, &rows, db_i64(r->cmd.user), db_str(r->cmd.msg->action), db_i64(row_object(r)));

	out[0] = '\0';
	if (!rc && db_next(&rows) && db_get_str(&rows, "why"))
		snprintf(out, 400, "%s", db_get_str(&rows, "why"));
	return rc;
}

/* Refused for want of a session, the command was not tried: its key is free again. */
static int forget_key(struct row *r)
{
	static const struct db_query q = { .name = "bus_forget_key", .sql = "SELECT bus.forget_key($1::uuid)" };

	return strcmp(r->denied, "stale") ? 0 : db_exec(r->cmd.db, &q, NULL, db_str(r->cmd.id));
}

int row_deny(struct row *r)
{
	char object[80], why[400] = "";
	int rc;

	snprintf(object, sizeof(object), "%s:%lld", *r->cmd.msg->object ? r->cmd.msg->object : "none",
	         (long long)row_object(r));
	rc = cmd_audit(&r->cmd, r->cmd.msg->action, object, "denied", NULL);
	if (!rc && !strcmp(r->denied, "forbidden"))
		rc = why_denied(r, why);
	if (!rc)
		rc = forget_key(r);
	if (rc)
		return rc;
	if (!strcmp(r->denied, "stale"))
		cmd_reject(&r->cmd, 401, NULL, NULL, "Your session has ended. Sign in again.");
	else if (!strcmp(r->denied, "not_found"))
		cmd_reject(&r->cmd, 404, NULL, NULL, "There is no such %s, or you were not given access to it.",
		           *r->cmd.msg->object ? r->cmd.msg->object : "object");
	else
		cmd_reject(&r->cmd, 403, NULL, NULL, "%s",
		           *why ? why : "You are not allowed to do this. Ask an administrator if you should be.");
	return 0;
}
