#pragma once
/*
 * The spool: what a supervisor leaves for the service
 *
 * An append-only file of lines of JSON. The supervisor writes it whether anybody
 * reads or not; the service reads it as it grows and remembers, in the database,
 * up to which byte it has. So either may die at any time and no line of the log
 * is lost or doubled.
 *
 *   {"seq":7,"at":MS,"stream":"out|err|system","task":3,"text":"…"}       a line of the log
 *   {"event":"started","at":MS}                                         ansible-playbook runs
 *   {"event":"task","at":MS,"task":3,"text":"name"}                     a task begins
 *   {"event":"result","at":MS,"task":3,"state":"changed","text":"…"}    its result on a host
 *   {"event":"stats","at":MS,"ok":5,"changed":2,"failed":0,"unreachable":0,"skipped":1}
 *   {"event":"end","at":MS,"exit":0,"reason":"…","text":"…"}            the last one
 *
 * seq counts the lines of this file from 1. A line without its \n is not finished
 * yet. After "end" nothing follows. reason: "" for an ordinary end, "cancelled",
 * "timeout", "setup" (text says what) or "disk_full".
 */
#include "buf.h"

#include <stdint.h>

#define SPOOL_RECORD_MAX (512 * 1024)       /* a line of 64 KiB, escaped at its worst, fits */
#define SPOOL_OUTPUT_MAX (50 * 1000 * 1000) /* bytes of text kept; then one line says so */

struct spool {
	int fd;
	int64_t seq, bytes, limit;
	int task;    /* that the next lines belong to */
	bool broken; /* could not be written: the disk is full */
	struct buf out;
};

/* Creates @name; it must not exist yet, so that no run is begun twice. 0 or -errno. */
int spool_create(struct spool *s, int dirfd, const char *name, int64_t limit);
void spool_line(struct spool *s, const char *stream, const char *text, size_t len);
void spool_say(struct spool *s, const char *text); /* a line of stream "system" */
void spool_started(struct spool *s);
void spool_task(struct spool *s, int task, const char *name);
void spool_result(struct spool *s, int task, const char *state, const char *text);
void spool_stats(struct spool *s,
                 const int64_t count[5]); /* ok, changed, failed, unreachable, skipped */
void spool_end(struct spool *s, int exit, const char *reason, const char *text);
/* Writes what has been gathered. */
void spool_flush(struct spool *s);
/* Flushes, makes it durable, closes. */
void spool_close(struct spool *s);
