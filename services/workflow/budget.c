#include "budget.h"
#include "request.h"

#include <inttypes.h>

static int reject_budget(struct cmd *c, const struct request *rq, int64_t budget, int64_t held)
{
	int64_t left = budget > held ? budget - held : 0;

	return cmd_reject(c, 409, NULL, request_state_name(rq->state),
	                  "The project may spend %" PRId64 ".%02" PRId64
	                  " %s a month and has %" PRId64 ".%02" PRId64
	                  " left; this server costs %" PRId64 ".%02" PRId64 ".",
	                  budget / 100, budget % 100, rq->currency, left / 100, left % 100,
	                  rq->total_minor / 100, rq->total_minor % 100);
}

/* Servers there are, and servers that money is held for but that are not there yet. */
static int check(struct cmd *c, const struct request *rq)
{
	static const struct db_query q = {
		.name = "budget_facts",
		.sql = "SELECT p.budget_minor, p.server_cap,"
		       "       m.reserved_minor + m.committed_minor AS held,"
		       "       coalesce((SELECT n.total FROM hetzner.server_counts(ARRAY[p.id]) n"
		       "           WHERE n.project = p.id), 0)"
		       "       + (SELECT count(*) FROM workflow.reservation v"
		       "           JOIN workflow.request r ON r.id = v.request"
		       "           WHERE v.project = p.id AND v.state <> 'released'"
		       "               AND r.server_id IS NULL) AS servers"
		       "  FROM workflow.project p, workflow.project_money(p.id) m WHERE p.id = $1",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int64_t budget, held, cap;
	int r;

	r = db_select(c->db, &q, &rows, db_i64(rq->project));
	if (r)
		return r;
	db_next(&rows);
	budget = db_get_i64(&rows, "budget_minor");
	held = db_get_i64(&rows, "held");
	cap = db_get_i64(&rows, "server_cap");
	if (budget && held + rq->total_minor > budget)
		return reject_budget(c, rq, budget, held);
	if (cap && db_get_i64(&rows, "servers") >= cap)
		return cmd_reject(c, 409, NULL, request_state_name(rq->state),
		                  "The project may have %" PRId64 " servers and has them already.",
		                  cap);
	return 0;
}

int budget_reserve(struct cmd *c, struct request *rq)
{
	static const struct db_query q = {
		.name = "budget_reserve",
		.sql = "INSERT INTO workflow.reservation"
		       " (request, project, amount_minor, currency)"
		       " VALUES ($1, $2, $3, $4)",
	};
	int r = check(c, rq);

	return r ? r
	         : db_exec(c->db, &q, NULL, db_i64(rq->id), db_i64(rq->project),
	                   db_i64(rq->total_minor), db_str(rq->currency));
}

static int turn(struct cmd *c, const struct request *rq, const char *state)
{
	static const struct db_query q = {
		.name = "budget_turn",
		.sql = "UPDATE workflow.reservation SET state = $2, updated_at = now()"
		       " WHERE request = $1 AND state <> $2",
	};

	return db_exec(c->db, &q, NULL, db_i64(rq->id), db_str(state));
}

int budget_commit(struct cmd *c, struct request *rq)
{
	return turn(c, rq, "committed");
}

int budget_release(struct cmd *c, struct request *rq)
{
	return turn(c, rq, "released");
}
