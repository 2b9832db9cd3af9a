#pragma once
/*
 * The life of a request as a table (DOMAIN.md 4)
 *
 * What is not in the table cannot happen: request_move() looks here and
 * nowhere else. `sps-workflow --fsm` prints the table as a graph.
 */
#include "messages.h"

#include <stdbool.h>
#include <stdio.h>

enum request_state {
	RS_NONE, /* not there yet */
	RS_PENDING,
	RS_APPROVED,
	RS_DEPLOYING,
	RS_DEPLOYED,
	RS_FAILED,
	RS_REJECTED,
	RS_CANCELLED,
	RS_COUNT,
};

enum request_event {
	RE_SUBMIT,
	RE_APPROVE,
	RE_REJECT,
	RE_CANCEL,
	RE_PROVISION,
	RE_STEP,
	RE_FINISH,
	RE_FAIL,
	RE_ABORT,
	RE_RETRY,
	RE_ROLL_BACK,
	RE_UNDONE,
	RE_UNDO_FAILED,
	RE_COUNT,
};

struct cmd;
struct request;

struct request_transition {
	const char *rule; /* of DOMAIN.md 4 */
	enum request_state from;
	enum request_event event;
	enum request_state to;
	/* What else belongs to it, before the row is changed; may refuse with cmd_reject(). NULL:
	 * nothing. */
	int (*action)(struct cmd *c, struct request *rq);
	const struct msg_def *tells; /* event for the notifier, or NULL */
	const char *why;
};

extern const struct request_transition request_transitions[]; /* ends with .rule == NULL */

/* NULL: there is no such transition. */
const struct request_transition *request_transition(enum request_state from,
                                                    enum request_event event);
bool request_state_terminal(enum request_state state);

const char *request_state_name(enum request_state state);
const char *request_event_name(enum request_event event);
enum request_state request_state_of(const char *name); /* RS_NONE: no state is called so */

/* The table as a Graphviz graph. */
void request_fsm_print(FILE *out);
