/* Creating: key, create, sent, action, running. */
#include "buf.h"
#include "err.h"
#include "operation_steps.h"
#include "phone_home.h"
#include "secret.h"
#include "server_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ACTION_LIMIT_S (20 * 60)
#define RUNNING_LIMIT_S (20 * 60)
#define USER_DATA_MAX 4096

/* ---- the SSH key --------------------------------------------------------------------------- */

static int key_found(struct cmd *c, struct work *w, int64_t id)
{
	static const struct db_query q = {
		.name = "ssh_key_keep",
		.sql = "INSERT INTO hetzner.ssh_key AS k (project, public_key, provider_id)"
		       " VALUES ($1, $2, $3)"
		       " ON CONFLICT (project, public_key) DO UPDATE SET provider_id = $3",
	};
	static const struct db_query known = {
		.name = "op_key",
		.sql = "UPDATE hetzner.operation SET key_id = $2 WHERE op = $1::uuid",
	};
	int r = db_exec(c->db, &q, NULL, db_i64(w->o.project), db_str(w->o.ssh_key), db_i64(id));

	if (!r)
		r = db_exec(c->db, &known, NULL, db_str(w->o.op), db_i64(id));
	return r ? r : op_move(c, &w->o, OP_CREATE, 0);
}

static int key_uploaded(struct cmd *c, struct work *w)
{
	int64_t id;

	if (w->reply->policy->verdict == VERDICT_OK && !answer_ssh_key(w->reply->root, &id))
		return key_found(c, w, id);
	if (w->reply->policy->verdict == VERDICT_TAKEN || w->reply->policy->verdict == VERDICT_OK)
		return w->o.tries < 5 ? op_stay(c, &w->o, 1000, true) : work_default(c, w);
	return work_default(c, w); /* unknown: the list is read again before anything is sent */
}

/* Named by what it is, so that a new key of the project never meets the old one's name. */
static void upload_key(struct work *w)
{
	char hash[65], name[40];

	secret_hash_hex(w->o.ssh_key, hash);
	snprintf(name, sizeof(name), "sps-%.24s", hash);
	work_send(w, "POST", json_pack("{s:s, s:s}", "name", name, "public_key", w->o.ssh_key),
	          key_uploaded, "/ssh_keys");
}

static void list_keys(struct work *w);

static int keys_listed(struct cmd *c, struct work *w)
{
	int64_t id, next;

	if (w->reply->policy->verdict != VERDICT_OK)
		return work_default(c, w);
	if (answer_ssh_keys(w->reply->root, w->o.ssh_key, &id, &next))
		return op_stay(c, &w->o, 1000, true);
	if (id)
		return key_found(c, w, id);
	w->then = next > w->page ? list_keys : upload_key;
	w->page = next;
	return 0;
}

static void list_keys(struct work *w)
{
	work_get(w, keys_listed, "/ssh_keys?per_page=50&page=%" PRId64, w->page);
}

static int key_known(struct cmd *c, struct work *w)
{
	static const struct db_query q = {
		.name = "ssh_key_known",
		.sql = "SELECT provider_id FROM hetzner.ssh_key WHERE project = $1 AND public_key "
		       "= $2",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows, db_i64(w->o.project), db_str(w->o.ssh_key));

	w->then = NULL;
	if (r)
		return r;
	if (db_next(&rows))
		return key_found(c, w, db_get_i64(&rows, "provider_id"));
	w->then = list_keys;
	return 0;
}

void ask_key(struct work *w)
{
	if (work_record(w, key_known) && w->then)
		w->then(w);
	else
		work_end(w);
}

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

