/* Ordering a server, and looking for it when nobody knows what became of the order: create, sent.
 */
#include "buf.h"
#include "err.h"
#include "operation_steps.h"
#include "phone_home.h"
#include "secret.h"
#include "server_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define USER_DATA_MAX 4096
#define ELSEWHERE " The catalogue lists free ones in: "
#define LOOKS_AFTER_TAKEN 8

/* ---- the order ----------------------------------------------------------------------------- */

static int save_outcome(struct cmd *c, const struct operation *o, int64_t server,
                        const struct answer_actions *actions)
{
	static const struct db_query q = {
		.name = "op_outcome",
		.sql = "UPDATE hetzner.operation SET provider_server = $2,"
		       "     actions = string_to_array(nullif($3, ''), ' ')::bigint[]"
		       " WHERE op = $1::uuid",
	};
	static const struct db_query none = {
		.name = "op_adopt",
		.sql = "UPDATE hetzner.operation SET provider_server = $2, actions = '{}'"
		       " WHERE op = $1::uuid",
	};
	struct buf ids;
	int r;

	if (!actions || !actions->n)
		return db_exec(c->db, &none, NULL, db_str(o->op), db_i64(server));
	buf_init(&ids, 1024);
	for (size_t i = 0; i < actions->n; i++)
		buf_fmt(&ids, "%s%" PRId64, i ? " " : "", actions->at[i].id);
	r = db_exec(c->db, &q, NULL, db_str(o->op), db_i64(server), db_str(ids.data));
	buf_release(&ids);
	return r;
}

/* Nothing was made: there is no order any more whose outcome is open. */
static int order_refused(struct cmd *c, struct work *w)
{
	static const struct db_query q = {
		.name = "op_refused",
		.sql = "UPDATE hetzner.operation SET posted_at = NULL WHERE op = $1::uuid",
	};

	w->o.posted_s = -1;
	return db_exec(c->db, &q, NULL, db_str(w->o.op));
}

/* Remembered with the operation: after this answer no further order goes out. */
static int name_taken(struct cmd *c, const struct operation *o)
{
	static const struct db_query q = {
		.name = "op_name_taken",
		.sql = "UPDATE hetzner.operation SET error_code = 'uniqueness_error'"
		       " WHERE op = $1::uuid",
	};

	return db_exec(c->db, &q, NULL, db_str(o->op));
}

/* Perhaps the key that we remember is not there any more: it is uploaded again, once. */
static int key_again(struct cmd *c, struct work *w, bool *ret)
{
	static const struct db_query q = {
		.name = "ssh_key_forget",
		.sql = "DELETE FROM hetzner.ssh_key WHERE project = $1 AND public_key = $2",
	};
	static const struct db_query again = {
		.name = "op_key_again",
		.sql = "UPDATE hetzner.operation SET state = 'key', owner = NULL, due_at = now(),"
		       "     polls = 0, key_again = true WHERE op = $1::uuid AND NOT key_again",
	};
	const char *message = w->reply->error.message;
	int64_t n;
	int r;

	*ret = false;
	if (w->reply->status != 422 ||
	    (!strstr(message, "ssh_keys") && !strstr(message, "SSH key")))
		return 0;
	r = db_exec(c->db, &again, &n, db_str(w->o.op));
	if (r || !n)
		return r;
	*ret = true;
	return db_exec(c->db, &q, NULL, db_i64(w->o.project), db_str(w->o.ssh_key));
}

