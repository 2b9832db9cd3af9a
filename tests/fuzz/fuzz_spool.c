/*
 * The road of a run's output: bytes through the masker, into lines, into the spool, and out of the
 * spool again. However the bytes are chopped: no secret survives, the lines are the same, and every
 * record can be read. The reader also gets the bytes as they are: it must not believe anything.
 */
#include "services/ansible-runner/spool_read.h"

#include "services/ansible-runner/spool_read.c"
#include "services/ansible-runner/supervisor/events.c"
#include "services/ansible-runner/supervisor/lines.c"
#include "services/ansible-runner/supervisor/mask.c"
#include "services/ansible-runner/supervisor/spool.c"

#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define SECRET "AAAABBBBCCCC"

struct road {
	struct spool spool;
	struct lines lines;
	struct mask_stream mask;
	int tasks;
	size_t n;
};

static void give_line(void *arg, const char *text, size_t len)
{
	struct road *r = arg;

	if (memmem(text, len, SECRET, strlen(SECRET)))
		abort();
	r->n++;
	output_line(&r->spool, "out", text, len, &r->tasks);
	event_line(&r->spool, text, len);
}

static void give_bytes(void *arg, const char *data, size_t len)
{
	struct road *r = arg;

	lines_feed(&r->lines, data, len);
}

static void travel(struct road *r, const struct mask *m, const uint8_t *data, size_t len,
                   size_t step)
{
	*r = (struct road){ .spool = { .fd = -1, .limit = SPOOL_OUTPUT_MAX } };
	buf_init(&r->spool.out, 1 << 22);
	r->lines = (struct lines){ .on_line = give_line, .arg = r };
	r->mask = (struct mask_stream){ .mask = m, .out = give_bytes, .arg = r };
	for (size_t i = 0; i < len; i += step)
		mask_feed(&r->mask, (const char *)data + i, len - i < step ? len - i : step);
	mask_end(&r->mask);
	lines_end(&r->lines);
	mask_stream_release(&r->mask);
	lines_release(&r->lines);
}

/* Every record that was written is read; how many of them are lines? */
static size_t read_back(const struct buf *spool)
{
	struct spool_reader r;
	struct spool_record rec;
	size_t n = 0;

	spool_reader_init(&r, 0);
	for (size_t i = 0; i < spool->len; i += 97) {
		spool_feed(&r, spool->data + i, spool->len - i < 97 ? spool->len - i : 97);
		while (spool_next(&r, &rec)) {
			if (rec.kind == SPOOL_GARBLED)
				abort();
			n += rec.kind == SPOOL_LINE;
		}
	}
	if (r.offset != (int64_t)spool->len)
		abort();
	spool_reader_release(&r);
	return n;
}

static void read_foreign(const uint8_t *data, size_t len)
{
	struct spool_reader r;
	struct spool_record rec;

	spool_reader_init(&r, 0);
	spool_feed(&r, data, len);
	while (spool_next(&r, &rec))
		if (rec.text && strlen(rec.text) != rec.len)
			abort();
	spool_reader_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct mask *m;
	struct road whole, pieces;

	if (!m) {
		if (sodium_init() < 0)
			abort();
		m = mask_new();
		mask_add(m, SECRET, strlen(SECRET));
		mask_add(m, SECRET "DDDD", strlen(SECRET "DDDD"));
	}
	travel(&whole, m, data, len, len ? len : 1);
	travel(&pieces, m, data, len, len ? 1 + data[0] % 13 : 1);
	if (whole.n != pieces.n || read_back(&whole.spool.out) != whole.n ||
	    read_back(&pieces.spool.out) != whole.n)
		abort();
	buf_release(&whole.spool.out);
	buf_release(&pieces.spool.out);
	read_foreign(data, len);
	return 0;
}
