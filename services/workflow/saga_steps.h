#pragma once
/*
 * Provisioning as a table of steps, in order (DOMAIN.md 4)
 *
 * A step belongs to the service that does it. Ours have a function that does
 * them or, for steps of others, sends the command that makes the owner begin:
 * the owner then works through all its steps in a row and reports each.
 */
#include "request.h"

/* Bytes of what the history says about a failure: a label and a message of 600 characters. */
#define SAGA_DETAIL_MAX 2560

enum step_result {
	STEP_DONE,    /* go on with the next */
	STEP_SKIPPED, /* not needed; go on */
	STEP_WAITS,   /* begun or put off; an event or the clock goes on */
	STEP_FAILED,
};

struct step_outcome {
	const char *detail; /* a sentence for people; a constant */
	const char *code;   /* STEP_FAILED: for programs */
	int recheck_s;      /* STEP_WAITS: look again after this long; 0: only an event goes on */
};

struct saga_step {
	const char *name, *label;
	int progress; /* of the whole, when this step is done */
	enum svc owner;
	int limit_s; /* longest a step may take before it counts as failed */
	/* 0 and *ret_result, or DB_E_*. */
	int (*go)(struct cmd *c, struct request *rq, struct step_outcome *o,
	          enum step_result *ret_result);
};

extern const struct saga_step saga_steps[];   /* ends with .name == NULL */
extern const struct saga_step saga_undo_step; /* the way back */

const struct saga_step *saga_step(const char *name); /* NULL: no such step */
