/* What a new server is told about reporting its host key. */
#include "../unit.h"
#include "phone_home.h"

#include <stdlib.h>
#include <string.h>

static const char op[] = "01890a5d-ac96-774b-bcce-b302099a8057";

static void the_token_belongs_to_operation_and_key(void **state)
{
	const uint8_t key[32] = { 1 }, other_key[32] = { 2 };
	char a[PHONE_HOME_TOKEN], b[PHONE_HOME_TOKEN];
	(void)state;

	phone_home_token(key, op, a);
	phone_home_token(key, op, b);
	assert_string_equal(a, b); /* an order that is sent again says the same */
	assert_int_equal(strlen(a), 40);
	assert_int_equal(strspn(a, "0123456789abcdef"), 40);
	phone_home_token(other_key, op, b);
	assert_string_not_equal(a, b);
	phone_home_token(key, "01890a5d-ac96-774b-bcce-b302099a8058", b);
	assert_string_not_equal(a, b);
}

static void user_data_is_exactly_this(void **state)
{
	struct buf b;
	(void)state;

	buf_init(&b, 4096);
	phone_home_user_data(&b, "https://portal.example.org",
	                     "00112233445566778899aabbccddeeff00112233");
	assert_string_equal(b.data, "#cloud-config\n"
	                            "ssh_pwauth: false\n"
	                            "disable_root: false\n"
	                            "phone_home:\n"
	                            "  url: \"https://portal.example.org/hook/phone-home/"
	                            "00112233445566778899aabbccddeeff00112233\"\n"
	                            "  post: [pub_key_ed25519, instance_id, hostname, fqdn]\n"
	                            "  tries: 10\n");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_token_belongs_to_operation_and_key),
		cmocka_unit_test(user_data_is_exactly_this),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
