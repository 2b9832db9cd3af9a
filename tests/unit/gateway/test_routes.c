/* The table of routes: nobody is let in by forgetting something, and OpenAPI describes all of it.
 */
#include "unit.h"

#include "buf.h"
#include "gw_live.h"
#include "gw_routes.h"
#include "gw_session.h"
#include "openapi.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Handlers are named by the table and not called here. */
#define HANDLER(name)                      \
	void name(struct gw_rq *rq)        \
	{                                  \
		(void)rq;                  \
		fail_msg(#name " called"); \
	}
HANDLER(gw_session_create)
HANDLER(gw_session_get)
HANDLER(gw_session_delete)
HANDLER(gw_command_state)
HANDLER(gw_live_open)
HANDLER(gw_openapi)
HANDLER(gw_phone_home)
HANDLER(gw_healthz)
HANDLER(gw_readyz)
HANDLER(gw_metrics)

static void the_table_is_complete(void **state)
{
	(void)state;
	assert_int_equal(gw_routes_check(gw_routes), 0);
}

static void a_row_that_says_not_enough_is_refused(void **state)
{
	const struct gw_route good = { "GET", "/x", GW_PUBLIC, .handler = gw_healthz,
		                       .summary = "x" };
	struct gw_route bad[2] = { good, { 0 } };
	(void)state;

	assert_int_equal(gw_routes_check(bad), 0);
	bad[0].access = GW_UNSET;
	assert_int_not_equal(gw_routes_check(bad), 0);
	bad[0] = good;
	bad[0].handler = NULL;
	assert_int_not_equal(gw_routes_check(bad), 0);
	bad[0] = good;
	bad[0].msg = &run_cancel_msg;
	assert_int_not_equal(gw_routes_check(bad), 0);
	bad[0] = good;
	bad[0].summary = NULL;
	assert_int_not_equal(gw_routes_check(bad), 0);
}

/* Health, counters, the description, a new server's call: nothing else is open. */
static void only_what_must_be_open_is_open(void **state)
{
	static const char open[] =
		"/api/v1/openapi.json /hook/phone-home/:token /healthz /readyz /metrics";
	(void)state;

	for (const struct gw_route *r = gw_routes; r->path; r++) {
		if (r->access == GW_PUBLIC)
			assert_true(gw_word_in(r->path, open));
		if (r->access == GW_SIGN_IN)
			assert_string_equal(r->path, "/api/v1/session");
		if (r->msg || r->read.name)
			assert_int_equal(r->access, GW_SESSION);
	}
}

/* The first row that fits is taken: a row must not hide a later one. */
static void no_row_hides_another(void **state)
{
	struct gw_args args;
	(void)state;

	for (const struct gw_route *r = gw_routes; r->path; r++)
		for (const struct gw_route *later = r + 1; later->path; later++)
			if (!strcmp(r->method, later->method) &&
			    gw_path_match(r->path, later->path, &args))
				fail_msg("%s %s hides %s", r->method, r->path, later->path);
}

static void a_command_is_sent_by_the_gateway_and_its_path_fills_its_fields(void **state)
{
	(void)state;
	for (const struct gw_route *r = gw_routes; r->path; r++) {
		struct gw_args args;

		if (!r->msg)
			continue;
		assert_string_equal(r->method, "POST");
		assert_int_equal(r->msg->kind, MSG_COMMAND);
		assert_true(r->msg->from & SVC_GATEWAY);
		assert_string_not_equal(r->msg->action, "-");
		assert_true(r->msg->rec->size <= 1024);
		gw_path_match(r->path, r->path, &args);
		for (size_t i = 0; i < args.n; i++) {
			char name[64];
			const struct rec_field *f;

			snprintf(name, sizeof(name), "%.*s", (int)args.at[i].name_len,
			         args.at[i].name);
			f = rec_field(r->msg->rec, name);
			assert_non_null(f);
			assert_true(f->flags & REC_PATH);
		}
	}
}

static void every_statement_has_a_name_of_its_own(void **state)
{
	const struct gw_stmt *stmts;
	size_t n = gw_statements(&stmts);
	(void)state;

	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			assert_string_not_equal(stmts[i].name, stmts[k].name);
}

static void to_buf(void *arg, const char *text, size_t len)
{
	buf_add(arg, text, len);
}

/* "/requests/:id" stands there as "/requests/{id}". */
static json_t *operation(const json_t *j, const struct gw_route *r)
{
	char path[200], method[8];
	size_t n = 0, m;

	for (const char *at = r->path; *at; at++) {
		bool name = *at == ':';
		size_t len = name ? strcspn(at + 1, "/") : 1;

		n += (size_t)snprintf(path + n, sizeof(path) - n, name ? "{%.*s}" : "%.*s",
		                      (int)len, at + name);
		at += name ? len : 0;
	}
	for (m = 0; r->method[m]; m++)
		method[m] = r->method[m] | 0x20;
	method[m] = '\0';
	return json_object_get(json_object_get(json_object_get(j, "paths"), path), method);
}

static void the_description_names_every_route(void **state)
{
	struct openapi_route list[256];
	struct buf b;
	size_t n = 0;
	json_t *j, *reject;
	(void)state;

	for (const struct gw_route *r = gw_routes; r->path; r++)
		list[n++] = (struct openapi_route){ .method = r->method,
			                            .path = r->path,
			                            .summary = r->summary,
			                            .query = r->query,
			                            .body = r->msg ? r->msg->rec : r->body,
			                            .command = r->msg,
			                            .session = r->access == GW_SESSION };
	buf_init(&b, 4 << 20);
	openapi_write(list, n, "Portal", "1", to_buf, &b);
	j = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(j);
	assert_string_equal(json_string_value(json_object_get(j, "openapi")), "3.1.0");
	for (const struct gw_route *r = gw_routes; r->path; r++)
		assert_non_null(operation(j, r));
	reject = operation(j, &(struct gw_route){ .method = "POST",
	                                          .path = "/api/v1/requests/:request/reject" });
	assert_non_null(json_object_get(reject, "requestBody"));
	assert_non_null(json_object_get(json_object_get(reject, "responses"), "202"));
	json_decref(j);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_complete),
		cmocka_unit_test(a_row_that_says_not_enough_is_refused),
		cmocka_unit_test(only_what_must_be_open_is_open),
		cmocka_unit_test(no_row_hides_another),
		cmocka_unit_test(a_command_is_sent_by_the_gateway_and_its_path_fills_its_fields),
		cmocka_unit_test(every_statement_has_a_name_of_its_own),
		cmocka_unit_test(the_description_names_every_route),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
