/* Buffers, identifiers, frames, configuration and SQLSTATEs: small parts everything rests on. */
#include "../unit.h"
#include "buf.h"
#include "conf.h"
#include "err.h"
#include "sqlstate.h"
#include "uuid.h"
#include "wire.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void a_buffer_stops_at_its_ceiling(void **state)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	(void)state;

	buf_init(&b, 10);
	for (int i = 0; i < 100; i++)
		buf_str(&b, "abc");
	assert_int_equal(b.len, 10);
	assert_true(b.cut);
	assert_string_equal(b.data, "abcabcabca");
	buf_clear(&b);
	buf_fmt(&b, "%d", 42);
	assert_string_equal(b.data, "42");
	assert_false(b.cut);
}

static void json_strings_are_always_valid(void **state)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	(void)state;

	buf_init(&b, 1000);
	buf_json_str(&b, "a\"b\\c\n\x01\x7f\xc3\xa9\xff\xc3");
	assert_string_equal(b.data, "\"a\\\"b\\\\c\\n\\u0001\\u007f\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\"");
	buf_clear(&b);
	buf_json_str(&b, NULL);
	assert_string_equal(b.data, "null");
}

static void later_ids_sort_later(void **state)
{
	char a[UUID_TEXT], b[UUID_TEXT];
	uint8_t raw[16];
	char again[UUID_TEXT];
	(void)state;

	uuid7(a);
	assert_int_equal(a[14], '7');
	assert_non_null(strchr("89ab", a[19]));
	assert_true(uuid_parse(a, raw));
	uuid_format(raw, again);
	assert_string_equal(a, again);
	for (int i = 0; i < 3; i++) {
		const struct timespec ms = { .tv_nsec = 2000000 };

		nanosleep(&ms, NULL);
		uuid7(b);
		assert_true(strcmp(a, b) < 0);
		memcpy(a, b, sizeof(a));
	}
	assert_false(uuid_parse("not-a-uuid", raw));
	assert_false(uuid_parse("018f0000-0000-7000-8000-00000000000", raw));
	assert_false(uuid_parse("018f0000-0000-7000-8000-0000000000zz", raw));
}

static void frames_survive_the_wire_and_nothing_shorter_does(void **state)
{
	const struct wire in = { .kind = WIRE_RING, .inst = "i", .state = -3, .body = { (const uint8_t *)"\0\1", 2 }, .n_ids = 2,
		                 .ids = { "018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000002" } };
	const uint8_t head[2] = { WIRE_PROTOCOL, WIRE_RING };
	msgpack_sbuffer out;
	struct wire w;
	(void)state;

	msgpack_sbuffer_init(&out);
	wire_pack(&in, &out);
	assert_int_equal(wire_read(&w, head, 2, out.data, out.size), 0);
	assert_int_equal(w.n_ids, 2);
	assert_string_equal(w.ids[1], in.ids[1]);
	assert_int_equal(w.state, -3);
	assert_int_equal(w.body.len, 2);
	wire_forget(&w);
	for (size_t n = 0; n < out.size; n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, out.data, n);
		assert_int_equal(wire_read(&w, head, 2, exact, n), REC_E_MALFORMED);
		free(exact);
	}
	assert_int_equal(wire_read(&w, "\x02\x03", 2, out.data, out.size), REC_E_MALFORMED); /* another protocol */
	msgpack_sbuffer_destroy(&out);
}

static void the_environment_overrides_the_file_and_typos_are_refused(void **state)
{
	static const char *name;
	static int64_t number;
	static bool flag;
	static const struct conf_param params[] = {
		{ "test_name", CONF_STR, &name, "x", "" },
		{ "test_number", CONF_INT(1, 100), &number, "5", "" },
		{ "test_flag", CONF_BOOL, &flag, "no", "" },
		CONF_END,
	};
	const struct conf_param *const tables[] = { params, NULL };
	char path[] = "/tmp/sps-conf-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");
	(void)state;

	fputs("test_nam = typo\n", f);
	fclose(f);
	setenv("SPS_CONF", path, 1);
	assert_true(conf_load(tables) < 0);
	f = fopen(path, "w");
	fputs("# comment\n test_name = from file \ntest_flag=yes\ntest_number = 7\n", f);
	fclose(f);
	setenv("SPS_TEST_NUMBER", "12x", 1);
	setenv("SPS_TEST_NAME", "from environment", 1);
	assert_true(conf_load(tables) < 0);
	unsetenv("SPS_TEST_NAME");
	setenv("SPS_TEST_NUMBER", "12", 1);
	assert_int_equal(conf_load(tables), 0);
	assert_string_equal(name, "from file");
	assert_int_equal(number, 12);
	assert_true(flag);
	unsetenv("SPS_CONF");
	unsetenv("SPS_TEST_NUMBER");
	remove(path);
}

