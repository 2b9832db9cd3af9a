/* Problem documents are JSON whatever is in them, and say what a person can do. */
#include "unit.h"

#include "gw_problem.h"

#include <jansson.h>
#include <string.h>

static json_t *made(const struct gw_problem *p)
{
	struct buf b = { 0 };
	json_t *j;

	gw_problem_json(&b, p);
	assert_false(b.cut);
	j = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(j);
	buf_release(&b);
	return j;
}

static const char *text(json_t *j, const char *key)
{
	return json_string_value(json_object_get(j, key));
}

static void a_problem_says_what_and_where(void **state)
{
	json_t *j = made(&(struct gw_problem){
		.status = 409, .detail = "It was cancelled.", .state = "cancelled", .corr = "c" });
	(void)state;

	assert_string_equal(text(j, "type"), "about:blank");
	assert_int_equal(json_integer_value(json_object_get(j, "status")), 409);
	assert_string_equal(text(j, "code"), "conflict");
	assert_string_equal(text(j, "detail"), "It was cancelled.");
	assert_string_equal(text(j, "state"), "cancelled");
	assert_string_equal(text(j, "correlation"), "c");
	assert_null(json_object_get(j, "errors"));
	json_decref(j);
}

static void one_blamed_field_is_a_list_of_one(void **state)
{
	json_t *j = made(&(struct gw_problem){
		.status = 422, .detail = "No such plan.", .field = "server_type", .corr = "c" });
	json_t *e = json_array_get(json_object_get(j, "errors"), 0);
	(void)state;

	assert_string_equal(text(e, "field"), "server_type");
	assert_string_equal(text(e, "detail"), "No such plan.");
	json_decref(j);
}

static void all_wrong_fields_are_named(void **state)
{
	struct rec_errors errors = {
		.n = 2, .at = { { "a", "unknown", "Not \"a\"." }, { "b", "too_long", "B." } }
	};
	json_t *j = made(&(struct gw_problem){ .status = 422, .errors = &errors, .corr = "c" });
	(void)state;

	assert_int_equal(json_array_size(json_object_get(j, "errors")), 2);
	assert_string_equal(text(json_array_get(json_object_get(j, "errors"), 0), "detail"),
	                    "Not \"a\".");
	assert_string_equal(text(json_array_get(json_object_get(j, "errors"), 1), "code"),
	                    "too_long");
	assert_string_equal(text(j, "detail"), gw_problem_sentence(422));
	json_decref(j);
	errors.n = 1;
	j = made(&(struct gw_problem){ .status = 422, .errors = &errors, .corr = "c" });
	assert_string_equal(text(j, "detail"), "Not \"a\".");
	json_decref(j);
}

static void nothing_people_write_breaks_it(void **state)
{
	const char *bad = "\"}\\\n\x01\xff\xc3\xa9";
	json_t *j = made(&(struct gw_problem){
		.status = 422, .detail = bad, .field = bad, .state = bad, .corr = bad });
	(void)state;

	assert_string_equal(text(j, "detail"), "\"}\\\n\x01\xef\xbf\xbd\xc3\xa9");
	json_decref(j);
}

/* What the check in front of Kore refuses with, and what handlers use. */
static void every_status_has_words(void **state)
{
	static const int all[] = { 400, 401, 403, 404, 405, 408, 409, 411, 413, 414,
		                   415, 417, 422, 426, 429, 431, 500, 501, 503, 505 };
	(void)state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		json_t *j = made(&(struct gw_problem){ .status = all[i], .corr = "c" });

		assert_string_not_equal(text(j, "code"), "refused");
		assert_true(strlen(text(j, "detail")) > 10);
		json_decref(j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_problem_says_what_and_where),
		cmocka_unit_test(one_blamed_field_is_a_list_of_one),
		cmocka_unit_test(all_wrong_fields_are_named),
		cmocka_unit_test(nothing_people_write_breaks_it),
		cmocka_unit_test(every_status_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
