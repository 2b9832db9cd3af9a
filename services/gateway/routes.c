/* The API: what exists, who may come in, what it takes. */
#include "gw_live.h"
#include "gw_routes.h"
#include "gw_session.h"
#include "log.h"

/* A read is one SQL function of schema api, named here and prepared on every connection. */
#define READ(fn) .read = { "api." fn, "SELECT api." fn "($1::bigint, $2::bigint, $3::jsonb)::text" }
/* A list of them; every list takes these parameters and perhaps some more. */
#define LIST(fn, more) READ(fn), .query = "q state sort dir page size" more
#define COMMAND(m) .msg = &m##_msg
#define API "/api/v1"

/* clang-format off */
const struct gw_route gw_routes[] = {
	/* method    path                                     access      what                                                       summary */
	{ "POST",   API "/session",                          GW_SIGN_IN, .handler = gw_session_create, .body = &session_verify_def, .summary = "Sign in" },
	{ "GET",    API "/session",                          GW_SESSION, .handler = gw_session_get,                                 .summary = "Who am I, and what may I do" },
	{ "DELETE", API "/session",                          GW_SESSION, .handler = gw_session_delete,                              .summary = "Sign out", .answer = OPENAPI_NOTHING },
	{ "GET",    API "/catalogue",                        GW_SESSION, READ("catalogue_get"),                                     .summary = "What can be ordered, where, and at what price" },
	{ "GET",    API "/dashboard",                        GW_SESSION, READ("dashboard_get"),                                     .summary = "What needs me" },
	{ "GET",    API "/search",                           GW_SESSION, READ("search"), .query = "q",                              .summary = "Requests, servers and projects by name" },
	{ "GET",    API "/projects",                         GW_SESSION, LIST("project_list", ""),                                  .summary = "Projects" },
	{ "POST",   API "/projects",                         GW_SESSION, COMMAND(project_create),                                   .summary = "Make a project" },
	{ "GET",    API "/projects/:id",                     GW_SESSION, READ("project_get"),                                       .summary = "One project" },
	{ "POST",   API "/projects/:project/token",          GW_SESSION, COMMAND(project_token_set),                                .summary = "Give it another Hetzner token" },
	{ "GET",    API "/requests",                         GW_SESSION, LIST("request_list", " project"),                          .summary = "Requests for servers" },
	{ "POST",   API "/requests",                         GW_SESSION, COMMAND(request_submit),                                   .summary = "Ask for a server" },
	{ "GET",    API "/requests/:id",                     GW_SESSION, READ("request_get"),                                       .summary = "One request with its steps and history" },
	{ "POST",   API "/requests/:request/approve",        GW_SESSION, COMMAND(request_approve),                                  .summary = "Approve; its budget is reserved" },
	{ "POST",   API "/requests/:request/reject",         GW_SESSION, COMMAND(request_reject),                                   .summary = "Reject, with a reason" },
	{ "POST",   API "/requests/:request/cancel",         GW_SESSION, COMMAND(request_cancel),                                   .summary = "Cancel" },
	{ "POST",   API "/requests/:request/provision",      GW_SESSION, COMMAND(request_provision),                                .summary = "Start what was approved in a project that starts by hand" },
	{ "POST",   API "/requests/:request/retry",          GW_SESSION, COMMAND(request_retry),                                    .summary = "Go on at the step that failed" },
	{ "POST",   API "/requests/:request/rollback",       GW_SESSION, COMMAND(request_rollback),                                 .summary = "Delete what was made, and give the budget back" },
	{ "GET",    API "/servers",                          GW_SESSION, LIST("server_list", " project"),                           .summary = "Servers" },
	{ "GET",    API "/servers/:id",                      GW_SESSION, READ("server_get"),                                        .summary = "One server" },
	{ "GET",    API "/runs",                             GW_SESSION, LIST("run_list", " request server"),                       .summary = "Runs of playbooks" },
	{ "GET",    API "/runs/:id",                         GW_SESSION, READ("run_get"),                                           .summary = "One run" },
	{ "GET",    API "/runs/:id/log",                     GW_SESSION, READ("run_log"), .query = "from limit",                    .summary = "Lines of its log: from, limit" },
	{ "POST",   API "/runs/:run/cancel",                 GW_SESSION, COMMAND(run_cancel),                                       .summary = "Stop a run" },
	{ "GET",    API "/notifications",                    GW_SESSION, LIST("notification_list", ""),                             .summary = "What one was told" },
	{ "POST",   API "/notifications/read-all",           GW_SESSION, COMMAND(notification_read_all),                            .summary = "Mark all as read" },
	{ "POST",   API "/notifications/:notification/read", GW_SESSION, COMMAND(notification_read),                                .summary = "Mark one as read" },
	{ "GET",    API "/audit",                            GW_SESSION, LIST("audit_list", ""),                                    .summary = "Who did what" },
	{ "GET",    API "/commands/:id",                     GW_SESSION, .handler = gw_command_state,                               .summary = "Where a command stands that was answered with 202" },
	{ "GET",    API "/live",                             GW_SESSION, .handler = gw_live_open,                                   .summary = "WebSocket with live changes", .answer = OPENAPI_WEBSOCKET },
	{ "GET",    API "/openapi.json",                     GW_PUBLIC,  .handler = gw_openapi,                                     .summary = "This description" },
	{ "POST",   "/hook/phone-home/:token",               GW_PUBLIC,  .handler = gw_phone_home,                                  .summary = "cloud-init reports a new server's host key", .answer = OPENAPI_TEXT },
	{ "GET",    "/healthz",                              GW_PUBLIC,  .handler = gw_healthz,                                     .summary = "The process runs", .answer = OPENAPI_TEXT },
	{ "GET",    "/readyz",                               GW_PUBLIC,  .handler = gw_readyz,                                      .summary = "It can serve: database and Redis answer, it is not leaving" },
	{ "GET",    "/metrics",                              GW_PUBLIC,  .handler = gw_metrics,                                     .summary = "Counters, as Prometheus reads them", .answer = OPENAPI_TEXT },
	{ 0 },
};

