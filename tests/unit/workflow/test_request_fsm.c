/* The life of a request: the table against a list that somebody wrote from the rules, not from it.
 */
#include "../unit.h"
#include "request_fsm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* DOMAIN rules R1 to R13 without the later ones, as words. What is not here must be refused. */
static const char *const legal[][3] = {
	{ "none", "submit", "pending" },          { "pending", "cancel", "cancelled" },
	{ "pending", "reject", "rejected" },      { "pending", "approve", "approved" },
	{ "approved", "provision", "deploying" }, { "approved", "cancel", "cancelled" },
	{ "deploying", "step", "deploying" },     { "deploying", "finish", "deployed" },
	{ "deploying", "fail", "failed" },        { "deploying", "cancel", "cancelled" },
	{ "deploying", "abort", "failed" },       { "failed", "retry", "deploying" },
	{ "failed", "roll_back", "failed" },      { "failed", "undone", "cancelled" },
	{ "failed", "undo_failed", "failed" },
};
#define N_LEGAL (sizeof(legal) / sizeof(legal[0]))

static const char *expected(enum request_state s, enum request_event e)
{
	for (size_t i = 0; i < N_LEGAL; i++)
		if (!strcmp(legal[i][0], request_state_name(s)) &&
		    !strcmp(legal[i][1], request_event_name(e)))
			return legal[i][2];
	return NULL;
}

static void every_pair_does_what_the_rules_say(void **state)
{
	size_t found = 0;
	(void)state;

	for (enum request_state s = 0; s < RS_COUNT; s++)
		for (enum request_event e = 0; e < RE_COUNT; e++) {
			const struct request_transition *t = request_transition(s, e);
			const char *to = expected(s, e);

			if (!to != !t)
				fail_msg("%s + %s: expected %s", request_state_name(s),
				         request_event_name(e), to ? to : "a refusal");
			if (t)
				assert_string_equal(request_state_name(t->to), to);
			found += t != NULL;
		}
	assert_int_equal(found, N_LEGAL);
}

static void no_pair_stands_twice(void **state)
{
	(void)state;
	for (const struct request_transition *a = request_transitions; a->rule; a++)
		for (const struct request_transition *b = a + 1; b->rule; b++)
			if (a->from == b->from && a->event == b->event)
				fail_msg("%s + %s stands twice", request_state_name(a->from),
				         request_event_name(a->event));
}

static void only_final_states_have_no_way_out(void **state)
{
	(void)state;
	for (enum request_state s = RS_PENDING; s < RS_COUNT; s++) {
		bool out = false;

		for (const struct request_transition *t = request_transitions; t->rule; t++)
			out |= t->from == s && t->to != s;
		if (out == request_state_terminal(s))
			fail_msg("%s %s", request_state_name(s),
			         out ? "is final but can be left" : "cannot be left");
	}
}

static void every_state_is_reached_and_can_come_to_an_end(void **state)
{
	bool reached[RS_COUNT] = { [RS_NONE] = true };
	bool ends[RS_COUNT] = { [RS_DEPLOYED] = true, [RS_REJECTED] = true, [RS_CANCELLED] = true };
	(void)state;

	for (int turn = 0; turn < RS_COUNT; turn++)
		for (const struct request_transition *t = request_transitions; t->rule; t++) {
			reached[t->to] |= reached[t->from];
			ends[t->from] |= ends[t->to];
		}
	for (enum request_state s = 0; s < RS_COUNT; s++)
		if (!reached[s] || !ends[s])
			fail_msg("%s is %s", request_state_name(s),
			         reached[s] ? "without an end" : "never reached");
}

static void money_is_moved_on_every_way_it_must_be(void **state)
{
	(void)state;
	for (const struct request_transition *t = request_transitions; t->rule; t++) {
		bool reserved =
			t->from == RS_APPROVED || t->from == RS_DEPLOYING || t->from == RS_FAILED;
		bool must = t->event == RE_APPROVE || t->to == RS_DEPLOYED ||
		            (reserved && t->to == RS_CANCELLED);

		if (must != (t->action != NULL))
			fail_msg("%s %s: money", t->rule, request_event_name(t->event));
	}
}

static void names_lead_back_to_their_states(void **state)
{
	(void)state;
	for (enum request_state s = RS_PENDING; s < RS_COUNT; s++)
		assert_int_equal(request_state_of(request_state_name(s)), s);
	assert_int_equal(request_state_of("no such state"), RS_NONE);
	for (enum request_event e = 0; e < RE_COUNT; e++)
		assert_non_null(request_event_name(e));
}

static void the_graph_shows_every_transition(void **state)
{
	char *text = NULL, line[120];
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	(void)state;

	assert_non_null(out);
	request_fsm_print(out);
	fclose(out);
	for (size_t i = 0; i < N_LEGAL; i++) {
		snprintf(line, sizeof(line), "\t%s -> %s [label=\"R", legal[i][0], legal[i][2]);
		assert_non_null(strstr(text, line));
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_does_what_the_rules_say),
		cmocka_unit_test(no_pair_stands_twice),
		cmocka_unit_test(only_final_states_have_no_way_out),
		cmocka_unit_test(every_state_is_reached_and_can_come_to_an_end),
		cmocka_unit_test(money_is_moved_on_every_way_it_must_be),
		cmocka_unit_test(names_lead_back_to_their_states),
		cmocka_unit_test(the_graph_shows_every_transition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
