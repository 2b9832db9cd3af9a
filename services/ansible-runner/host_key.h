#pragma once
/*
 * Host keys
 *
 * A new server reports its key once, with a token that only it was given; our own
 * handshake must see the same key, then it is pinned. From then on a run accepts
 * that key and no other, until the server is deleted or ordered anew. Both halves
 * are needed: the token can be read by whoever is on the server, the handshake can
 * be intercepted on the way.
 */
#include "openssh_key.h"
#include "run.h"

int on_server_creating(struct cmd *c, const void *body);
int on_server_deleted(struct cmd *c, const void *body);
int on_hostkey_report(struct cmd *c, const void *body);

enum host_key_verdict {
	HOST_KEY_PINNED,   /* it is the one */
	HOST_KEY_AWAITED,  /* the server has not reported its key yet */
	HOST_KEY_MISMATCH, /* what it reported is another one; flagged */
	HOST_KEY_CHANGED,  /* it had another one before; flagged */
};

/* What @seen, the key of our own handshake, means for this run; pins it when it is right. */
int host_key_judge(struct cmd *c, const struct run *run, const char *seen,
                   enum host_key_verdict *ret);
