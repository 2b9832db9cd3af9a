#pragma once
/*
 * What the plug-in says, into the spool
 *
 * The plug-in lives inside ansible-playbook, so this is foreign input: each line
 * is read strictly, and one that is not what plugins/sps_events.py writes is dropped.
 */
#include "spool.h"

void event_line(struct spool *s, const char *text, size_t len);
/*
 * A line of ansible-playbook's own output: does it begin a task, or end the last one?
 * Then s->task changes before the line is written. The plug-in counts alike.
 */
void output_line(struct spool *s, const char *stream, const char *text, size_t len, int *count);
