/* Buffers, identifiers, frames and configuration: small parts everything rests on. */
#include "../unit.h"
#include "buf.h"
#include "conf.h"
#include "err.h"
#include "uuid.h"
#include "wire.h"

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
		{ "test_number", CONF_I64, &number, "5", "" },
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
	remove(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_stops_at_its_ceiling),
		cmocka_unit_test(json_strings_are_always_valid),
		cmocka_unit_test(later_ids_sort_later),
		cmocka_unit_test(frames_survive_the_wire_and_nothing_shorter_does),
		cmocka_unit_test(the_environment_overrides_the_file_and_typos_are_refused),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