static int created(struct cmd *c, struct work *w)
{
	struct answer_actions actions;
	struct answer_server s;
	int64_t id;
	bool again;
	int r;

	switch (w->reply->policy->verdict) {
	case VERDICT_OK:
		if (answer_created(w->reply->root, &s, &actions) || strcmp(s.op, w->o.op))
			return op_stay(c, &w->o, 1000, true); /* looked for in state sent */
		r = save_outcome(c, &w->o, s.id, &actions);
		if (!r)
			r = server_row_record(c, &w->o, &s, "provisioning", &id);
		return r ? r : op_move(c, &w->o, OP_ACTION, op_pause_ms(&w->o));
	case VERDICT_UNKNOWN:
	case VERDICT_TAKEN: /* by ourselves, it may be: an order that was thought lost */
		return op_stay(c, &w->o, policy_wait_ms(w->reply->policy, (int)w->o.tries), true);
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
	r = order_refused(c, w);
	if (!r)
		r = key_again(c, w, &again);
	return r || again ? r : work_default(c, w);
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

/* From this COMMIT on a server may exist, whatever becomes of us; who waits for its host key knows.
 */
static int intend(struct cmd *c, struct work *w)
{
	static const struct db_query q = {
		.name = "op_intend",
		.sql = "UPDATE hetzner.operation o SET state = 'sent', posted_at = now(),"
		       "     entered_at = now(), polls = 0, announced = true"
		       "  FROM (SELECT announced FROM hetzner.operation WHERE op = $1::uuid) was"
		       " WHERE o.op = $1::uuid RETURNING was.announced",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	struct server_creating out = { .op = w->o.op,
		                       .request = w->o.request,
		                       .project = w->o.project };
	char token[PHONE_HOME_TOKEN], hash[65], agg[40];
	int r = db_select(c->db, &q, &rows, db_str(w->o.op));

	if (r || !db_next(&rows) || db_get_bool(&rows, "announced"))
		return r;
	phone_home_token(work_settings()->storage_key, w->o.op, token);
	secret_hash_hex(token, hash);
	out.token_hash = hash;
	snprintf(agg, sizeof(agg), "request:%" PRId64, w->o.request);
	return cmd_send(c, &server_creating_msg, &out, agg);
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
	phone_home_token(work_settings()->storage_key, w->o.op, token);
	work_send(w, "POST", order(&w->o, token), created, "/servers");
}

/* ---- an order whose outcome nobody knows ---------------------------------------------------- */

static void keep_first(void *arg, const struct answer_server *s)
{
	struct answer_server *first = arg;

	if (!first->id)
		*first = *s;
}

static int looked_up(struct cmd *c, struct work *w)
{
	struct answer_server s = { 0 };
	int64_t next, id;
	int r;

	if (w->reply->policy->verdict != VERDICT_OK)
		return work_default(c, w);
	if (answer_servers(w->reply->root, keep_first, &s, &next))
		return op_stay(c, &w->o, 1000, true);
	if (!s.id) {
		log_info("operation.absent", LOG_STR("op", w->o.op));
		return op_move(c, &w->o, OP_CREATE, 0);
	}
	if (strcmp(s.op, w->o.op) || strcmp(s.name, w->o.name)) {
		r = order_refused(c, w);
		return r ? r
		         : op_fail(c, &w->o, "uniqueness_error",
		                   "The project has a server with this name already at Hetzner, "
		                   "and "
		                   "it does not come from this request.");
	}
	log_info("operation.adopted", LOG_STR("op", w->o.op), LOG_I64("provider_server", s.id));
	r = save_outcome(c, &w->o, s.id, NULL);
	if (!r)
		r = server_row_record(c, &w->o, &s, "provisioning", &id);
	return r ? r : op_move(c, &w->o, OP_RUNNING, 0);
}

void ask_sent(struct work *w)
{
	work_get(w, looked_up, "/servers?name=%s", w->o.name);
}

/* ---- waiting ------------------------------------------------------------------------------- */

static int actions_seen(struct cmd *c, struct work *w)
{
	struct answer_actions a;
	bool running = false;

	if (w->reply->policy->verdict != VERDICT_OK)
		return work_default(c, w);
	if (answer_actions(w->reply->root, &a))
		return op_stay(c, &w->o, 1000, true);
	for (size_t i = 0; i < a.n; i++) {
		if (a.at[i].status == ACTION_ERROR)
			return op_fail(c, &w->o,
			               a.at[i].error.code[0] ? a.at[i].error.code : "action_failed",
			               a.at[i].error.message);
		running |= a.at[i].status == ACTION_RUNNING;
	}
	if (!running) /* or not listed any more: the server itself tells */
		return op_move(c, &w->o, OP_RUNNING, 0);
	if (w->o.age_s > ACTION_LIMIT_S)
		return op_fail(c, &w->o, "action_timeout",
		               "Hetzner has not finished creating the server in 20 minutes. Retry "
		               "to go on waiting, or roll back.");
	return op_stay(c, &w->o, op_pause_ms(&w->o), false);
}

void ask_action(struct work *w)
{
	struct buf query;

	buf_init(&query, PHONE_HOME_TOKEN * OP_ACTIONS);
	for (size_t i = 0; i < w->o.n_actions; i++)
		buf_fmt(&query, "%cid=%" PRId64, i ? '&' : '?', w->o.actions[i]);
	work_get(w, actions_seen, "/actions%s", query.data ? query.data : "?id=0");
	buf_release(&query);
}

static int record_server(struct cmd *c, struct work *w, const struct answer_server *s)
{
	struct server_created out = { .op = w->o.op,
		                      .request = w->o.request,
		                      .attempt = w->o.attempt,
		                      .project = w->o.project,
		                      .name = s->name,
		                      .ipv4 = s->ipv4,
		                      .ipv6 = s->ipv6 };
	char agg[40];
	int r = server_row_record(c, &w->o, s, "managed", &out.server);

	if (!r)
		r = op_move(c, &w->o, OP_DONE, 0);
	snprintf(agg, sizeof(agg), "request:%" PRId64, w->o.request);
	return r ? r : cmd_send(c, &server_created_msg, &out, agg);
}

static int server_gone(struct cmd *c, struct work *w)
{
	static const struct db_query q = {
		.name = "op_server_gone",
		.sql = "UPDATE hetzner.operation SET provider_server = NULL, posted_at = NULL"
		       " WHERE op = $1::uuid",
	};
	int64_t id = server_row_of(c, w->o.op);
	int r = id ? server_row_lifecycle(c, id, "gone") : 0;

	if (!r)
		r = db_exec(c->db, &q, NULL, db_str(w->o.op));
	w->o.provider_server = 0;
	w->o.posted_s = -1;
	return r ? r
	         : op_fail(c, &w->o, "server_gone",
	                   "Somebody deleted the server at Hetzner while it was being set up.");
}

static int server_seen(struct cmd *c, struct work *w)
{
	struct answer_server s;

	if (w->reply->policy->verdict == VERDICT_ABSENT)
		return server_gone(c, w);
	if (w->reply->policy->verdict != VERDICT_OK)
		return work_default(c, w);
	if (answer_server(w->reply->root, &s) || s.id != w->o.provider_server)
		return op_stay(c, &w->o, 1000, true);
	if (!strcmp(s.status, "running"))
		return record_server(c, w, &s);
	if (w->o.age_s > RUNNING_LIMIT_S)
		return op_fail(c, &w->o, "not_running",
		               "The server was created but does not run after 20 minutes. Look at "
		               "it in Hetzner's console, then retry or roll back.");
	return op_stay(c, &w->o, op_pause_ms(&w->o), false);
}

void ask_running(struct work *w)
{
	work_get(w, server_seen, "/servers/%" PRId64, w->o.provider_server);
}
