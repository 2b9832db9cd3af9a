/* Answers of the provider: read as they are, refused when cut off, of wrong types, doubled or absurd. */
#include "../unit.h"
#include "answer.h"
#include "answer_catalogue.h"
#include "phone_home.h"

#include <stdbool.h>
#include <string.h>

#define SERVER                                                                                 \
	"{\"id\":5520417,\"name\":\"web-1\",\"status\":\"initializing\",\"public_net\":{"      \
	"\"ipv4\":{\"id\":1,\"ip\":\"203.0.113.41\"},\"ipv6\":{\"ip\":\"2001:db8:51:9a::/64\"}}," \
	"\"server_type\":{\"name\":\"cx23\"},\"location\":{\"name\":\"fsn1\"},"                \
	"\"labels\":{\"sps-op\":\"op-1\"}}"
#define ACTION(id, status)                                                                     \
	"{\"id\":" #id ",\"status\":\"" status "\",\"error\":{\"code\":\"c\",\"message\":\"m\"}}"
#define CREATED                                                                                \
	"{\"server\":" SERVER ",\"action\":" ACTION(7, "running") ",\"next_actions\":["        \
	ACTION(8, "success") "," ACTION(9, "error") "],\"root_password\":null}"
#define TYPES                                                                                  \
	"{\"server_types\":[{\"id\":114,\"name\":\"cx23\",\"description\":\"CX23\",\"cores\":2," \
	"\"memory\":4.0,\"disk\":40,\"architecture\":\"x86\",\"prices\":[{\"location\":\"fsn1\"," \
	"\"price_hourly\":{\"net\":\"0.0056\"},\"price_monthly\":{\"net\":\"3.4900\"}},"       \
	"{\"location\":\"nbg1\",\"price_hourly\":{\"net\":\"0.0056\"},"                        \
	"\"price_monthly\":{\"net\":\"3.4900\"}}],\"locations\":[{\"name\":\"fsn1\","          \
	"\"available\":false}]}],\"meta\":{\"pagination\":{\"next_page\":2}}}"

static int created(const char *text, size_t len, struct answer_server *s, struct answer_actions *a)
{
	json_t *root = answer_parse(text, len);
	int r = root ? answer_created(root, s, a) : ANSWER_E_BAD;

	json_decref(root);
	return r;
}

static void a_create_is_read(void **state)
{
	struct answer_server s;
	struct answer_actions a;
	(void)state;

	assert_int_equal(created(CREATED, strlen(CREATED), &s, &a), 0);
	assert_int_equal(s.id, 5520417);
	assert_string_equal(s.op, "op-1");
	assert_string_equal(s.ipv4, "203.0.113.41");
	assert_string_equal(s.ipv6, "2001:db8:51:9a::/64");
	assert_int_equal(a.n, 3);
	assert_int_equal(a.at[0].status, ACTION_RUNNING);
	assert_int_equal(a.at[1].status, ACTION_SUCCESS);
	assert_int_equal(a.at[2].status, ACTION_ERROR);
	assert_string_equal(a.at[2].error.message, "m");
}

static void a_create_that_breaks_off_anywhere_is_refused(void **state)
{
	struct answer_server s;
	struct answer_actions a;
	(void)state;

	for (size_t len = 0; len < strlen(CREATED); len++)
		assert_int_equal(created(CREATED, len, &s, &a), ANSWER_E_BAD);
}

static int one(const char *text)
{
	struct answer_server s;
	json_t *root = answer_parse(text, strlen(text));
	int r = root ? answer_server(root, &s) : ANSWER_E_BAD;

	json_decref(root);
	return r;
}

static char *replaced(const char *what, const char *by)
{
	static char text[2000];
	static const char whole[] = "{\"server\":" SERVER "}";

	const char *at = strstr(whole, what);

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - whole), whole, by, at + strlen(what));
	return text;
}

static void wrong_types_and_absurd_values_are_refused(void **state)
{
	(void)state;
	assert_int_equal(one(replaced("5520417", "5520417")), 0);
	assert_int_equal(one(replaced("5520417", "\"5520417\"")), ANSWER_E_BAD);
	assert_int_equal(one(replaced("5520417", "0")), ANSWER_E_BAD);
	assert_int_equal(one(replaced("5520417", "-1")), ANSWER_E_BAD);
	assert_int_equal(one(replaced("5520417", "9007199254740992")), ANSWER_E_BAD);
	assert_int_equal(one(replaced("5520417", "55.5")), ANSWER_E_BAD);
	assert_int_equal(one(replaced("\"web-1\"", "null")), ANSWER_E_BAD);
	assert_int_equal(one(replaced("\"web-1\"", "\"a\\u0000b\"")), ANSWER_E_BAD);
	assert_int_equal(one(replaced("\"status\":", "\"id\":1,\"status\":")), ANSWER_E_BAD);
	assert_int_equal(one(replaced("\"203.0.113.41\"", "[]")), ANSWER_E_BAD);
	assert_int_equal(one(replaced("{\"id\":1,\"ip\":\"203.0.113.41\"}", "null")), 0);
	assert_int_equal(one(replaced("{\"sps-op\":\"op-1\"}", "{}")), 0);
	assert_int_equal(one(replaced("{\"sps-op\":\"op-1\"}", "[]")), ANSWER_E_BAD);
	assert_int_equal(one("{\"server\":[]}"), ANSWER_E_BAD);
	assert_int_equal(one("[]"), ANSWER_E_BAD);
	assert_int_equal(one("{}"), ANSWER_E_BAD);
}

