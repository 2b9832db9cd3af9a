/* What a person's client may send, and what it is told when it may not. */
#include "../unit.h"
#include "messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rec_errors errors;

static int submit(const char *json)
{
	struct request_submit out;
	void *mem = NULL;
	int r = rec_from_json(&request_submit_def, json, strlen(json), &out, &mem, &errors);

	free(mem);
	return r;
}

static const char *code_of(const char *field)
{
	for (size_t i = 0; i < errors.n; i++)
		if (!strcmp(errors.at[i].field, field))
			return errors.at[i].code;
	return "";
}

#define GOOD "\"project\":1,\"name\":\"web-1\",\"client\":\"Nordwind GmbH\",\"server_type\":\"cx23\",\"location\":\"fsn1\""

static void a_good_body_is_read(void **state)
{
	struct request_submit out;
	const char *json = "{" GOOD ",\"priority\":\"high\",\"justification\":\"line 1\\nline 2 \\u00e9\"}";
	void *mem = NULL;
	(void)state;

	assert_int_equal(rec_from_json(&request_submit_def, json, strlen(json), &out, &mem, &errors), 0);
	assert_int_equal(out.project, 1);
	assert_string_equal(out.name, "web-1");
	assert_string_equal(out.justification, "line 1\nline 2 \xc3\xa9");
	assert_null(out.subdomain);
	free(mem);
}

static void every_wrong_field_is_named_at_once(void **state)
{
	(void)state;
	assert_int_equal(submit("{\"project\":\"1\",\"name\":\"Web_1\",\"client\":\"\",\"server_type\":\"cx23\","
	                        "\"priority\":\"asap\",\"colour\":\"red\"}"),
	                 REC_E_INVALID);
	assert_string_equal(code_of("project"), "wrong_type");
	assert_string_equal(code_of("name"), "bad_format");
	assert_string_equal(code_of("client"), "required");
	assert_string_equal(code_of("location"), "required");
	assert_string_equal(code_of("priority"), "not_allowed");
	assert_string_equal(code_of("colour"), "unknown");
	assert_int_equal(errors.n, 6);
}

static void lengths_count_characters_not_bytes(void **state)
{
	char json[1024], client[300] = "";
	(void)state;

	for (int i = 0; i < 120; i++)
		strcat(client, "\xc3\xa9");
	snprintf(json, sizeof(json), "{\"project\":1,\"name\":\"a\",\"client\":\"%s\",\"server_type\":\"a\",\"location\":\"b\"}", client);
	assert_int_equal(submit(json), 0);
	strcat(client, "x");
	snprintf(json, sizeof(json), "{\"project\":1,\"name\":\"a\",\"client\":\"%s\",\"server_type\":\"a\",\"location\":\"b\"}", client);
	assert_int_equal(submit(json), REC_E_INVALID);
	assert_string_equal(code_of("client"), "too_long");
}

static void what_is_not_json_is_refused_as_a_whole(void **state)
{
	static const char *const bad[] = {
		"", "[]", "null", "{", "{" GOOD "} x", "{\"name\":\"\xff\"}", "{\"name\":\"a\\u0000b\"}",
		"{\"project\":1,\"project\":2}", "{\"project\":1e999}", "{\"project\":99999999999999999999}",
		"{'project':1}", "{\"a\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(submit(bad[i]), REC_E_MALFORMED);
		assert_true(errors.why[0]);
	}
}

static void a_body_with_a_nul_byte_is_refused(void **state)
{
	static const char json[] = "{" GOOD "}\0";
	struct request_submit out;
	void *mem = NULL;
	(void)state;

	assert_int_equal(rec_from_json(&request_submit_def, json, sizeof(json) - 1, &out, &mem, &errors), REC_E_MALFORMED);
}

static void the_id_in_the_address_cannot_be_overridden_by_the_body(void **state)
{
	struct request_approve out;
	const char *json = "{\"request\":5,\"version\":1}";
	void *mem = NULL;
	(void)state;

	assert_int_equal(rec_from_json(&request_approve_def, json, strlen(json), &out, &mem, &errors), REC_E_INVALID);
	assert_string_equal(code_of("request"), "unknown");
}

static void hidden_direction_marks_and_control_characters_are_refused(void **state)
{
	(void)state;
	assert_int_equal(submit("{\"project\":1,\"name\":\"a\",\"client\":\"evil\\u202eexe\",\"server_type\":\"a\",\"location\":\"b\"}"),
	                 REC_E_INVALID);
	assert_string_equal(code_of("client"), "bad_format");
	assert_int_equal(submit("{\"project\":1,\"name\":\"a\",\"client\":\"a\\u001b[31m\",\"server_type\":\"a\",\"location\":\"b\"}"),
	                 REC_E_INVALID);
}

static void a_name_follows_rfc_1123(void **state)
{
	static const char *const bad[] = { "-a", "a-", "a.b", "A", "a b", "a/../b", "$(id)", "" };
	char json[300], name[70];
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(json, sizeof(json), "{\"project\":1,\"name\":\"%s\",\"client\":\"c\",\"server_type\":\"a\",\"location\":\"b\"}", bad[i]);
		assert_int_equal(submit(json), REC_E_INVALID);
		assert_true(*code_of("name"));
	}
	memset(name, 'a', 64);
	name[64] = '\0';
	snprintf(json, sizeof(json), "{\"project\":1,\"name\":\"%s\",\"client\":\"c\",\"server_type\":\"a\",\"location\":\"b\"}", name);
	assert_int_equal(submit(json), REC_E_INVALID);
	name[63] = '\0';
	snprintf(json, sizeof(json), "{\"project\":1,\"name\":\"%s\",\"client\":\"c\",\"server_type\":\"a\",\"location\":\"b\"}", name);
	assert_int_equal(submit(json), 0);
}

static void null_means_absent_for_what_is_optional(void **state)
{
	(void)state;
	assert_int_equal(submit("{" GOOD ",\"subdomain\":null}"), 0);
	assert_int_equal(submit("{\"project\":null,\"name\":\"a\",\"client\":\"c\",\"server_type\":\"a\",\"location\":\"b\"}"), REC_E_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_body_is_read),
		cmocka_unit_test(every_wrong_field_is_named_at_once),
		cmocka_unit_test(lengths_count_characters_not_bytes),
		cmocka_unit_test(what_is_not_json_is_refused_as_a_whole),
		cmocka_unit_test(a_body_with_a_nul_byte_is_refused),
		cmocka_unit_test(the_id_in_the_address_cannot_be_overridden_by_the_body),
		cmocka_unit_test(hidden_direction_marks_and_control_characters_are_refused),
		cmocka_unit_test(a_name_follows_rfc_1123),
		cmocka_unit_test(null_means_absent_for_what_is_optional),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
