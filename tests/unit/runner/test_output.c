/* What a run prints: secrets are masked and lines are cut the same way however the bytes arrive. */
#include "../unit.h"
#include "buf.h"
#include "lines.h"
#include "mask.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SECRET[] = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB";

static void into_buf(void *arg, const char *data, size_t len)
{
	buf_add(arg, data, len);
}

/* Feeds @text in pieces; @seed 0: all at once. */
static char *masked(const struct mask *m, const char *text, size_t len, unsigned seed)
{
	struct buf out;
	struct mask_stream s = { .mask = m, .out = into_buf, .arg = &out };

	buf_init(&out, 1 << 20);
	srand(seed);
	for (size_t i = 0; i < len;) {
		size_t n = seed ? (size_t)(rand() % 7) + 1 : len;

		n = n > len - i ? len - i : n;
		mask_feed(&s, text + i, n);
		i += n;
	}
	mask_end(&s);
	mask_stream_release(&s);
	buf_add(&out, "", 0);
	return out.data ? out.data : calloc(1, 1);
}

static void a_secret_is_masked_wherever_it_is_cut(void **state)
{
	struct mask *m = mask_new();
	char text[400];
	(void)state;

	assert_true(mask_add(m, SECRET, strlen(SECRET)));
	snprintf(text, sizeof(text), "before b3Bl %s%s after %.20s\n", SECRET, SECRET, SECRET);
	for (size_t cut = 0; cut <= strlen(text); cut++) {
		struct buf out;
		struct mask_stream s = { .mask = m, .out = into_buf, .arg = &out };

		buf_init(&out, 1000);
		mask_feed(&s, text, cut);
		mask_feed(&s, text + cut, strlen(text) - cut);
		mask_end(&s);
		assert_string_equal(out.data,
		                    "before b3Bl **************** after b3BlbnNzaC1rZXktdjEA\n");
		mask_stream_release(&s);
		buf_release(&out);
	}
	mask_free(m);
}

static void the_longest_secret_wins_in_any_chunking(void **state)
{
	static const char *const secrets[] = { "password", "password-of-the-database",
		                               "word-of-the-day", "aaaaaaaa", "aaaaaaaaab" };
	static const char text[] = "password password-of-the-data password-of-the-database "
	                           "aaaaaaaaaaaaaaaaaab aaaaaaa word-of-the-day\n"
				   "passwordpasswordword-of-the-da";
	struct mask *m = mask_new();
	char *whole;
	(void)state;

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		assert_true(mask_add(m, secrets[i], strlen(secrets[i])));
	whole = masked(m, text, strlen(text), 0);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		assert_null(strstr(whole, secrets[i]));
	for (unsigned seed = 1; seed < 500; seed++) {
		char *other = masked(m, text, strlen(text), seed);

		assert_string_equal(other, whole);
		free(other);
	}
	free(whole);
	mask_free(m);
}

static void each_line_of_a_key_is_a_secret_of_its_own(void **state)
{
	static const char key[] = "-----BEGIN OPENSSH PRIVATE "
	                          "KEY-----\nAAAABBBBCCCCDDDD\r\nEEEEFFFFGGGGHHHH\nshort\n-----END "
	                          "OPENSSH PRIVATE KEY-----\n";
	struct mask *m = mask_new();
	char *out;
	(void)state;

	mask_add_lines(m, key);
	out = masked(m, key, strlen(key), 3);
	assert_string_equal(
		out, "-----BEGIN OPENSSH PRIVATE KEY-----\n********\r\n********\nshort\n-----END "
	             "OPENSSH PRIVATE KEY-----\n");
	free(out);
	assert_false(mask_add(m, "short", 5));
	mask_free(m);
}

/* ---- lines ---------------------------------------------------------------------------------- */

struct seen {
	size_t n, longest;
	struct buf all; /* lines, each ended by | */
};

static void on_line(void *arg, const char *text, size_t len)
{
	struct seen *s = arg;

	s->n++;
	s->longest = len > s->longest ? len : s->longest;
	buf_add(&s->all, text, len);
	buf_str(&s->all, "|");
}

static void cut(struct seen *s, const char *text, size_t len, unsigned seed)
{
	struct lines l = { .on_line = on_line, .arg = s };

	*s = (struct seen){ 0 };
	buf_init(&s->all, 1 << 22);
	srand(seed);
	for (size_t i = 0; i < len;) {
		size_t n = seed ? (size_t)rand() % 40000 + 1 : len;

		n = n > len - i ? len - i : n;
		lines_feed(&l, text + i, n);
		i += n;
	}
	lines_end(&l);
	lines_release(&l);
}

static void lines_end_where_they_end(void **state)
{
	static const char text[] = "one\r\n\ntwo\rstill two\nthree";
	struct seen s;
	(void)state;

	cut(&s, text, strlen(text), 0);
	assert_string_equal(s.all.data, "one||two\rstill two|three|");
	buf_release(&s.all);
	cut(&s, "a\0b\n", 4, 0);
	assert_string_equal(s.all.data, "a\xff"
	                                "b|");
	buf_release(&s.all);
}

/* A line of 200,000 characters of two bytes each is cut, never inside a character, and the same way
 * each time. */
static void long_lines_are_cut_between_characters(void **state)
{
	size_t len = 400003;
	char *text = malloc(len);
	struct seen whole, s;
	(void)state;

	text[0] = 'x'; /* so that the limit falls into a character */
	for (size_t i = 1; i < len - 2; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	memcpy(text + len - 2, "y\n", 2);
	cut(&whole, text, len, 0);
	assert_int_equal(whole.n, 7);
	assert_true(whole.longest <= LINES_LONGEST && whole.longest > LINES_LONGEST - 4);
	for (const char *p = whole.all.data; (p = strchr(p, '|')); p++)
		assert_true(p[1] == '\0' || p[1] == '\xc3');
	for (unsigned seed = 1; seed < 30; seed++) {
		cut(&s, text, len, seed);
		assert_string_equal(s.all.data, whole.all.data);
		buf_release(&s.all);
	}
	buf_release(&whole.all);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_masked_wherever_it_is_cut),
		cmocka_unit_test(the_longest_secret_wins_in_any_chunking),
		cmocka_unit_test(each_line_of_a_key_is_a_secret_of_its_own),
		cmocka_unit_test(lines_end_where_they_end),
		cmocka_unit_test(long_lines_are_cut_between_characters),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
