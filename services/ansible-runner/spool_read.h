#pragma once
/*
 * Reads a spool (supervisor/spool.h) as it grows
 *
 * Bytes may come in any pieces. A record that cannot be read, or is longer than
 * any can be, is reported as SPOOL_GARBLED once and skipped up to the next line.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum spool_kind {
	SPOOL_LINE,
	SPOOL_STARTED,
	SPOOL_TASK,
	SPOOL_RESULT,
	SPOOL_STATS,
	SPOOL_END,
	SPOOL_GARBLED
};

struct spool_record {
	enum spool_kind kind;
	int64_t at;  /* ms */
	char stream; /* LINE: o, e, s */
	int task;
	const char *text; /* LINE, TASK, RESULT, END */
	size_t len;
	const char *state;  /* RESULT */
	const char *reason; /* END */
	int exit;
	int64_t count[5]; /* STATS: ok, changed, failed, unreachable, skipped */
};

struct spool_reader {
	int64_t offset; /* in the file, of the first byte that is not in a record given out */
	char *data;
	size_t n, room, done;
	bool skipping;
	json_t *json; /* the strings of the record given out last */
};

void spool_reader_init(struct spool_reader *r, int64_t offset);
void spool_reader_release(struct spool_reader *r);
void spool_feed(struct spool_reader *r, const void *data, size_t len);
/* Where in the file the next bytes to feed are. */
int64_t spool_wants(const struct spool_reader *r);
/* false: no whole record is there. *ret lives until the next call. */
bool spool_next(struct spool_reader *r, struct spool_record *ret);
