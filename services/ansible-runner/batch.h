#pragma once
/*
 * Records of a spool on their way into the database, and to those who watch
 *
 * A batch is stored as a whole, together with how far it goes, or not at all. Its
 * lines get their numbers there. The frame for watchers holds as many lines as
 * fit; who sees a gap asks for the rest.
 */
#include "buf.h"
#include "engine.h"

struct batch {
	struct active *a;
	struct buf lines, events, frame;
	int64_t upto;
	int n_lines, in_frame;
	bool whole; /* the frame has all lines so far */
	bool done;  /* the last record has come: exit, reason and message are set */
	int exit;
	char reason[20], message[400];
};

void batch_init(struct batch *b, struct active *a);
void batch_release(struct batch *b);
void batch_add(struct batch *b, const struct spool_record *rec);
bool batch_full(const struct batch *b);
/* For svc_transaction(): 0, RUN_E_NOT_OURS or a failure. */
int batch_store(struct cmd *c, void *batch);
/* Once, before it is stored. */
void batch_close(struct batch *b);
