#pragma once
/*
 * Frames of the bus (protocol 1)
 *
 * Two ZeroMQ frames: {1, kind} and one msgpack map with short string keys.
 * Unknown keys are ignored. The body of a command is never on the wire: its
 * row in the inbox is the only truth, the frame is a doorbell.
 *
 *   HELLO    svc inst                  peer -> replica, first frame
 *   WELCOME  svc inst draining         replica -> peer; only then is it rung
 *   RING     ids                       peer -> replica, at most WIRE_RING_MAX
 *   RESULT   id st body                replica -> the peer that rang; body is a cmd_answer
 *   GOODBYE                            replica -> peer: draining; ring another from now on
 *   QUERY    id type corr body         peer -> replica: a CALL
 *   ANSWER   id st body                replica -> peer
 */
#include "record.h"

#include <msgpack.h>

#define WIRE_PROTOCOL 1
#define WIRE_RING_MAX 64
#define WIRE_MAX (64 * 1024)

enum wire_kind {
	WIRE_HELLO = 1,
	WIRE_WELCOME,
	WIRE_RING,
	WIRE_RESULT,
	WIRE_GOODBYE = 6,
	WIRE_QUERY,
	WIRE_ANSWER,
};

/* The union of all frames' fields; each kind uses those named above. */
struct wire {
	enum wire_kind kind;
	const char *svc, *inst, *id, *type, *corr;
	int64_t state; /* RESULT: inbox state; WELCOME: 1 when draining; ANSWER: 1 ok, 0 refused */
	struct rec_bin body;
	size_t n_ids;
	const char *ids[WIRE_RING_MAX];
	void *mem; /* owns everything above after wire_read() */
	size_t room; /* bytes of it */
};

void wire_pack(const struct wire *w, msgpack_sbuffer *out); /* frame 1 only */
/* 0 or REC_E_MALFORMED. On success wire_forget() it. */
int wire_read(struct wire *w, const void *head, size_t head_len, const void *data, size_t len);
/* Zeroes and frees what was read: a password may have been in it. */
void wire_forget(struct wire *w);
