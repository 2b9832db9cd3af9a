#pragma once
/*
 * The life of a run. The move itself is an UPDATE that names the state
 * it leaves, so two replicas cannot both make it.
 */
#include <stdbool.h>

enum run_event {
	RUN_CLAIMED = 1, /* a replica works on it: waits until the server answers */
	RUN_BLOCKED,     /* another run is at work on the same server */
	RUN_LAUNCHED,    /* from here on ansible-playbook may be running */
	RUN_CANCEL,      /* somebody wants it to end */
	RUN_OK,
	RUN_FAILED,
	RUN_STOPPED, /* it has ended because it was told to */
	RUN_TIMED_OUT,
	RUN_GONE, /* its supervisor is gone and left no last record */
};

struct run_transition {
	const char *from;
	enum run_event event;
	const char *to, *why;
};

extern const struct run_transition run_fsm[]; /* ends with .from == NULL */

/* NULL: not in this state. */
const struct run_transition *run_next(const char *from, enum run_event event);
bool run_is_final(const char *state);
