/* The parts of signing in that need no database: the hash pool and the keys of the throttle. */
#include "../unit.h"
#include "hash_pool.h"
#include "throttle.h"

#include <poll.h>
#include <string.h>

#define JOBS 6

/* Cheap parameters: the pool is tested, not Argon2. */
static void make_hash(char out[crypto_pwhash_STRBYTES], const char *password)
{
	assert_int_equal(crypto_pwhash_str(out, password, strlen(password),
	                                   crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN),
	                 0);
}

static struct hash_job *wait_for_one(struct hash_pool *p)
{
	struct pollfd fd = { .fd = hash_pool_fd(p), .events = POLLIN };
	struct hash_job *j;

	while (!(j = hash_pool_take(p)))
		assert_int_equal(poll(&fd, 1, 20000), 1);
	return j;
}

static void each_job_comes_back_once_with_its_answer(void **state)
{
	struct hash_pool *p = hash_pool_new(2, JOBS);
	struct hash_job jobs[JOBS] = { 0 };
	int seen[JOBS] = { 0 };
	(void)state;

	assert_non_null(p);
	assert_true(hash_pool_idle(p));
	for (int i = 0; i < JOBS; i++) {
		make_hash(jobs[i].hash, "the right one");
		jobs[i].password = i % 2 ? "the wrong one" : "the right one";
		assert_true(hash_pool_add(p, &jobs[i]));
	}
	assert_false(hash_pool_idle(p));
	for (int i = 0; i < JOBS; i++)
		seen[wait_for_one(p) - jobs]++;
	for (int i = 0; i < JOBS; i++) {
		assert_int_equal(seen[i], 1);
		assert_int_equal(jobs[i].matches, i % 2 == 0);
	}
	assert_true(hash_pool_idle(p));
	assert_null(hash_pool_take(p));
	hash_pool_free(p);
}

static void a_weak_hash_is_replaced_by_a_strong_one(void **state)
{
	struct hash_pool *p = hash_pool_new(1, 1);
	struct hash_job j = { .password = "the right one" };
	(void)state;

	make_hash(j.hash, j.password);
	assert_true(hash_pool_add(p, &j));
	assert_ptr_equal(wait_for_one(p), &j);
	assert_true(j.matches);
	assert_int_equal(crypto_pwhash_str_verify(j.stronger, j.password, strlen(j.password)), 0);
	assert_int_equal(crypto_pwhash_str_needs_rehash(j.stronger,
	                                                crypto_pwhash_OPSLIMIT_INTERACTIVE,
	                                                crypto_pwhash_MEMLIMIT_INTERACTIVE),
	                 0);
	hash_pool_free(p);
}

static void a_full_pool_refuses_at_once(void **state)
{
	struct hash_pool *p = hash_pool_new(1, 2);
	struct hash_job jobs[JOBS] = { 0 };
	int taken = 0;
	(void)state;

	for (int i = 0; i < JOBS; i++) {
		make_hash(jobs[i].hash, "x");
		jobs[i].password =
			"x"; /* weak: the rehash keeps the only thread busy for a while */
	}
	for (int i = 0; i < JOBS; i++)
		taken += hash_pool_add(p, &jobs[i]);
	assert_in_range(taken, 2, 4); /* two wait, one or two may have been begun */
	for (int i = 0; i < taken; i++)
		wait_for_one(p);
	hash_pool_free(p);
}

static void one_account_has_one_key(void **state)
{
	struct throttle_keys a, b, c;
	(void)state;

	throttle_keys("Ada", "192.0.2.7", &a);
	throttle_keys("aDA", "192.0.2.8", &b);
	throttle_keys("bob", "192.0.2.7", &c);
	assert_string_equal(a.account, b.account);
	assert_string_not_equal(a.account, c.account);
	assert_null(strstr(a.account, "ada")); /* what was typed is not kept */
	assert_string_equal(a.network, c.network);
	assert_string_not_equal(a.network, b.network);
}

static void one_network_has_one_key(void **state)
{
	static const char *const cases[][2] = {
		{ "192.0.2.7", "network:192.0.2.7" },
		{ "::ffff:192.0.2.7", "network:192.0.2.7" },
		{ "2001:db8:1:2:3:4:5:6", "network:2001:db8:1:2::/64" },
		{ "2001:db8:1:2::9", "network:2001:db8:1:2::/64" },
		{ "not an address", "network:unknown" },
		{ "", "network:unknown" },
	};
	struct throttle_keys k;
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		throttle_keys("ada", cases[i][0], &k);
		assert_string_equal(k.network, cases[i][1]);
	}
	throttle_keys("ada", NULL, &k);
	assert_string_equal(k.network, "network:unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_job_comes_back_once_with_its_answer),
		cmocka_unit_test(a_weak_hash_is_replaced_by_a_strong_one),
		cmocka_unit_test(a_full_pool_refuses_at_once),
		cmocka_unit_test(one_account_has_one_key),
		cmocka_unit_test(one_network_has_one_key),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
