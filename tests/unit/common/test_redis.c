/* Where Redis is and who we are there: what the settings mean, and which make no sense. */
#include "../unit.h"
#include "log.h"
#include "redis.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char file[] = "/tmp/sps-redis-XXXXXX";

static int set_up(void **state)
{
	int fd = mkstemp(file);
	(void)state;

	log_init("test", "error");
	return fd < 0 || dprintf(fd, "of-our-own\nnever read\n") < 0 || close(fd) || sodium_init() < 0;
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(file);
}

static int load(struct redis_login *l, const char *where, const char *user, const char *password_file)
{
	const struct conf_param *const tables[] = { redis_params, NULL };

	setenv("SPS_REDIS", where, 1);
	setenv("SPS_REDIS_USER", user, 1);
	setenv("SPS_REDIS_PASSWORD_FILE", password_file, 1);
	assert_int_equal(conf_load(tables), 0);
	return redis_login_load(l);
}

static void a_path_is_a_socket_everything_else_a_host_with_a_port(void **state)
{
	struct redis_login l = { 0 };
	(void)state;

	assert_int_equal(load(&l, "/run/redis:1/redis.sock", "", ""), 0);
	assert_string_equal(l.host, "/run/redis:1/redis.sock");
	assert_int_equal(l.port, 0);
	assert_null(l.password);
	redis_login_release(&l);
	assert_int_equal(load(&l, "::1:6379", "", ""), 0);
	assert_string_equal(l.host, "::1");
	assert_int_equal(l.port, 6379);
	redis_login_release(&l);
}

static void the_password_is_the_first_line_of_its_file(void **state)
{
	struct redis_login l = { 0 };
	(void)state;

	assert_int_equal(load(&l, "/s", "notifier", file), 0);
	assert_string_equal(l.user, "notifier");
	assert_string_equal(l.password, "of-our-own");
	redis_login_release(&l);
}

static void a_user_without_a_password_is_refused_and_the_other_way_round(void **state)
{
	struct redis_login l = { 0 };
	(void)state;

	assert_true(load(&l, "/s", "notifier", "") < 0);
	assert_true(load(&l, "/s", "", file) < 0);
	assert_true(load(&l, "/s", "notifier", "/nonexistent") < 0);
	assert_true(load(&l, "/s", "notifier", "/dev/null") < 0);
	assert_null(l.host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_a_socket_everything_else_a_host_with_a_port),
		cmocka_unit_test(the_password_is_the_first_line_of_its_file),
		cmocka_unit_test(a_user_without_a_password_is_refused_and_the_other_way_round),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
