/* GET: PostgreSQL writes the JSON, we carry it. */
#include "err.h"
#include "gw_routes.h"
#include "gw_session.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Query parameters and path segments as one JSON object of strings. false: it has answered. */
static bool arguments(struct gw_rq *rq, struct buf *b)
{
	char name[GW_PARAM_MAX];

	buf_str(b, "{");
	switch (gw_query_json(rq->req->query_string, rq->route->query, b, name)) {
	case GW_QUERY_OK:
		break;
	case GW_QUERY_UNKNOWN:
		gw_problem(rq, 400, NULL, "There is no parameter \"%s\" here.", name);
		return false;
	case GW_QUERY_TWICE:
		gw_problem(rq, 400, NULL, "The parameter \"%s\" is there twice.", name);
		return false;
	case GW_QUERY_UNREADABLE:
		gw_problem(rq, 400, NULL,
		           "The part of the address after the question mark cannot be read.");
		return false;
	}
	for (size_t i = 0; i < rq->args.n; i++) {
		buf_str(b, b->len > 1 ? "," : "");
		buf_json_strn(b, rq->args.at[i].name, rq->args.at[i].name_len);
		buf_str(b, ":");
		buf_json_strn(b, rq->args.at[i].value, rq->args.at[i].len);
	}
	buf_str(b, "}");
	return true;
}

static void raised(struct gw_rq *rq, const struct gw_db_answer *a)
{
	if (a->status == 401)
		gw_session_over(rq);
	else
		gw_problem_said(rq, a->status, PQresultErrorField(a->res, PG_DIAG_MESSAGE_HINT),
		                PQresultErrorField(a->res, PG_DIAG_MESSAGE_DETAIL),
		                PQresultErrorField(a->res, PG_DIAG_MESSAGE_PRIMARY));
}

void gw_read_failed(struct gw_rq *rq, const struct gw_db_answer *a)
{
	switch (a->code) {
	case GW_DB_RAISED:
		raised(rq, a);
		break;
	case GW_DB_AWAY:
		gw_problem_away(rq);
		break;
	case GW_DB_FAILED:
		gw_problem_broken(rq);
		break;
	case GW_DB_OK:
	case GW_DB_GONE:
		break;
	}
}

void gw_read(struct gw_rq *rq)
{
	_cleanup_(gw_db_release) struct gw_db_answer a = { 0 };
	_cleanup_(buf_release) struct buf args = { .max = 16384 };
	char user[24], generation[24];

	if (!arguments(rq, &args))
		return;
	snprintf(user, sizeof(user), "%" PRId64, rq->session.user);
	snprintf(generation, sizeof(generation), "%" PRId64, rq->session.generation);
	a = gw_db(rq->route->read.name, 3, (const char *[]){ user, generation, args.data });
	if (a.code != GW_DB_OK)
		gw_read_failed(rq, &a);
	else if (PQntuples(a.res) && !PQgetisnull(a.res, 0, 0))
		gw_reply_json(rq, 200, PQgetvalue(a.res, 0, 0));
	else
		gw_problem(rq, 404, NULL,
		           "There is nothing here, or you were not given access to it.");
}
