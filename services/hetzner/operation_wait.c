/* After the order: until its actions have ended (action) and the server runs (running). */
#include "buf.h"
#include "operation_steps.h"
#include "server_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ACTION_LIMIT_S (20 * 60)
#define RUNNING_LIMIT_S (20 * 60)
#define QUERY_MAX (OP_ACTIONS * 24) /* "&id=" and sixteen digits each */

static int actions_seen(struct cmd *c, struct work *w)
{
	struct answer_actions a;
	bool running = false;

	if (w->reply->policy->verdict != VERDICT_OK)
		return work_default(c, w);
	if (answer_actions(w->reply->root, &a))
		return work_unreadable(c, w);
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

	buf_init(&query, QUERY_MAX);
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
		return work_unreadable(c, w);
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
