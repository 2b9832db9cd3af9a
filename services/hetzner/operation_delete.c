/* Deleting what the operation created, and nothing else: delete_find, delete_send, delete_wait. */
#include "operation_steps.h"
#include "server_row.h"

#include <inttypes.h>
#include <string.h>

/* An order that went out so long ago that it cannot be on its way any more. */
#define ORDER_SETTLED_S (CLIENT_TIMEOUT_MS / 1000 + 5)
#define LOOKS_BEFORE_AGAIN 20

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
		return op_stay(c, &w->o, 1000, true);
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
	if (w->o.posted_s < 0) {
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

void ask_delete_send(struct work *w)
{
	work_send(w, "DELETE", NULL, order_sent, "/servers/%" PRId64, w->o.provider_server);
}

static int looked(struct cmd *c, struct work *w)
{
	struct answer_server s;

	if (w->reply->policy->verdict == VERDICT_ABSENT)
		return deleted(c, w);
	if (w->reply->policy->verdict != VERDICT_OK)
		return work_default(c, w);
	if (answer_server(w->reply->root, &s))
		return op_stay(c, &w->o, 1000, true);
	if (w->o.polls >= LOOKS_BEFORE_AGAIN && strcmp(s.status, "deleting"))
		return op_move(c, &w->o, OP_DELETE_SEND, 0);
	return op_stay(c, &w->o, op_pause_ms(&w->o), false);
}

void ask_delete_wait(struct work *w)
{
	work_get(w, looked, "/servers/%" PRId64, w->o.provider_server);
}
