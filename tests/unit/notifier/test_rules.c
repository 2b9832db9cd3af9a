/* The tables of the notifier, walked: sentences, rules, the life of a letter. */
#include "../unit.h"
#include "delivery_fsm.h"
#include "messages.h"
#include "rules.h"
#include "text.h"

#include <stdbool.h>
#include <string.h>

static void filled(const char *sentence, const char *name, const char *detail, const char *want)
{
	const struct text_var vars[] = { { "name", name }, { "detail", detail }, { 0 } };
	struct buf b;

	buf_init(&b, 1000);
	text_fill(&b, sentence, vars);
	assert_string_equal(b.data, want);
	buf_release(&b);
}

static void places_are_filled_and_empty_parts_left_out(void **state)
{
	(void)state;

	filled("The server {name}.[ Why: {detail}]", "web-1", "too big",
	       "The server web-1. Why: too big");
	filled("The server {name}.[ Why: {detail}]", "web-1", "", "The server web-1.");
	filled("The server {name}.[ Why: {detail}] End", "web-1", NULL, "The server web-1. End");
	filled("{name}{nobody}", "web-1", NULL, "web-1");
	filled("", "web-1", NULL, "");
}

static void values_are_never_looked_through_again(void **state)
{
	(void)state;

	filled("{name} {detail}", "{detail}", "[{name}]", "{detail} [{name}]");
}

static void broken_sentences_end_quietly(void **state)
{
	(void)state;

	filled("{name", "x", NULL, "x");
	filled("a [b {name}", "x", NULL, "a b x");
	filled("a ] b", "x", NULL, "a ] b");
}

/* Each event that reaches this service has a rule, and each rule an event. */
static void every_event_for_us_has_a_rule(void **state)
{
	size_t n = 0, events = 0;
	(void)state;

	for (const struct msg_def *const *m = message_defs; *m; m++) {
		if ((*m)->kind != MSG_EVENT || !((*m)->to & SVC_NOTIFIER))
			continue;
		assert_non_null(rule_find((*m)->type));
		events++;
	}
	for (const struct rule *r = rules; r->event; r++, n++) {
		assert_true(r->to != 0);
		assert_true(strlen(r->title) < 100);
	}
	assert_int_equal(n, events);
	assert_null(rule_find("request.unheard_of"));
}

/* Every state is reached, and every state but the final ones is left. */
static void the_life_of_a_letter_has_no_dead_ends(void **state)
{
	static const struct {
		const char *name;
		bool final;
	} states[] = {
		{ "waiting", false }, { "sending", false }, { "sent", true },
		{ "dead", true },     { "skipped", true },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		bool reached = i == 0, left = false;

		for (const struct letter_transition *t = letter_fsm; t->from; t++) {
			reached |= !strcmp(t->to, states[i].name);
			left |= !strcmp(t->from, states[i].name);
			assert_ptr_equal(letter_next(t->from, t->event), t); /* unique */
		}
		assert_true(reached);
		assert_int_equal(left, !states[i].final);
	}
	assert_null(letter_next("sent", LETTER_CLAIMED));
}

static void waits_grow_and_end(void **state)
{
	static const long want[] = { 10000, 60000, 300000, 1800000, 7200000, 21600000 };
	(void)state;

	for (int i = 0; i < 6; i++)
		assert_int_equal(letter_wait_ms(i + 1, 100), want[i]);
	assert_int_equal(letter_wait_ms(7, 100), -1);
	assert_int_equal(letter_wait_ms(1, 1), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_filled_and_empty_parts_left_out),
		cmocka_unit_test(values_are_never_looked_through_again),
		cmocka_unit_test(broken_sentences_end_quietly),
		cmocka_unit_test(every_event_for_us_has_a_rule),
		cmocka_unit_test(the_life_of_a_letter_has_no_dead_ends),
		cmocka_unit_test(waits_grow_and_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
