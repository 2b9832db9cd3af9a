#pragma once
/*
 * Reading a supervisor's spool (supervisor/spool.h): from where we were, whole
 * records only. A record that cannot be read is skipped and counted; the log
 * goes on.
 */
#include "buf.h"

#include <stdbool.h>
#include <stdint.h>

#define SPOOL_READ_MAX (1 << 20)   /* bytes in one go */
#define SPOOL_RECORD_LONGEST (600 * 1024)

struct spool_news {
	struct buf lines, tasks, live; /* JSON arrays without their brackets; live as frames have them */
	int64_t n_lines, first_seq, last_seq, tasks_done, consumed, bad;
	bool started, ended, have_stats;
	int64_t stats[5]; /* ok, changed, failed, unreachable, skipped */
	int64_t exit_code;
	char reason[40], text[400];
};

void spool_news_release(struct spool_news *n);
/*
 * Takes whole records from @data, at most @len bytes, until @live would outgrow a
 * frame. n->consumed is how far it came: 0 when not even one record is whole.
 */
void spool_read(struct spool_news *n, const char *data, size_t len);
