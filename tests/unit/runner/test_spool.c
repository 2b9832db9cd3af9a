/* The spool: what the supervisor writes is what the service reads, and nothing else gets through.
 */
#include "../unit.h"
#include "events.h"
#include "lines.h"
#include "spool_read.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
	char dir[40], path[60];
	struct spool spool;
};

static void begin(struct file *f, int64_t limit)
{
	int dir;

	strcpy(f->dir, "/tmp/sps-spool-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/spool", f->dir);
	dir = open(f->dir, O_DIRECTORY);
	assert_int_equal(spool_create(&f->spool, dir, "spool", limit), 0);
	close(dir);
}

/* Closes it and gives out what is in it. */
static char *written(struct file *f, size_t *ret_len)
{
	char *text;
	struct stat st;
	int fd;

	spool_close(&f->spool);
	fd = open(f->path, O_RDONLY);
	assert_int_equal(fstat(fd, &st), 0);
	text = calloc(1, (size_t)st.st_size + 1);
	assert_int_equal(read(fd, text, (size_t)st.st_size), st.st_size);
	close(fd);
	unlink(f->path);
	rmdir(f->dir);
	*ret_len = (size_t)st.st_size;
	return text;
}

/* All records in one line of text each. */
static char *told(const char *text, size_t len, unsigned seed)
{
	struct spool_reader r;
	struct spool_record rec;
	struct buf out;

	buf_init(&out, 1 << 22);
	spool_reader_init(&r, 0);
	srand(seed);
	for (size_t i = 0; i < len;) {
		size_t n = seed ? (size_t)rand() % 200 + 1 : len;

		n = n > len - i ? len - i : n;
		spool_feed(&r, text + i, n);
		i += n;
		assert_int_equal(spool_wants(&r), i);
		while (spool_next(&r, &rec))
			buf_fmt(&out, "%d %c %d %d %s %s %.40s %zu\n", rec.kind,
			        rec.stream ? rec.stream : '-', rec.task, rec.exit,
			        rec.state ? rec.state : "-", rec.reason ? rec.reason : "-",
			        rec.text ? rec.text : "", rec.len);
	}
	spool_reader_release(&r);
	return out.data ? out.data : strdup("");
}

static void what_is_written_is_read(void **state)
{
	const int64_t stats[5] = { 5, 2, 0, 0, 1 };
	struct file f;
	size_t len;
	char *text, *out;
	int tasks = 0;
	(void)state;

	begin(&f, 1000000);
	spool_started(&f.spool);
	output_line(&f.spool, "out", "PLAY [all] ****", 15, &tasks);
	output_line(&f.spool, "out", "TASK [one] ****", 15, &tasks);
	output_line(&f.spool, "err", "TASK [not a task]", 17, &tasks);
	event_line(&f.spool, "{\"event\":\"task\",\"task\":1,\"name\":\"one\"}", 38);
	event_line(&f.spool,
	           "{\"event\":\"result\",\"task\":1,\"host\":\"h\",\"state\":\"changed\","
	           "\"message\":\"\"}",
	           69);
	output_line(&f.spool, "out", "changed: [h] \"\\\xff\x1b[0m", 20, &tasks);
	output_line(&f.spool, "out", "PLAY RECAP ***", 14, &tasks);
	spool_stats(&f.spool, stats);
	spool_end(&f.spool, 2, "", "");
	text = written(&f, &len);
	out = told(text, len, 0);
	assert_string_equal(out, "1 - 0 0 - -  0\n"
	                         "0 o 0 0 - - PLAY [all] **** 15\n"
	                         "0 o 1 0 - - TASK [one] **** 15\n"
	                         "0 e 1 0 - - TASK [not a task] 17\n"
	                         "2 - 1 0 - - one 3\n"
	                         "3 - 1 0 changed -  0\n"
	                         "0 o 1 0 - - changed: [h] \"\\\xef\xbf\xbd\x1b[0m 22\n"
	                         "0 o 0 0 - - PLAY RECAP *** 14\n"
	                         "4 - 0 0 - -  0\n"
	                         "5 - 0 2 -   0\n");
	for (unsigned seed = 1; seed < 200; seed++) {
		char *other = told(text, len, seed);

		assert_string_equal(other, out);
		free(other);
	}
	free(out);
	free(text);
}

static void the_longest_line_at_its_worst_fits_into_a_record(void **state)
{
	char *line = malloc(LINES_LONGEST), *text, *out, want[100];
	struct file f;
	size_t len;
	(void)state;

	memset(line, 1, LINES_LONGEST); /* six bytes each when escaped */
	begin(&f, 10000000);
	spool_line(&f.spool, "out", line, LINES_LONGEST);
	text = written(&f, &len);
	out = told(text, len, 7);
	snprintf(want, sizeof(want), "0 o 0 0 - - %.40s %d\n", line, LINES_LONGEST);
	assert_string_equal(out, want);
	free(out);
	free(text);
	free(line);
}

static void too_much_output_is_cut_with_one_line_that_says_so(void **state)
{
	struct file f;
	size_t len, n = 0;
	char *text, *out;
	(void)state;

	begin(&f, 1000);
	for (int i = 0; i < 500; i++)
		spool_line(&f.spool, "out", "0123456789", 10);
	spool_end(&f.spool, 0, "", "");
	text = written(&f, &len);
	out = told(text, len, 0);
	for (const char *p = out; (p = strstr(p, "0123456789")); p++)
		n++;
	assert_int_equal(n, 90); /* eleven bytes each with their line end */
	assert_non_null(strstr(out, "0 s 0 0 - - The output is longer"));
	free(out);
	free(text);
}

