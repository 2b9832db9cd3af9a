/* Nobody has more than his share, and what he gives back is there for him again. */
#include "unit.h"

#include "gw_tally.h"

#include <string.h>

static void one_more_than_allowed_is_refused(void **state)
{
	static struct gw_tally t;
	struct gw_tally_key ann = gw_tally_number(7), bob = gw_tally_number(8);
	(void)state;

	for (int i = 0; i < 3; i++)
		assert_true(gw_tally_enter(&t, ann, 3));
	assert_false(gw_tally_enter(&t, ann, 3));
	assert_true(gw_tally_enter(&t, bob, 3));
	gw_tally_leave(&t, ann);
	assert_true(gw_tally_enter(&t, ann, 3));
	assert_false(gw_tally_enter(&t, ann, 3));
	for (int i = 0; i < 3; i++)
		gw_tally_leave(&t, ann);
	gw_tally_leave(&t, bob);
}

/* The leak checker sees an entry that outlives its last one. */
static void whoever_has_nothing_takes_no_memory(void **state)
{
	static struct gw_tally t;
	(void)state;

	for (int64_t i = -5000; i < 5000; i++)
		assert_true(gw_tally_enter(&t, gw_tally_number(i), 1));
	for (int64_t i = -5000; i < 5000; i++)
		assert_false(gw_tally_enter(&t, gw_tally_number(i), 1));
	for (int64_t i = -5000; i < 5000; i++)
		gw_tally_leave(&t, gw_tally_number(i));
	for (unsigned i = 0; i < GW_TALLY_BUCKETS; i++)
		assert_true(LIST_EMPTY(&t.bucket[i]));
	gw_tally_leave(&t, gw_tally_number(1)); /* nobody's: nothing happens */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_more_than_allowed_is_refused),
		cmocka_unit_test(whoever_has_nothing_takes_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
