/* The steps of provisioning, against the list that the API and the other services rely on. */
#include "../unit.h"
#include "saga_steps.h"

#include <string.h>

static const struct {
	const char *name;
	int progress;
	enum svc owner;
} expected[] = {
	{ "validate", 5, SVC_WORKFLOW },
	{ "reserve_name", 10, SVC_WORKFLOW },
	{ "ssh_key", 15, SVC_HETZNER },
	{ "create_server", 25, SVC_HETZNER },
	{ "await_action", 45, SVC_HETZNER },
	{ "await_running", 55, SVC_HETZNER },
	{ "record_address", 60, SVC_HETZNER },
	{ "dns", 70, SVC_WORKFLOW },
	{ "ssh", 80, SVC_RUNNER },
	{ "baseline", 95, SVC_RUNNER },
	{ "finish", 100, SVC_WORKFLOW },
};

static void steps_are_those_others_report(void **state)
{
	size_t n = 0;
	(void)state;

	for (const struct saga_step *s = saga_steps; s->name; s++, n++) {
		assert_true(n < sizeof(expected) / sizeof(expected[0]));
		assert_string_equal(s->name, expected[n].name);
		assert_int_equal(s->progress, expected[n].progress);
		assert_int_equal(s->owner, expected[n].owner);
		assert_ptr_equal(saga_step(s->name), s);
	}
	assert_int_equal(n, sizeof(expected) / sizeof(expected[0]));
	assert_null(saga_step("no_such_step"));
	assert_null(saga_step(saga_undo_step.name)); /* never taken for a step forward */
}

/* They travel as elements of an array literal and as a field of step.progress. */
static void names_and_labels_fit_where_they_travel(void **state)
{
	(void)state;
	for (const struct saga_step *s = saga_steps; s->name; s++) {
		const struct step_progress m = { .op = "01890a5d-ac96-774b-bcce-b302099a8057",
			                         .request = 1,
			                         .attempt = 1,
			                         .step = s->name,
			                         .state = "done" };

		assert_int_equal(rec_check(&step_progress_def, &m, NULL), 0);
		assert_null(strpbrk(s->label, "\"\\{}"));
		assert_true(s->label[0] != '\0');
	}
}

static void every_step_can_be_done_and_has_a_limit(void **state)
{
	(void)state;
	for (const struct saga_step *s = saga_steps; s->name; s++) {
		assert_non_null(s->go);
		assert_true(s->limit_s > 0);
	}
	assert_true(saga_undo_step.limit_s > 0);
	assert_int_equal(saga_undo_step.progress,
	                 0); /* what tells it from steps forward in the database */
}

/* A command makes an owner work through all its steps in a row: they must stand together. */
static void steps_of_another_service_stand_together(void **state)
{
	unsigned left = 0;
	(void)state;

	for (const struct saga_step *s = saga_steps; s->name; s++) {
		if (s != saga_steps && s[-1].owner != s->owner)
			left |= s[-1].owner;
		if (s->owner != SVC_WORKFLOW && (left & s->owner))
			fail_msg("%s: its owner had ended already", s->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_those_others_report),
		cmocka_unit_test(names_and_labels_fit_where_they_travel),
		cmocka_unit_test(every_step_can_be_done_and_has_a_limit),
		cmocka_unit_test(steps_of_another_service_stand_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