/* Says where the catalogue knows of free servers of this type: that is what a person asks next. */
static int no_stock(struct cmd *c, struct work *w)
{
	static const struct db_query q = {
		.name = "stock_elsewhere",
		.sql = "SELECT string_agg(p.location, ', ' ORDER BY p.location) AS there"
		       "  FROM hetzner.price p WHERE p.server_type = $1 AND p.location <> $2"
		       "   AND p.available"
		       "   AND (p.unavailable_after IS NULL OR p.unavailable_after > now())",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	const char *say = w->reply->policy->say, *there = NULL;
	char text[600];
	int r = db_select(c->db, &q, &rows, db_str(w->o.server_type), db_str(w->o.location));

	if (r)
		return r;
	if (!say)
		say = w->reply->error.message;
	if (db_next(&rows))
		there = db_get_str(&rows, "there");
	snprintf(text, sizeof(text), "%.300s%s%.200s%s", say, there ? ELSEWHERE : "",
	         there ? there : "", there ? "." : "");
	return op_fail(c, &w->o, w->reply->error.code, text);
}

static int refused_for_good(struct cmd *c, struct work *w)
{
	const char *code = w->reply->error.code;
	bool again;
	int r = order_refused(c, w);

	if (!r)
		r = key_again(c, w, &again);
	if (r || again)
		return r;
	if (!strcmp(code, "resource_unavailable") || !strcmp(code, "placement_error"))
		return no_stock(c, w);
	return work_default(c, w);
}

static int created(struct cmd *c, struct work *w)
{
	struct answer_actions actions;
	struct answer_server s;
	int64_t id;
	int r;

	switch (w->reply->policy->verdict) {
	case VERDICT_OK:
		if (answer_created(w->reply->root, &s, &actions) || strcmp(s.op, w->o.op))
			return work_unreadable(c, w); /* looked for in state sent */
		r = save_outcome(c, &w->o, s.id, &actions);
		if (!r)
			r = server_row_record(c, &w->o, &s, "provisioning", &id);
		return r ? r : op_move(c, &w->o, OP_ACTION, op_pause_ms(&w->o));
	case VERDICT_UNKNOWN: /* looked for in state sent; after many of them it is given up */
		return work_default(c, w);
	case VERDICT_TAKEN: /* by ourselves, it may be: an order that was thought lost */
		r = name_taken(c, &w->o);
		return r ? r : op_stay(c, &w->o, 0, true);
	case VERDICT_RETRY:
		r = order_refused(c, w);
		if (r || w->o.tries >= w->reply->policy->tries)
			return r ? r : work_default(c, w);
		r = op_stay(c, &w->o, 0, true);
		return r ? r
		         : op_move(c, &w->o, OP_CREATE,
		                   policy_wait_ms(w->reply->policy, (int)w->o.tries));
	case VERDICT_ABSENT:
	case VERDICT_FAIL:
	case VERDICT_TOKEN:
		break;
	}
	return refused_for_good(c, w);
}

static json_t *order(const struct operation *o, const char *token)
{
	struct buf user_data;
	char request[24];
	json_t *body;

	snprintf(request, sizeof(request), "%" PRId64, o->request);
	buf_init(&user_data, USER_DATA_MAX);
	phone_home_user_data(&user_data, work_settings()->public_url, token);
	body = json_pack("{s:s, s:s, s:s, s:s, s:[I], s:{s:s, s:s}, s:s, s:b}", "name", o->name,
	                 "server_type", o->server_type, "image", o->image, "location", o->location,
	                 "ssh_keys", (json_int_t)o->key_id, "labels", "sps-op", o->op,
	                 "sps-request", request, "user_data", user_data.data, "start_after_create",
	                 1);
	buf_release(&user_data);
	return body;
}

static int announce(struct cmd *c, const struct work *w, const char *token)
{
	char hash[65], agg[40];
	const struct server_creating out = {
		.op = w->o.op, .request = w->o.request, .project = w->o.project, .token_hash = hash
	};

	secret_hash_hex(token, hash);
	snprintf(agg, sizeof(agg), "request:%" PRId64, w->o.request);
	return cmd_send(c, &server_creating_msg, &out, agg);
}

/*
 * From this COMMIT on a server may exist, whatever becomes of us; who waits for
 * its host key knows. An order that follows another one so soon may meet the
 * server that the other one makes, and so it has the same number and token; any
 * other would be a new machine, whose host key nobody has heard of.
 */
static int intend(struct cmd *c, struct work *w)
{
	static const struct db_query q = {
		.name = "op_intend",
		.sql = "UPDATE hetzner.operation o SET state = 'sent', posted_at = now(),"
		       "     entered_at = now(), polls = 0, error_code = NULL,"
		       "     orders = o.orders + was.settled::int"
		       "  FROM (SELECT posted_at IS NULL"
		       "            OR posted_at < now() - $2::int * interval '1 s' AS settled"
		       "          FROM hetzner.operation WHERE op = $1::uuid) was"
		       " WHERE o.op = $1::uuid RETURNING o.orders, was.settled",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	char token[PHONE_HOME_TOKEN];
	int r = db_select(c->db, &q, &rows, db_str(w->o.op), db_i64(ORDER_SETTLED_S));

	if (r || !db_next(&rows))
		return r;
	w->o.orders = db_get_i64(&rows, "orders");
	phone_home_token(work_settings()->storage_key, w->o.op, w->o.orders, token);
	return db_get_bool(&rows, "settled") ? announce(c, w, token) : 0;
}

void ask_create(struct work *w)
{
	char token[PHONE_HOME_TOKEN];

	if (!work_record(w, intend)) {
		work_end(w);
		return;
	}
	w->o.state = OP_SENT;
	w->o.posted_s = 0;
	phone_home_token(work_settings()->storage_key, w->o.op, w->o.orders, token);
	work_send(w, "POST", order(&w->o, token), created, "/servers");
}

/* ---- an order whose outcome nobody knows ---------------------------------------------------- */

static void keep_first(void *arg, const struct answer_server *s)
{
	struct answer_server *first = arg;

	if (!first->id)
		*first = *s;
}

static int adopt(struct cmd *c, struct work *w, const struct answer_server *s)
{
	int64_t id;
	int r = save_outcome(c, &w->o, s->id, NULL);

	log_info("operation.adopted", LOG_STR("op", w->o.op), LOG_I64("provider_server", s->id));
	if (!r)
		r = server_row_record(c, &w->o, s, "provisioning", &id);
	return r ? r : op_move(c, &w->o, OP_RUNNING, 0);
}

/* Nobody has it, by name or by label. Only then may it be ordered (again). */
static int nowhere(struct cmd *c, struct work *w)
{
	if (!w->o.taken) {
		log_info("operation.absent", LOG_STR("op", w->o.op));
		return op_move(c, &w->o, OP_CREATE, 0);
	}
	/* A list may lag behind an order that was thought lost. */
	if (w->o.polls < LOOKS_AFTER_TAKEN)
		return op_stay(c, &w->o, op_pause_ms(&w->o), false);
	return op_fail(c, &w->o, "uniqueness_error",
	               "Hetzner says that the server's name is taken, but shows no server of this "
	               "name. Look for it in Hetzner's console, then retry.");
}

static int found_by_label(struct cmd *c, struct work *w)
{
	struct answer_server s = { 0 };
	int64_t next;

	if (w->reply->policy->verdict != VERDICT_OK)
		return work_default(c, w);
	if (answer_servers(w->reply->root, keep_first, &s, &next))
		return work_unreadable(c, w);
	return s.id && !strcmp(s.op, w->o.op) ? adopt(c, w, &s) : nowhere(c, w);
}

/* Somebody may have renamed it since. */
static void look_by_label(struct work *w)
{
	work_get(w, found_by_label, "/servers?label_selector=sps-op%%3D%%3D%s", w->o.op);
}

static int found_by_name(struct cmd *c, struct work *w)
{
	struct answer_server s = { 0 };
	int64_t next;
	int r;

	if (w->reply->policy->verdict != VERDICT_OK)
		return work_default(c, w);
	if (answer_servers(w->reply->root, keep_first, &s, &next))
		return work_unreadable(c, w);
	if (!s.id) {
		w->then = look_by_label;
		return 0;
	}
	if (!strcmp(s.op, w->o.op))
		return adopt(c, w, &s);
	r = order_refused(c, w);
	return r ? r
	         : op_fail(c, &w->o, "uniqueness_error",
	                   "The project has a server with this name already at Hetzner, and it "
	                   "does not come from this request.");
}

void ask_sent(struct work *w)
{
	work_get(w, found_by_name, "/servers?name=%s", w->o.name);
}
