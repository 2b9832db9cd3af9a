/* Lines that may wait: none is lost, none overtakes another. */
#include "../unit.h"
#include "log.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int ends[2], before;

static int redirect(void **state)
{
	(void)state;
	log_init("test", "info");
	before = dup(STDERR_FILENO);
	return pipe(ends) || before < 0 || dup2(ends[1], STDERR_FILENO) < 0;
}

static int restore(void **state)
{
	(void)state;
	log_flush();
	dup2(before, STDERR_FILENO);
	close(before);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* What has been written until now, at most a pipe full. */
static const char *written(void)
{
	static char text[65536];
	ssize_t n;

	dprintf(ends[1], "|"); /* so that the read does not wait */
	n = read(ends[0], text, sizeof(text) - 1);
	assert_true(n > 0 && text[n - 1] == '|');
	text[n - 1] = '\0';
	return text;
}

static void test_waits_for_flush(void **state)
{
	(void)state;
	log_info_soon("one", LOG_I64("n", 1));
	assert_string_equal(written(), "");
	log_flush();
	assert_non_null(strstr(written(), "\"event\":\"one\",\"n\":1}\n"));
	log_flush();
	assert_string_equal(written(), "");
}

static void test_keeps_the_order(void **state)
{
	const char *text, *first;
	(void)state;

	log_info_soon("first");
	log_warn("second");
	text = written();
	first = strstr(text, "\"event\":\"first\"");
	assert_non_null(first);
	assert_non_null(strstr(first, "\"event\":\"second\""));
}

static void test_whole_lines_in_pieces_a_pipe_takes_at_once(void **state)
{
	char value[1500];
	const char *text;
	(void)state;

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < 3; i++)
		log_info_soon("long", LOG_STR("value", value));
	text = written(); /* two fit, the third made them leave */
	assert_in_range(strlen(text), 2 * 1500, PIPE_BUF);
	assert_int_equal(text[strlen(text) - 1], '\n');
	log_flush();
	assert_in_range(strlen(written()), 1500, 2000);
}

static void test_below_the_threshold(void **state)
{
	(void)state;
	log_line_soon(LOG_L_DEBUG, "quiet", LOG_KVS());
	log_flush();
	assert_string_equal(written(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_waits_for_flush, redirect, restore),
		cmocka_unit_test_setup_teardown(test_keeps_the_order, redirect, restore),
		cmocka_unit_test_setup_teardown(test_whole_lines_in_pieces_a_pipe_takes_at_once, redirect, restore),
		cmocka_unit_test_setup_teardown(test_below_the_threshold, redirect, restore),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
