/* Secrets open for their owner, in their place, and nowhere else. */
#include "../unit.h"
#include "keys.h"
#include "log.h"
#include "secret.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct keys hetzner, workflow, gateway;

static int set_up(void **state)
{
	static char dir[] = "/tmp/sps-keys-XXXXXX";
	char why[KEYS_WHY];
	(void)state;

	log_init("test", "error");
	return !mkdtemp(dir) || keys_generate(dir, why) || keys_load(&hetzner, dir, "hetzner") ||
	       keys_load(&workflow, dir, "workflow") || keys_load(&gateway, dir, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	keys_release(&hetzner);
	keys_release(&workflow);
	keys_release(&gateway);
	return 0;
}

static void seal(const char *context, uint8_t **blob, size_t *len)
{
	assert_int_equal(secret_seal(keys_seal(&gateway, "hetzner"), context, "token-1234", 10, blob, len), 0);
}

static void the_owner_opens_what_the_gateway_sealed(void **state)
{
	uint8_t *blob;
	size_t len, n;
	char *value;
	(void)state;

	seal("project.create:1:token", &blob, &len);
	assert_int_equal(secret_open(&hetzner, "project.create:1:token", blob, len, &value, &n), 0);
	assert_string_equal(value, "token-1234");
	secret_free(value);
	free(blob);
}

static void nobody_else_opens_it(void **state)
{
	uint8_t *blob;
	size_t len, n;
	char *value;
	(void)state;

	seal("c", &blob, &len);
	assert_int_equal(secret_open(&workflow, "c", blob, len, &value, &n), SECRET_E_BAD);
	assert_int_equal(secret_open(&gateway, "c", blob, len, &value, &n), SECRET_E_BAD);
	free(blob);
}

static void a_sealed_value_moved_to_another_message_does_not_open(void **state)
{
	uint8_t *blob;
	size_t len, n;
	char *value;
	(void)state;

	seal("project.create:1:token", &blob, &len);
	assert_int_equal(secret_open(&hetzner, "project.create:2:token", blob, len, &value, &n), SECRET_E_BAD);
	assert_int_equal(secret_open(&hetzner, "project.create:1:toke", blob, len, &value, &n), SECRET_E_BAD);
	assert_int_equal(secret_open(&hetzner, "", blob, len, &value, &n), SECRET_E_BAD);
	free(blob);
}

static void any_flipped_bit_fails_closed(void **state)
{
	uint8_t *sealed, *stored;
	size_t sealed_len, stored_len, n;
	char *value;
	(void)state;

	seal("c", &sealed, &sealed_len);
	assert_int_equal(secret_store(&hetzner, "t/c/1", "v", 1, &stored, &stored_len), 0);
	for (size_t i = 0; i < sealed_len * 8; i++) {
		sealed[i / 8] ^= 1u << i % 8;
		assert_int_equal(secret_open(&hetzner, "c", sealed, sealed_len, &value, &n), SECRET_E_BAD);
		sealed[i / 8] ^= 1u << i % 8;
	}
	for (size_t i = 0; i < stored_len * 8; i++) {
		stored[i / 8] ^= 1u << i % 8;
		assert_int_equal(secret_load(&hetzner, "t/c/1", stored, stored_len, &value, &n), SECRET_E_BAD);
		stored[i / 8] ^= 1u << i % 8;
	}
	for (size_t len = 0; len < sealed_len; len++)
		assert_int_equal(secret_open(&hetzner, "c", sealed, len, &value, &n), SECRET_E_BAD);
	free(sealed);
	free(stored);
}

static void a_stored_value_belongs_to_its_row(void **state)
{
	uint8_t *blob;
	size_t len, n;
	char *value;
	(void)state;

	assert_int_equal(secret_store(&hetzner, "hetzner.token/token/1", "v", 1, &blob, &len), 0);
	assert_int_equal(secret_load(&hetzner, "hetzner.token/token/2", blob, len, &value, &n), SECRET_E_BAD);
	assert_int_equal(secret_load(&workflow, "hetzner.token/token/1", blob, len, &value, &n), SECRET_E_BAD);
	assert_int_equal(secret_load(&hetzner, "hetzner.token/token/1", blob, len, &value, &n), 0);
	assert_string_equal(value, "v");
	secret_free(value);
	free(blob);
}

static void a_key_names_its_service(void **state)
{
	(void)state;
	assert_string_equal(keys_who(&gateway, hetzner.curve_public)->name, "hetzner");
	assert_null(keys_who(&gateway, "0000000000000000000000000000000000000000"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_owner_opens_what_the_gateway_sealed),
		cmocka_unit_test(nobody_else_opens_it),
		cmocka_unit_test(a_sealed_value_moved_to_another_message_does_not_open),
		cmocka_unit_test(any_flipped_bit_fails_closed),
		cmocka_unit_test(a_stored_value_belongs_to_its_row),
		cmocka_unit_test(a_key_names_its_service),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
