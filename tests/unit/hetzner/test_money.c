/* Prices: decimal text of any length in, whole cents and millionths out, rounded once. */
#include "../unit.h"
#include "answer_catalogue.h"

#include <stdio.h>
#include <string.h>

static void text_becomes_millionths(void **state)
{
	static const struct {
		const char *text;
		int64_t micro;
	} good[] = {
		{ "0", 0 },
		{ "3.4900", 3490000 },
		{ "1.1900000000000000", 1190000 },
		{ "0.0104720000000000", 10472 },
		{ "5", 5000000 },
		{ "0.0000004", 0 },
		{ "0.0000005", 1 },
		{ "0.9999995", 1000000 },
		{ "123456789.123456", 123456789123456 },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t micro = -1;

		assert_int_equal(answer_money(good[i].text, MONEY_MICRO, &micro), 0);
		assert_int_equal(micro, good[i].micro);
	}
}

static void what_is_no_price_is_refused(void **state)
{
	static const char *const bad[] = { "",      ".",     "1.",    ".5",     "-1.00", "+1.00",
		                           "1e3",   "1,00",  " 1",    "1 ",     "1.0x",  "0x10",
		                           "1.2.3", "NaN",   "inf",   "12345678901234567890",
		                           "1.0000000000x", "\xc2\xa0\x31" };
	int64_t micro;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!answer_money(bad[i], MONEY_MICRO, &micro))
			fail_msg("\"%s\" was taken for a price", bad[i]);
}

/* One server type with one price, as /server_types gives it. */
static int64_t monthly_minor(const char *net)
{
	char text[700];
	json_t *root, *types = json_array(), *prices = json_array();
	int64_t next, minor;

	snprintf(text, sizeof(text),
	         "{\"server_types\":[{\"id\":1,\"name\":\"cx23\",\"description\":\"CX23\",\"cores\":2,"
	         "\"memory\":4.0,\"disk\":40,\"architecture\":\"x86\",\"prices\":[{\"location\":"
	         "\"fsn1\",\"price_hourly\":{\"net\":\"0.0056\",\"gross\":\"0.0067\"},"
	         "\"price_monthly\":{\"net\":\"%s\",\"gross\":\"9\"}}],\"locations\":[{\"id\":1,"
	         "\"name\":\"fsn1\",\"available\":true}]}]}",
	         net);
	root = answer_parse(text, strlen(text));
	assert_non_null(root);
	assert_int_equal(answer_types(root, types, prices, &next), 0);
	minor = json_integer_value(json_object_get(json_array_get(prices, 0), "monthly_minor"));
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(prices, 0), "hourly_micro")), 5600);
	json_decref(types);
	json_decref(prices);
	json_decref(root);
	return minor;
}

static void a_month_is_rounded_half_up_and_once(void **state)
{
	(void)state;
	assert_int_equal(monthly_minor("3.4900"), 349);
	assert_int_equal(monthly_minor("3.4949"), 349);
	assert_int_equal(monthly_minor("3.4950"), 350);
	assert_int_equal(monthly_minor("3.4949999999"), 349); /* not by way of 3.495000 */
	assert_int_equal(monthly_minor("0.005"), 1);
	assert_int_equal(monthly_minor("0.0049999999999999"), 0);
	assert_int_equal(monthly_minor("9.995"), 1000);
	assert_int_equal(monthly_minor("7"), 700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_becomes_millionths),
		cmocka_unit_test(what_is_no_price_is_refused),
		cmocka_unit_test(a_month_is_rounded_half_up_and_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
