/* Deleting what the operation created, and nothing else: delete_find, delete_send, delete_wait. */
#include "operation_steps.h"
#include "server_row.h"

#include <inttypes.h>
#include <string.h>

#define LOOKS_BEFORE_AGAIN 20
#define LOOKS_AT_GUARD 10

static int deleted(struct cmd *c, struct work *w)
{
	int64_t id = server_row_of(c, w->o.op);
	int r = id ? server_row_lifecycle(c, id, "deleted") : 0;

	return r ? r : op_move(c, &w->o, OP_DELETED, 0);
}

/* ---- is there one? ------------------------------------------------------------------------- */

struct search {
	const char *op;
	int64_t id;
};

static void keep_ours(void *arg, const struct answer_server *s)
{
	struct search *search = arg;

	if (!strcmp(s->op, search->op))
		search->id = s->id;
}

static int found(struct cmd *c, struct work *w)
{
	static const struct db_query q = {
		.name = "op_delete_found",
		.sql = "UPDATE hetzner.operation SET provider_server = $2 WHERE op = $1::uuid",
	};
	struct search search = { .op = w->o.op };
	int64_t next;
	int r;

	if (w->reply->policy->verdict != VERDICT_OK)
		return work_default(c, w);
	if (answer_servers(w->reply->root, keep_ours, &search, &next))
		return work_unreadable(c, w);
	if (search.id) {
		r = db_exec(c->db, &q, NULL, db_str(w->o.op), db_i64(search.id));
		return r ? r : op_move(c, &w->o, OP_DELETE_SEND, 0);
	}
	if (w->o.posted_s >= 0 && w->o.posted_s < ORDER_SETTLED_S)
		return op_stay(c, &w->o, op_pause_ms(&w->o), false);
	return deleted(c, w);
}

static int nothing_sent(struct cmd *c, struct work *w)
{
	return deleted(c, w);
}

/* By label: it is ours even if somebody has renamed it. */
void ask_delete_find(struct work *w)
{
	if (!w->o.orders) {
		work_record(w, nothing_sent);
		work_end(w);
		return;
	}
	work_get(w, found, "/servers?label_selector=sps-op%%3D%%3D%s", w->o.op);
}

/* ---- deleting it --------------------------------------------------------------------------- */

static int order_sent(struct cmd *c, struct work *w)
{
	switch (w->reply->policy->verdict) {
	case VERDICT_OK:
	case VERDICT_UNKNOWN: /* looked at next; sent again when it is still there */
		return op_move(c, &w->o, OP_DELETE_WAIT, op_pause_ms(&w->o));
	case VERDICT_ABSENT:
		return deleted(c, w);
	case VERDICT_RETRY:
	case VERDICT_TAKEN:
	case VERDICT_FAIL:
	case VERDICT_TOKEN:
		break;
	}
	return work_default(c, w);
}

static void remove_server(struct work *w)
{
	work_send(w, "DELETE", NULL, order_sent, "/servers/%" PRId64, w->o.provider_server);
}

static int guard_off(struct cmd *c, struct work *w)
{
	if (w->reply->policy->verdict == VERDICT_OK) /* looked at again before it is deleted */
		return op_stay(c, &w->o, op_pause_ms(&w->o), false);
	return w->reply->policy->verdict == VERDICT_ABSENT ? deleted(c, w) : work_default(c, w);
}

static void take_guard_off(struct work *w)
{
	work_send(w, "POST", json_pack("{s:b, s:b}", "delete", 0, "rebuild", 0), guard_off,
	          "/servers/%" PRId64 "/actions/change_protection", w->o.provider_server);
}

/* Nothing is deleted that does not say itself that it is this operation's. */
static int before_delete(struct cmd *c, struct work *w)
{
	struct answer_server s;

	if (w->reply->policy->verdict == VERDICT_ABSENT)
		return deleted(c, w);
	if (w->reply->policy->verdict != VERDICT_OK)
		return work_default(c, w);
	if (answer_server(w->reply->root, &s))
		return work_unreadable(c, w);
	if (strcmp(s.op, w->o.op))
		return op_fail(
			c, &w->o, "not_ours",
			"The server at Hetzner does not carry this request's label any more, "
			"so it was not deleted. Delete it in Hetzner's console, then retry.");
	if (s.guarded && w->o.polls >= LOOKS_AT_GUARD)
		return op_fail(c, &w->o, "protected",
		               "The server is protected against deletion at Hetzner, and the "
		               "protection cannot be removed. Remove it there, then retry.");
	w->then = s.guarded ? take_guard_off : remove_server;
	return 0;
}

void ask_delete_send(struct work *w)
{
	work_get(w, before_delete, "/servers/%" PRId64, w->o.provider_server);
}

static int looked(struct cmd *c, struct work *w)
{
	struct answer_server s;

	if (w->reply->policy->verdict == VERDICT_ABSENT)
		return deleted(c, w);
	if (w->reply->policy->verdict != VERDICT_OK)
		return work_default(c, w);
	if (answer_server(w->reply->root, &s))
		return work_unreadable(c, w);
	if (w->o.polls >= LOOKS_BEFORE_AGAIN && strcmp(s.status, "deleting"))
		return op_move(c, &w->o, OP_DELETE_SEND, 0);
	return op_stay(c, &w->o, op_pause_ms(&w->o), false);
}

void ask_delete_wait(struct work *w)
{
	work_get(w, looked, "/servers/%" PRId64, w->o.provider_server);
}