static const struct gw_stmt own[] = {
	{ "api.session_get", "SELECT api.session_get($1::bigint, $2::bigint, $3::jsonb)::text" },
	{ "api.may_watch", "SELECT api.may_watch($1::bigint, $2::bigint, $3::text)" },
	{ "api.command_get", "SELECT id, type, state, attempt, to_json(created_at)#>>'{}', to_json(done_at)#>>'{}', result FROM api.command_get($1::bigint, $2::bigint, $3::uuid)" },
	{ "bus.peers", "SELECT service, inst, endpoint, draining FROM bus.peers()" },
	{ "workflow.submit", "SELECT pos, id, status FROM workflow.submit($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::uuid[], $7::bytea[], $8::text[], $9::bytea[]) ORDER BY pos" },
	{ "hetzner.submit", "SELECT pos, id, status FROM hetzner.submit($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::uuid[], $7::bytea[], $8::text[], $9::bytea[]) ORDER BY pos" },
	{ "runner.submit", "SELECT pos, id, status FROM runner.submit($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::uuid[], $7::bytea[], $8::text[], $9::bytea[]) ORDER BY pos" },
	{ "notifier.submit", "SELECT pos, id, status FROM notifier.submit($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::uuid[], $7::bytea[], $8::text[], $9::bytea[]) ORDER BY pos" },
};
/* clang-format on */

static const char *wrong(const struct gw_route *r)
{
	if (r->access == GW_UNSET)
		return "does not say who may come in";
	if (!!r->read.name + !!r->msg + !!r->handler != 1)
		return "must be one of read, command and handler";
	return r->summary ? NULL : "has no summary";
}

int gw_routes_check(const struct gw_route *routes)
{
	for (const struct gw_route *r = routes; r->path; r++)
		if (wrong(r)) {
			log_error("routes", LOG_STR("method", r->method), LOG_STR("path", r->path),
			          LOG_STR("why", wrong(r)));
			return -1;
		}
	return 0;
}

size_t gw_statements(const struct gw_stmt **ret)
{
	static struct gw_stmt
		all[sizeof(own) / sizeof(own[0]) + sizeof(gw_routes) / sizeof(gw_routes[0])];
	size_t n = sizeof(own) / sizeof(own[0]);

	for (size_t i = 0; i < n; i++)
		all[i] = own[i];
	for (const struct gw_route *r = gw_routes; r->path; r++)
		if (r->read.name)
			all[n++] = r->read;
	*ret = all;
	return n;
}