static void any_error_body_gives_two_texts(void **state)
{
	static const char *const bodies[] = { "{}", "{\"error\":[]}", "{\"error\":{\"code\":7}}",
		                              "{\"error\":{\"message\":null}}" };
	struct answer_error e;
	char longest[3000] = "{\"error\":{\"code\":\"x\",\"message\":\"";
	json_t *root;
	(void)state;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		root = answer_parse(bodies[i], strlen(bodies[i]));
		answer_error(root, &e);
		assert_string_equal(e.code, "");
		assert_string_equal(e.message, "");
		json_decref(root);
	}
	answer_error(NULL, &e);
	assert_string_equal(e.code, "");
	for (int i = 0; i < 600; i++)
		strncat(longest, "é", sizeof(longest) - strlen(longest) - 1);
	strncat(longest, "\"}}", sizeof(longest) - strlen(longest) - 1);
	root = answer_parse(longest, strlen(longest));
	assert_non_null(root);
	answer_error(root, &e);
	assert_int_equal(strlen(e.message) % 2, 0); /* not cut inside a letter */
	json_decref(root);
}

static void money(const char *text, int64_t want)
{
	int64_t micro = -1;

	assert_int_equal(answer_money(text, MONEY_MICRO, &micro), want < 0 ? ANSWER_E_BAD : 0);
	if (want >= 0)
		assert_int_equal(micro, want);
}

static void money_is_read_without_floating_point(void **state)
{
	(void)state;
	money("3.4900", 3490000);
	money("1.1900000000000000", 1190000);
	money("0.0104720000000000", 10472);
	money("0.0000005", 1);
	money("0.0000004999", 0);
	money("5", 5000000);
	money("", -1);
	money(".5", -1);
	money("5.", -1);
	money("-1", -1);
	money("1e3", -1);
	money("1.2.3", -1);
	money("12345678901", -1);
}

static void types_come_with_prices_where_they_are_offered(void **state)
{
	json_t *root = answer_parse(TYPES, strlen(TYPES)), *types = json_array(),
	       *prices = json_array(), *price;
	int64_t next;
	(void)state;

	assert_int_equal(answer_types(root, types, prices, &next), 0);
	assert_int_equal(next, 2);
	assert_int_equal(json_array_size(types), 1);
	assert_int_equal(json_array_size(prices), 1); /* nbg1 has a price but is no place for it */
	price = json_array_get(prices, 0);
	assert_int_equal(json_integer_value(json_object_get(price, "monthly_minor")), 349);
	assert_int_equal(json_integer_value(json_object_get(price, "hourly_micro")), 5600);
	assert_true(json_is_false(json_object_get(price, "available")));
	json_decref(root);
	json_decref(types);
	json_decref(prices);
}

static void the_token_of_phone_home_is_stable_and_its_own(void **state)
{
	const uint8_t key[32] = { 1 }, other[32] = { 2 };
	char a[PHONE_HOME_TOKEN], b[PHONE_HOME_TOKEN];
	struct buf text;
	(void)state;

	phone_home_token(key, "op-1", 1, a);
	phone_home_token(key, "op-1", 1, b);
	assert_string_equal(a, b);
	assert_int_equal(strspn(a, "0123456789abcdef"), 40);
	phone_home_token(key, "op-2", 1, b);
	assert_string_not_equal(a, b);
	phone_home_token(other, "op-1", 1, b);
	assert_string_not_equal(a, b);
	buf_init(&text, 4096);
	phone_home_user_data(&text, "https://portal.example", "abc");
	assert_string_equal(text.data,
	                    "#cloud-config\nssh_pwauth: false\ndisable_root: false\nphone_home:\n"
	                    "  url: \"https://portal.example/hook/phone-home/abc\"\n"
	                    "  post: [pub_key_ed25519, instance_id, hostname, fqdn]\n"
	                    "  tries: 10\n");
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_create_is_read),
		cmocka_unit_test(a_create_that_breaks_off_anywhere_is_refused),
		cmocka_unit_test(wrong_types_and_absurd_values_are_refused),
		cmocka_unit_test(any_error_body_gives_two_texts),
		cmocka_unit_test(money_is_read_without_floating_point),
		cmocka_unit_test(types_come_with_prices_where_they_are_offered),
		cmocka_unit_test(the_token_of_phone_home_is_stable_and_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
