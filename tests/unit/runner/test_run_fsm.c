/* The life of a run, walked: every state is reached, every state but the final ones is left. */
#include "../unit.h"
#include "run_fsm.h"

#include <string.h>

static const char *const working[] = { "queued", "waiting_lock", "starting", "running",
	                               "cancelling" };
static const char *const final[] = { "succeeded", "failed", "cancelled", "timed_out", "lost" };

static void every_state_is_reached(void **state)
{
	(void)state;

	for (size_t i = 1; i < 10; i++) { /* a run is made queued */
		const char *name = i < 5 ? working[i] : final[i - 5];
		bool reached = false;

		for (const struct run_transition *t = run_fsm; t->from; t++)
			reached |= !strcmp(t->to, name);
		assert_true(reached);
	}
}

static void only_final_states_are_never_left(void **state)
{
	(void)state;

	for (size_t i = 0; i < 5; i++) {
		assert_false(run_is_final(working[i]));
		assert_true(run_is_final(final[i]));
	}
}

static void each_event_leads_to_one_state(void **state)
{
	(void)state;

	for (const struct run_transition *t = run_fsm; t->from; t++) {
		assert_ptr_equal(run_next(t->from, t->event), t);
		assert_true(strlen(t->why) > 10);
	}
	for (size_t i = 0; i < 5; i++)
		for (int e = RUN_CLAIMED; e <= RUN_GONE; e++)
			assert_null(run_next(final[i], (enum run_event)e));
}

/* Whatever state it is in, somebody who wants it to end is heard, or it is ending already. */
static void every_working_state_can_be_cancelled(void **state)
{
	(void)state;

	for (size_t i = 0; i < 4; i++)
		assert_non_null(run_next(working[i], RUN_CANCEL));
	assert_non_null(run_next("cancelling", RUN_STOPPED));
	assert_non_null(run_next("cancelling", RUN_GONE));
}

/* What may have touched a server never goes back to what may begin. */
static void nothing_is_run_twice(void **state)
{
	(void)state;

	for (const struct run_transition *t = run_fsm; t->from; t++)
		if (!strcmp(t->from, "running") || !strcmp(t->from, "cancelling"))
			assert_true(run_is_final(t->to) || !strcmp(t->to, "cancelling"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_is_reached),
		cmocka_unit_test(only_final_states_are_never_left),
		cmocka_unit_test(each_event_leads_to_one_state),
		cmocka_unit_test(every_working_state_can_be_cancelled),
		cmocka_unit_test(nothing_is_run_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
