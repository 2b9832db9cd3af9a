#pragma once
/*
 * The three pipes that ansible-playbook writes into: its output, its errors, and
 * what the plug-in says. What comes out of them is masked, cut into lines and
 * written to the spool.
 */
#include "lines.h"
#include "mask.h"
#include "spool.h"

enum { OUT, ERR, EVENTS, N_STREAMS };

struct streams;

struct stream {
	struct streams *all;
	const char *name;
	int fd; /* our end; -1: closed */
	struct lines lines;
	struct mask_stream mask;
};

struct streams {
	struct spool *spool;
	int tasks; /* begun so far */
	struct stream at[N_STREAMS];
};

/* Makes the pipes; their other ends, for the child, in @ends. 0 or -1 (errno). */
int streams_open(struct streams *all, struct spool *spool, const struct mask *mask,
                 int ends[N_STREAMS]);
void streams_release(struct streams *all);
/* Reads what is there, at most @most chunks of 64 KiB. */
void stream_read(struct stream *s, int most);
/* What was begun is ended: half a line is a line. */
void stream_close(struct stream *s);
