/* From Kore's one route to the row of the table, with everything that is the same for all. */
#include "err.h"
#include "gw_co.h"
#include "gw_conf.h"
#include "gw_metrics.h"
#include "gw_routes.h"
#include "gw_session.h"
#include "gw_static.h"
#include "gw_tally.h"

#include <string.h>
#include <strings.h>

static const char *method_of(const struct http_request *req)
{
	switch (req->method) {
	case HTTP_METHOD_GET:
	case HTTP_METHOD_HEAD: /* Kore sends the headers of a GET and no body */
		return "GET";
	case HTTP_METHOD_POST:
		return "POST";
	case HTTP_METHOD_DELETE:
		return "DELETE";
	default:
		return "";
	}
}

/* The row, or NULL; @ret_allow lists the methods of the address when only those do not fit. */
static const struct gw_route *find(struct gw_rq *rq, struct buf *ret_allow)
{
	const char *method = method_of(rq->req);

	for (const struct gw_route *r = gw_routes; r->path; r++) {
		if (!gw_path_match(r->path, rq->req->path, &rq->args))
			continue;
		if (!strcmp(r->method, method))
			return r;
		buf_fmt(ret_allow, "%s%s%s", ret_allow->len ? ", " : "", r->method,
		        !strcmp(r->method, "GET") ? ", HEAD" : "");
	}
	return NULL;
}

static void no_route(struct gw_rq *rq, const struct buf *allow)
{
	if (allow->len) {
		gw_header(rq, "allow", allow->data);
		gw_problem(rq, 405, NULL, "This address takes %s.", allow->data);
	} else if (rq->req->method == HTTP_METHOD_GET || rq->req->method == HTTP_METHOD_HEAD) {
		gw_static(rq);
	} else {
		gw_problem(rq, 404, NULL, "There is nothing at this address.");
	}
}

/* false: it has answered. */
static bool body_ok(struct gw_rq *rq)
{
	const char *type = gw_request_header(rq, "content-type");
	size_t len;

	if (!rq->route->msg && !rq->route->body)
		return true;
	gw_request_body(rq, &len);
	if (!len) {
		gw_problem(rq, 400, NULL, "The body is missing: send a JSON object, at least {}.");
		return false;
	}
	if (!type || strncasecmp(type, "application/json", 16) || !strchr("; ", type[16])) {
		gw_problem(rq, 415, NULL, "Send JSON, with content-type: application/json.");
		return false;
	}
	return true;
}

static struct gw_tally people; /* and their requests that are under way */

/* One person does not take the places of all others. false: it has answered. */
static bool has_room(struct gw_rq *rq)
{
	rq->counted =
		gw_tally_enter(&people, gw_tally_number(rq->session.user), gw_conf.person_requests);
	if (rq->counted)
		return true;
	gw_count(GW_CROWDED);
	gw_retry_after(rq, 1);
	gw_problem(rq, 429, NULL,
	           "Too many of your requests are under way. Wait a second and try again.");
	return false;
}

/* false: it has answered. */
static bool let_in(struct gw_rq *rq)
{
	bool changes = strcmp(rq->route->method, "GET") != 0;

	switch (rq->route->access) {
	case GW_PUBLIC:
		return true;
	case GW_SIGN_IN:
		return gw_session_same_site(rq, false);
	case GW_SESSION:
		return !gw_session_require(rq) && has_room(rq) &&
		       (!changes || gw_session_same_site(rq, true));
	case GW_UNSET:
		break;
	}
	return false;
}

static void run(struct gw_rq *rq)
{
	if (!let_in(rq) || !body_ok(rq))
		return;
	if (rq->route->handler)
		rq->route->handler(rq);
	else if (rq->route->msg)
		gw_command(rq);
	else
		gw_read(rq);
}

static void handle(struct http_request *req)
{
	_cleanup_(buf_release) struct buf allow = { .max = 100 };
	struct gw_rq rq;

	gw_rq_begin(&rq, req);
	rq.route = find(&rq, &allow);
	if (rq.route)
		run(&rq);
	else
		no_route(&rq, &allow);
	if (rq.counted)
		gw_tally_leave(&people, gw_tally_number(rq.session.user));
	gw_request_forget(&rq);
	gw_rq_end(&rq);
}

int gw_entry(struct http_request *req)
{
	return gw_co_run(req, handle);
}