static void half_a_record_is_waited_for_and_broken_ones_are_reported(void **state)
{
	static const char *const broken[] = {
		"{\"seq\":1}\n",
		"not json\n",
		"{\"seq\":1,\"at\":1,\"stream\":\"out\",\"task\":0,\"text\":\"x\",\"more\":1}\n",
		"{\"seq\":0,\"at\":1,\"stream\":\"out\",\"task\":0,\"text\":\"x\"}\n",
		"{\"seq\":1,\"at\":1,\"stream\":\"elsewhere\",\"task\":0,\"text\":\"x\"}\n",
		"{\"seq\":1,\"at\":99999999999999999,\"stream\":\"out\",\"task\":0,\"text\":\"x\"}"
		"\n",
		"{\"seq\":1,\"at\":1,\"stream\":\"out\",\"task\":0,\"text\":\"a\\u0000b\"}\n",
		"{\"seq\":1,\"at\":1,\"stream\":\"out\",\"task\":0,\"text\":\"\xff\"}\n",
		"{\"event\":\"task\",\"at\":1,\"task\":0,\"text\":\"x\"}\n",
		"{\"event\":\"result\",\"at\":1,\"task\":1,\"state\":\"splendid\",\"text\":\"x\"}"
		"\n",
		"{\"event\":\"stats\",\"at\":1,\"ok\":-1,\"changed\":0,\"failed\":0,"
		"\"unreachable\":0,\"skipped\":0}\n",
		"{\"event\":\"end\",\"at\":1}\n",
		"{\"event\":\"surprise\",\"at\":1}\n",
	};
	char *out = told("{\"event\":\"started\",\"at\":1}", 26, 0);
	(void)state;

	assert_string_equal(out, "");
	free(out);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		char text[300];

		snprintf(text, sizeof(text), "%s{\"event\":\"started\",\"at\":1}\n", broken[i]);
		out = told(text, strlen(text), 5);
		assert_string_equal(out, "6 - 0 0 - -  0\n1 - 0 0 - -  0\n");
		free(out);
	}
}

static void a_record_without_end_is_skipped_in_bounded_memory(void **state)
{
	size_t len = 3 * SPOOL_RECORD_MAX;
	char *text = malloc(len + 100), *out;
	(void)state;

	memset(text, 'x', len);
	strcpy(text + len, "\n{\"event\":\"started\",\"at\":1}\n");
	out = told(text, len + strlen("\n{\"event\":\"started\",\"at\":1}\n"), 0);
	assert_string_equal(out, "6 - 0 0 - -  0\n1 - 0 0 - -  0\n");
	free(out);
	for (unsigned seed = 1; seed < 3; seed++) {
		struct spool_reader r;
		struct spool_record rec;
		size_t garbled = 0;

		spool_reader_init(&r, 0);
		for (size_t i = 0; i + 1000 <= len; i += 1000) {
			spool_feed(&r, text + i, 1000);
			while (spool_next(&r, &rec))
				garbled += rec.kind == SPOOL_GARBLED;
			assert_true(r.room < 4 * SPOOL_RECORD_MAX);
		}
		assert_int_equal(garbled, 1);
		spool_reader_release(&r);
	}
	free(text);
}

static void what_is_not_the_plugins_is_dropped(void **state)
{
	static const char *const foreign[] = {
		"",
		"{",
		"[]",
		"null",
		"{\"event\":\"end\",\"exit\":0}",
		"{\"event\":\"task\",\"task\":0,\"name\":\"x\"}",
		"{\"event\":\"task\",\"task\":99999999,\"name\":\"x\"}",
		"{\"event\":\"result\",\"task\":1,\"state\":\"root\",\"message\":\"\"}",
		"{\"event\":\"stats\",\"ok\":1}",
		"{\"event\":\"task\",\"task\":1,\"name\":\"a\",\"name\":\"b\"}",
	};
	struct file f;
	size_t len;
	char *text;
	(void)state;

	begin(&f, 1000000);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		event_line(&f.spool, foreign[i], strlen(foreign[i]));
	text = written(&f, &len);
	assert_string_equal(text, "");
	free(text);
}

static void a_spool_is_begun_only_once(void **state)
{
	struct file f;
	struct spool second;
	size_t len;
	int dir;
	(void)state;

	begin(&f, 1000);
	dir = open(f.dir, O_DIRECTORY);
	assert_int_equal(spool_create(&second, dir, "spool", 1000), -17 /* EEXIST */);
	close(dir);
	free(written(&f, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(the_longest_line_at_its_worst_fits_into_a_record),
		cmocka_unit_test(too_much_output_is_cut_with_one_line_that_says_so),
		cmocka_unit_test(half_a_record_is_waited_for_and_broken_ones_are_reported),
		cmocka_unit_test(a_record_without_end_is_skipped_in_bounded_memory),
		cmocka_unit_test(what_is_not_the_plugins_is_dropped),
		cmocka_unit_test(a_spool_is_begun_only_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
