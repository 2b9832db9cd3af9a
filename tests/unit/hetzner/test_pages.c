/* Lists that come page by page, and servers that never come to the last one. */
#include "../unit.h"
#include "pages.h"

/* A page of ids @first … @first + n - 1. */
static json_t *a_page(int64_t first, int n)
{
	json_t *list = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:I}", "id", (json_int_t)(first + i)));
	return json_pack("{s:{s:{}}, s:o}", "meta", "pagination", "servers", list);
}

static int turn(struct pages *p, int64_t first, int n, int64_t next)
{
	json_t *root = a_page(first, n);
	int r = pages_turn(p, root, next);

	json_decref(root);
	return r;
}

static void a_list_is_read_to_its_end(void **state)
{
	struct pages p;
	(void)state;

	pages_start(&p);
	for (int64_t page = 1; page < 40; page++) {
		assert_int_equal(p.page, page);
		assert_int_equal(turn(&p, page * 50, 50, page + 1), 0);
	}
	assert_int_equal(turn(&p, 9000, 3, 0), 0);
	assert_int_equal(p.page, 0);
}

static void an_empty_list_and_what_is_no_list_end_at_once(void **state)
{
	json_t *pricing = json_pack("{s:{s:s}}", "pricing", "currency", "EUR");
	struct pages p;
	(void)state;

	pages_start(&p);
	assert_int_equal(turn(&p, 1, 0, 0), 0);
	assert_int_equal(p.page, 0);
	pages_start(&p);
	assert_int_equal(pages_turn(&p, pricing, 0), 0);
	assert_int_equal(p.page, 0);
	json_decref(pricing);
}

static void the_next_page_is_the_next_one_and_no_other(void **state)
{
	static const int64_t wrong[] = { 1, 2, 4, 10001, INT64_MAX };
	(void)state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct pages p = { .page = 2, .mark = 1 };

		assert_int_equal(turn(&p, 50, 50, wrong[i]), ANSWER_E_BAD);
	}
}

/* How many pages of a circle of @length pages are read until it is noticed. */
static int64_t read_circle(int64_t length)
{
	struct pages p;

	pages_start(&p);
	while (!turn(&p, 1 + (p.page - 1) % length * 50, 50, p.page + 1))
		assert_true(p.page < PAGES_MAX);
	return p.page;
}

static void a_server_that_goes_round_in_circles_is_noticed(void **state)
{
	(void)state;
	assert_int_equal(read_circle(1), 2);
	for (int64_t length = 1; length < 300; length++)
		assert_in_range(read_circle(length), length + 1, 3 * length + 1);
}

static void a_server_that_invents_ids_for_ever_is_given_up(void **state)
{
	int64_t asked = 0;
	struct pages p;
	(void)state;

	pages_start(&p);
	do
		asked++;
	while (!turn(&p, p.page * 50, 50, p.page + 1));
	assert_int_equal(asked, PAGES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_read_to_its_end),
		cmocka_unit_test(an_empty_list_and_what_is_no_list_end_at_once),
		cmocka_unit_test(the_next_page_is_the_next_one_and_no_other),
		cmocka_unit_test(a_server_that_goes_round_in_circles_is_noticed),
		cmocka_unit_test(a_server_that_invents_ids_for_ever_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