static void a_number_out_of_its_range_is_refused(void **state)
{
	static int64_t number;
	static const struct conf_param params[] = { { "test_number", CONF_INT(1, 100), &number, "5", "" }, CONF_END };
	static const struct conf_param *const tables[] = { params, NULL };
	static const struct {
		const char *value;
		int64_t want; /* 0: refused */
	} rows[] = { { "1", 1 }, { "100", 100 }, { "0", 0 }, { "-1", 0 }, { "101", 0 }, { "99999999999999999999", 0 },
		     { "", 0 }, { "7 ", 0 }, { "0x7", 0 } };
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setenv("SPS_TEST_NUMBER", rows[i].value, 1);
		assert_int_equal(conf_load(tables), rows[i].want ? 0 : -EINVAL);
		if (rows[i].want)
			assert_int_equal(number, rows[i].want);
	}
	unsetenv("SPS_TEST_NUMBER");
}

/* Which of two would count is nothing to guess at; also when the environment wins over both. */
static void a_name_that_is_in_the_file_twice_is_refused(void **state)
{
	static int64_t number;
	static const struct conf_param params[] = { { "test_number", CONF_INT(1, 100), &number, "5", "" }, CONF_END };
	static const struct conf_param *const tables[] = { params, NULL };
	char path[] = "/tmp/sps-conf-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");
	(void)state;

	fputs("test_number = 1\ntest_number = 2\n", f);
	fclose(f);
	setenv("SPS_CONF", path, 1);
	assert_int_equal(conf_load(tables), -EINVAL);
	setenv("SPS_TEST_NUMBER", "3", 1);
	assert_int_equal(conf_load(tables), -EINVAL);
	unsetenv("SPS_TEST_NUMBER");
	unsetenv("SPS_CONF");
	remove(path);
}

/* What the services try again, the gateway must not call broken, and the other way round. */
static void every_sqlstate_means_one_thing(void **state)
{
	static const struct {
		const char *state;
		enum sqlstate means;
		bool passing;
	} rows[] = {
		{ NULL, SQLSTATE_OTHER, false },         { "SP409", SQLSTATE_RAISED, false },
		{ "23505", SQLSTATE_CONFLICT, false },   { "23502", SQLSTATE_OTHER, false },
		{ "40001", SQLSTATE_RETRY, true },       { "40P01", SQLSTATE_RETRY, true },
		{ "55P03", SQLSTATE_RETRY, true },       { "57014", SQLSTATE_RETRY, true },
		{ "57P01", SQLSTATE_DOWN, true },        { "57P03", SQLSTATE_DOWN, true },
		{ "25006", SQLSTATE_DOWN, true },        { "25P03", SQLSTATE_DOWN, true },
		{ "58030", SQLSTATE_DOWN, true },        { "08006", SQLSTATE_DOWN, true },
		{ "53100", SQLSTATE_DOWN, true },        { "26000", SQLSTATE_OTHER, false },
		{ "42501", SQLSTATE_OTHER, false },      { "XX000", SQLSTATE_OTHER, false },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(sqlstate(rows[i].state), rows[i].means);
		assert_int_equal(sqlstate_passing(rows[i].state), rows[i].passing);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_stops_at_its_ceiling),
		cmocka_unit_test(json_strings_are_always_valid),
		cmocka_unit_test(later_ids_sort_later),
		cmocka_unit_test(frames_survive_the_wire_and_nothing_shorter_does),
		cmocka_unit_test(the_environment_overrides_the_file_and_typos_are_refused),
		cmocka_unit_test(a_number_out_of_its_range_is_refused),
		cmocka_unit_test(a_name_that_is_in_the_file_twice_is_refused),
		cmocka_unit_test(every_sqlstate_means_one_thing),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
