/* Text that does not fit ends with a whole character, for characters of every length. */
#include "unit.h"

#include "record.h"
#include "utf8.h"

#include <string.h>

/* 1, 2, 3 and 4 bytes: a, ä, 鍵, and a key */
static const char mixed[] = "a\xc3\xa4\xe9\x8d\xb5\xf0\x9f\x94\x91z";

static void a_cut_never_goes_through_a_character(void **state)
{
	static const size_t expected[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11, 11 };

	(void)state;
	for (size_t max = 0; max < sizeof(expected) / sizeof(expected[0]); max++) {
		assert_int_equal(utf8_cut(mixed, max), expected[max]);
		assert_true(rec_utf8_valid(mixed, utf8_cut(mixed, max)));
	}
}

/* Under ASan the array ends where the text is cut. */
static void nothing_behind_the_limit_is_read(void **state)
{
	const char unended[] = { 'o', 'k', '\xe9', '\x8d' };

	(void)state;
	assert_int_equal(utf8_cut(unended, sizeof(unended)), 2);
	assert_int_equal(utf8_cut("", 10), 0);
}

static void what_was_no_text_before_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(utf8_cut("\x80\x80\x80\x80\x80", 4), 4);
	assert_int_equal(utf8_cut("a\xff", 2), 1);
}

static void a_formatted_text_is_cut_the_same_way(void **state)
{
	char out[8];

	(void)state;
	assert_int_equal(utf8_snprintf(out, sizeof(out), "%s", mixed), 6);
	assert_string_equal(out, "a\xc3\xa4\xe9\x8d\xb5");
	assert_int_equal(utf8_snprintf(out, sizeof(out), "%d %s", 42, "fits"), 7);
	assert_string_equal(out, "42 fits");
	assert_int_equal(utf8_snprintf(out, 1, "%s", mixed), 0);
	assert_string_equal(out, "");
	assert_int_equal(utf8_snprintf(out, 0, "%s", mixed), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cut_never_goes_through_a_character),
		cmocka_unit_test(nothing_behind_the_limit_is_read),
		cmocka_unit_test(what_was_no_text_before_is_left_alone),
		cmocka_unit_test(a_formatted_text_is_cut_the_same_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
