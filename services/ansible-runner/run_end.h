#pragma once
/* The end of a run: its last state, a sentence about it, and everybody who is told. */
#include "run.h"

struct run_outcome {
	enum run_event event;
	const char *reason;  /* a word for programs; NULL: none */
	const char *message; /* a sentence for people; NULL: made from the run */
	int exit;            /* of ansible-playbook; -1: it did not run or did not tell */
	bool ours;           /* only if we still own it */
};

/* RUN_E_NOT_OURS when it has ended already or somebody else owns it. */
int run_end(struct cmd *c, const struct run *run, const struct run_outcome *how);
