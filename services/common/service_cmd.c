/* What a handler may do: answer, reject, send, publish, audit. */
#include "err.h"
#include "result.h"
#include "service_impl.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

void cmd_state_release(struct cmd_state *st)
{
	free(st->data);
	free(st->field);
	free(st->state);
	free(st->detail);
	*st = (struct cmd_state){ 0 };
}

static char *copy(const char *s)
{
	return s && *s ? xstrdup(s) : NULL;
}

int cmd_reject(struct cmd *c, int status, const char *field, const char *state, const char *fmt, ...)
{
	char text[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text[utf8_cut(text, sizeof(text) - 1)] = '\0';
	cmd_state_release(c->state);
	*c->state = (struct cmd_state){ .status = status, .rejected = true, .field = copy(field),
		                        .state = copy(state), .detail = copy(text) };
	return CMD_REJECTED;
}

void cmd_result(struct cmd *c, int status, const char *json)
{
	cmd_state_release(c->state);
	*c->state = (struct cmd_state){ .status = status, .data = copy(json) };
}

static void later(struct service *s, const char *first, const char *second, bool live)
{
	struct after_commit *a = xcalloc(1, sizeof(*a));

	a->first = xstrdup(first);
	a->second = xstrdup(second);
	a->live = live;
	STAILQ_INSERT_TAIL(&s->after, a, link);
}

void cmd_live(struct cmd *c, const char *topic, const char *json)
{
	later(c->svc, topic, json, true);
}

void cmd_live_list(struct cmd *c, const char *topic)
{
	const struct after_commit *a;
	char json[80];

	STAILQ_FOREACH (a, &c->svc->after, link)
		if (a->live && !strcmp(a->first, topic))
			return;
	snprintf(json, sizeof(json), "{\"topic\":\"%s\",\"kind\":\"changed\"}", topic);
	cmd_live(c, topic, json);
}

static void release(struct service *s, bool act)
{
	struct after_commit *a;

	while ((a = STAILQ_FIRST(&s->after))) {
		STAILQ_REMOVE_HEAD(&s->after, link);
		if (act && a->live)
			live_publish(s->live, a->first, a->second);
		else if (act && !strcmp(a->first, s->info->name))
			service_add_rung(s, a->second); /* to ourselves: no need for a bell */
		else if (act)
			peers_ring(s->peers, a->first, a->second);
		free(a->first);
		free(a->second);
		free(a);
	}
	if (act)
		peers_flush(s->peers);
}

void service_after_commit(struct service *s)
{
	release(s, true);
}

void service_after_rollback(struct service *s)
{
	release(s, false);
}

static const char *service_of_schema(const char *schema)
{
	for (const struct svc_info *i = svc_infos; i->name; i++)
		if (i->schema && !strcmp(i->schema, schema))
			return i->name;
	return "";
}

int cmd_send(struct cmd *c, const struct msg_def *msg, const void *rec, const char *agg)
{
	static const struct db_query q = {
		.name = "bus_send",
		.sql = "SELECT target, id FROM bus.send($1, $2, $3, $4, $5, $6::uuid, $7::uuid)",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	msgpack_sbuffer body;
	char actor[64];
	int r;

	snprintf(actor, sizeof(actor), "system:%s", c->svc->info->name);
	msgpack_sbuffer_init(&body);
	rec_pack(msg->rec, rec, &body);
	r = db_select(c->db, &q, &rows, db_str(msg->type), db_str(agg), db_bytes(body.data, body.size),
	              db_str(actor), db_i64(c->generation), db_str(c->corr[0] ? c->corr : NULL),
	              db_str(c->id[0] ? c->id : NULL));
	msgpack_sbuffer_destroy(&body);
	while (!r && db_next(&rows))
		later(c->svc, service_of_schema(db_get_str(&rows, "target")), db_get_str(&rows, "id"), false);
	return r;
}

int cmd_audit(struct cmd *c, const char *action, const char *object, const char *outcome,
              const char *detail_json)
{
	static const struct db_query q = {
		.name = "audit_append",
		.sql = "SELECT audit.append($1, $2::bigint, $3, $4, $5, $6::jsonb, $7::uuid)",
	};

	return db_exec(c->db, &q, NULL, db_str(c->actor), db_id(c->user), db_str(action), db_str(object),
	               db_str(outcome), db_str(detail_json), db_str(c->corr[0] ? c->corr : NULL));
}

static int attempt_transaction(struct service *s, int (*fn)(struct cmd *c, void *arg), void *arg)
{
	struct cmd_state state = { 0 };
	char actor[64];
	struct cmd c = { .svc = s, .db = s->db, .state = &state, .actor = actor };
	int r;

	snprintf(actor, sizeof(actor), "system:%s", s->info->name);
	uuid7(c.corr);
	log_correlation(c.corr);
	r = db_begin(s->db);
	if (!r)
		r = fn(&c, arg);
	if (!r)
		r = db_commit(s->db);
	if (r)
		db_rollback(s->db);
	r ? service_after_rollback(s) : service_after_commit(s);
	cmd_state_release(&state);
	log_correlation(NULL);
	return r;
}

int svc_transaction(struct service *s, int (*fn)(struct cmd *c, void *arg), void *arg)
{
	int r = DB_E_RETRY;

	for (int i = 0; i < 3 && r == DB_E_RETRY; i++)
		r = attempt_transaction(s, fn, arg);
	return r;
}
