/*
 * What each answer of the provider leads to, against its own list of errors
 * (https://docs.hetzner.cloud/reference/cloud#errors), for reading and for writing.
 */
#include "../unit.h"
#include "policy.h"

#include <stdbool.h>
#include <string.h>

/* clang-format off */
static const struct {
	int status;
	const char *code;
	enum verdict reading, writing;
} expected[] = {
	{ 200, "",                        VERDICT_OK,     VERDICT_OK },
	{ 201, "",                        VERDICT_OK,     VERDICT_OK },
	{ 204, "",                        VERDICT_OK,     VERDICT_OK },
	{ 0,   "",                        VERDICT_RETRY,  VERDICT_UNKNOWN },
	{ 301, "",                        VERDICT_FAIL,   VERDICT_FAIL },
	{ 400, "json_error",              VERDICT_FAIL,   VERDICT_FAIL },
	{ 401, "",                        VERDICT_TOKEN,  VERDICT_TOKEN },
	{ 401, "unauthorized",            VERDICT_TOKEN,  VERDICT_TOKEN },
	{ 401, "token_readonly",          VERDICT_TOKEN,  VERDICT_TOKEN },
	{ 403, "forbidden",               VERDICT_FAIL,   VERDICT_FAIL },
	{ 403, "maintenance",             VERDICT_RETRY,  VERDICT_RETRY },
	{ 403, "resource_limit_exceeded", VERDICT_FAIL,   VERDICT_FAIL },
	{ 404, "not_found",               VERDICT_ABSENT, VERDICT_ABSENT },
	{ 404, "",                        VERDICT_FAIL,   VERDICT_FAIL }, /* a proxy's, no evidence of anything */
	{ 405, "method_not_allowed",      VERDICT_FAIL,   VERDICT_FAIL },
	{ 408, "",                        VERDICT_RETRY,  VERDICT_UNKNOWN },
	{ 409, "uniqueness_error",        VERDICT_FAIL,   VERDICT_TAKEN },
	{ 409, "conflict",                VERDICT_RETRY,  VERDICT_RETRY },
	{ 410, "deprecated_api_endpoint", VERDICT_FAIL,   VERDICT_FAIL },
	{ 412, "resource_unavailable",    VERDICT_FAIL,   VERDICT_FAIL },
	{ 412, "primary_ip_version_mismatch", VERDICT_FAIL, VERDICT_FAIL },
	{ 422, "invalid_input",           VERDICT_FAIL,   VERDICT_FAIL },
	{ 422, "json_error",              VERDICT_FAIL,   VERDICT_FAIL },
	{ 422, "service_error",           VERDICT_FAIL,   VERDICT_FAIL },
	{ 422, "unsupported_error",       VERDICT_FAIL,   VERDICT_FAIL },
	{ 422, "placement_error",         VERDICT_FAIL,   VERDICT_FAIL },
	{ 422, "invalid_server_type",     VERDICT_FAIL,   VERDICT_FAIL },
	{ 423, "locked",                  VERDICT_FAIL,   VERDICT_RETRY },
	{ 423, "protected",               VERDICT_FAIL,   VERDICT_FAIL },
	{ 429, "rate_limit_exceeded",     VERDICT_RETRY,  VERDICT_RETRY },
	{ 429, "",                        VERDICT_RETRY,  VERDICT_RETRY },
	{ 500, "server_error",            VERDICT_RETRY,  VERDICT_UNKNOWN },
	{ 502, "",                        VERDICT_RETRY,  VERDICT_UNKNOWN },
	{ 502, "bad_gateway",             VERDICT_RETRY,  VERDICT_UNKNOWN },
	{ 503, "unavailable",             VERDICT_RETRY,  VERDICT_UNKNOWN },
	{ 504, "timeout",                 VERDICT_RETRY,  VERDICT_UNKNOWN },
	{ 418, "a_code_of_next_year",     VERDICT_FAIL,   VERDICT_FAIL },
};
/* clang-format on */

static void every_error_means_what_it_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		const struct policy *r =
			policy_for(METHOD_READ, expected[i].status, expected[i].code);
		const struct policy *w =
			policy_for(METHOD_WRITE, expected[i].status, expected[i].code);

		if (r->verdict != expected[i].reading || w->verdict != expected[i].writing)
			fail_msg("%d %s: reading %d (wanted %d), writing %d (wanted %d)",
			         expected[i].status, expected[i].code, r->verdict,
			         expected[i].reading, w->verdict, expected[i].writing);
	}
}

/* The one rule that no row may break: after an order of which nobody knows, look first. */
static void an_order_is_never_sent_again_blindly(void **state)
{
	static const char *const codes[] = { "", "server_error", "timeout", "conflict", "x" };
	(void)state;

	for (int status = 500; status < 600; status++)
		for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
			assert_int_equal(policy_for(METHOD_WRITE, status, codes[i])->verdict,
			                 VERDICT_UNKNOWN);
	assert_int_equal(policy_for(METHOD_WRITE, 0, "")->verdict, VERDICT_UNKNOWN);
}

/* An earlier row may hide a later one that was meant to say something else. */
static void every_row_can_be_reached(void **state)
{
	(void)state;
	for (int i = 0; i < policies_n; i++) {
		const struct policy *p = &policies[i];
		int status = p->status == STATUS_OF_HUNDRED ? p->hundred * 100 + 99
		             : p->status == STATUS_ANY      ? 418
		                                            : p->status;

		assert_ptr_equal(policy_for(p->method, status, p->code ? p->code : "other"), p);
	}
}

static void what_is_tried_again_ends_and_pauses(void **state)
{
	(void)state;
	for (int i = 0; i < policies_n; i++) {
		const struct policy *p = &policies[i];

		if (p->verdict != VERDICT_RETRY && p->verdict != VERDICT_UNKNOWN)
			continue;
		assert_in_range(p->tries, 1, 40);
		assert_in_range(p->wait_ms, 1000, 60000);
		assert_true(p->say && strlen(p->say) > 10); /* for whoever reads why it ended */
		assert_int_equal(policy_wait_ms(p, 0), p->wait_ms);
		for (int n = 1; n < 100; n++) {
			assert_true(policy_wait_ms(p, n) >= policy_wait_ms(p, n - 1));
			assert_true(policy_wait_ms(p, n) <= 60000);
		}
	}
}

static void nothing_goes_unsaid(void **state)
{
	static const char *const own[] = { "resource_unavailable", "resource_limit_exceeded",
		                           "protected" };
	static const int statuses[] = { 412, 403, 423 };
	(void)state;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		assert_non_null(policy_for(METHOD_WRITE, statuses[i], own[i])->say);
	assert_string_not_equal(policy_for(METHOD_WRITE, 401, "token_readonly")->say,
	                        policy_for(METHOD_WRITE, 401, "unauthorized")->say);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_means_what_it_should),
		cmocka_unit_test(an_order_is_never_sent_again_blindly),
		cmocka_unit_test(every_row_can_be_reached),
		cmocka_unit_test(what_is_tried_again_ends_and_pauses),
		cmocka_unit_test(nothing_goes_unsaid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
