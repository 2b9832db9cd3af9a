#pragma once
/* The life of a run (DOMAIN: jobs), as a table. */
#include <stdbool.h>

enum run_state {
	RUN_QUEUED, RUN_WAITING_LOCK, RUN_STARTING, RUN_RUNNING, RUN_CANCELLING,
	RUN_SUCCEEDED, RUN_FAILED, RUN_CANCELLED, RUN_TIMED_OUT, RUN_LOST, RUN_N_STATES,
};
const char *run_state_name(enum run_state s);
enum run_state run_state_of(const char *name); /* RUN_N_STATES: no such state */
bool run_state_final(enum run_state s);

struct run_transition {
	enum run_state from, to;
	const char *why;
};
extern const struct run_transition run_fsm[]; /* ends with .why == NULL */
bool run_may_move(enum run_state from, enum run_state to);
