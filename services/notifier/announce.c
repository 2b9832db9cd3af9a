#include "announce.h"
#include "err.h"
#include "rules.h"
#include "text.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Characters that the table takes, and bytes that one of them may have. */
#define TITLE_MAX 200
#define BODY_MAX 4000
#define CHARACTER 4

static bool mail_on;

/* What a rule needs to know about what happened, whatever event it came as. */
struct happening {
	int64_t request, project, requester, actor;
	const char *name, *client, *detail;
	char link[64];
};

void announce_mail(bool on)
{
	mail_on = on;
}

void announce_unread(struct cmd *c, int64_t user, int64_t notification, int64_t unread)
{
	char topic[32], json[160];

	snprintf(topic, sizeof(topic), "me/%" PRId64, user);
	snprintf(json, sizeof(json),
	         "{\"topic\":\"%s\",\"seq\":%" PRId64 ",\"kind\":\"notification\",\"id\":%" PRId64
	         ",\"unread\":%" PRId64 "}",
	         topic, notification, notification, unread);
	cmd_live(c, topic, json);
}

void announce_live(struct cmd *c, struct db_rows *rows)
{
	while (db_next(rows))
		announce_unread(c, db_get_i64(rows, "user_id"), db_get_i64(rows, "id"),
		                db_get_i64(rows, "unread"));
}

static int actor_name(struct cmd *c, int64_t user, struct db_rows *rows, const char **ret)
{
	static const struct db_query q = {
		.name = "user_name",
		.sql = "SELECT workflow.user_json($1::bigint) ->> 'name' AS name",
	};
	int r = db_select(c->db, &q, rows, db_i64(user));

	if (r)
		return r;
	*ret = user && db_next(rows) ? db_get_str(rows, "name") : NULL;
	if (!*ret)
		*ret = "The portal";
	return 0;
}

static int tell(struct cmd *c, const struct rule *rule, const struct happening *h,
                const char *title, const char *body)
{
	static const struct db_query q = {
		.name = "tell",
		.sql = "SELECT id, user_id, unread FROM notifier.tell("
		       " notifier.recipients($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5, "
		       "$6, $7, $8),"
		       " $9::uuid, $10, $11, $12, $13, $14, $1::bigint, $15)",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	r = db_select(c->db, &q, &rows, db_i64(h->request), db_i64(h->project), db_id(h->requester),
	              db_id(h->actor), db_bool(rule->to & TO_REQUESTER),
	              db_bool(rule->to & TO_APPROVERS), db_bool(rule->to & TO_DECIDER),
	              db_bool(rule->to & TO_MANAGERS), db_str(c->id), db_str(rule->event),
	              db_str(rule->severity), db_str(title), db_str(body), db_str(h->link),
	              db_bool(rule->mail && mail_on));
	if (r)
		return r;
	log_info("notification.told", LOG_STR("about", rule->event), LOG_I64("request", h->request),
	         LOG_I64("people", rows.n));
	announce_live(c, &rows);
	return 0;
}

static void buf_done(struct buf *b)
{
	buf_release(b);
}

static void fill(struct buf *out, size_t characters, const char *sentence,
                 const struct text_var *vars)
{
	buf_init(out, characters * CHARACTER);
	text_fill(out, sentence, vars);
	out->data[utf8_cut(out->data, out->len)] = '\0';
}

static int announce(struct cmd *c, const struct rule *rule, const struct happening *h)
{
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	_cleanup_(buf_done) struct buf title = { 0 }, body = { 0 };
	const char *actor;
	int r;

	r = actor_name(c, h->actor, &rows, &actor);
	if (r)
		return r;
	const struct text_var vars[] = {
		{ "name", h->name },
		{ "client", h->client && *h->client ? h->client : "a client" },
		{ "actor", actor },
		{ "detail", h->detail },
		{ 0 },
	};
	fill(&title, TITLE_MAX, rule->title, vars);
	fill(&body, BODY_MAX, rule->body, vars);
	return tell(c, rule, h, title.data, body.data);
}

int on_request_event(struct cmd *c, const void *body)
{
	const struct request_submitted *in = body; /* all request.* events have these fields */
	const struct rule *rule = rule_find(c->msg->type);
	struct happening h = {
		.request = in->request,
		.project = in->project,
		.requester = in->requester,
		.actor = in->actor,
		.name = in->name,
		.client = in->client,
		.detail = in->detail,
	};

	if (!rule)
		return 0;
	snprintf(h.link, sizeof(h.link), "/requests/%" PRId64, in->request);
	return announce(c, rule, &h);
}

int on_run_finished(struct cmd *c, const void *body)
{
	static const struct db_query q = {
		.name = "run_about",
		.sql = "SELECT runner.run_project($1::bigint) AS project, "
		       "workflow.request_brief($2::bigint) ->> 'name' AS name",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	const struct run_finished *in = body;
	struct happening h = { .request = in->request, .detail = in->message };
	int r;

	if (!strcmp(in->state, "succeeded") || !strcmp(in->state, "cancelled"))
		return 0;
	r = db_select(c->db, &q, &rows, db_i64(in->run), db_i64(in->request));
	if (r)
		return r;
	if (!db_next(&rows) || db_is_null(&rows, "project"))
		return 0; /* nobody knows whose it is any more */
	h.project = db_get_i64(&rows, "project");
	h.name = db_get_str(&rows, "name") ? db_get_str(&rows, "name") : "a server";
	snprintf(h.link, sizeof(h.link), "/runs/%" PRId64, in->run);
	return announce(c, rule_find(c->msg->type), &h);
}
