#include "run_fsm.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
const struct run_transition run_fsm[] = {
	{ RUN_QUEUED,       RUN_STARTING,     "a replica took it" },
	{ RUN_QUEUED,       RUN_WAITING_LOCK, "another run works on this server" },
	{ RUN_QUEUED,       RUN_CANCELLED,    "cancelled before it began" },
	{ RUN_WAITING_LOCK, RUN_STARTING,     "the server is free" },
	{ RUN_WAITING_LOCK, RUN_CANCELLED,    "cancelled before it began" },
	{ RUN_STARTING,     RUN_RUNNING,      "SSH answers with the pinned key, ansible-playbook runs" },
	{ RUN_STARTING,     RUN_FAILED,       "SSH did not answer, or with the wrong key" },
	{ RUN_STARTING,     RUN_CANCELLED,    "cancelled before the playbook began" },
	{ RUN_STARTING,     RUN_LOST,         "its supervisor ended without a word" },
	{ RUN_RUNNING,      RUN_CANCELLING,   "somebody asked for its end" },
	{ RUN_RUNNING,      RUN_SUCCEEDED,    "ansible-playbook exited with 0" },
	{ RUN_RUNNING,      RUN_FAILED,       "ansible-playbook failed" },
	{ RUN_RUNNING,      RUN_TIMED_OUT,    "its time was used up" },
	{ RUN_RUNNING,      RUN_CANCELLED,    "its supervisor was told to stop" },
	{ RUN_RUNNING,      RUN_LOST,         "its supervisor ended without a word" },
	{ RUN_CANCELLING,   RUN_CANCELLED,    "it ended because it was asked to" },
	{ RUN_CANCELLING,   RUN_SUCCEEDED,    "it was done before the wish reached it" },
	{ RUN_CANCELLING,   RUN_FAILED,       "it failed before the wish reached it" },
	{ RUN_CANCELLING,   RUN_TIMED_OUT,    "its time was used up" },
	{ RUN_CANCELLING,   RUN_LOST,         "its supervisor ended without a word" },
	{ 0, 0, NULL },
};
/* clang-format on */

static const char *const names[RUN_N_STATES] = {
	[RUN_QUEUED] = "queued",       [RUN_WAITING_LOCK] = "waiting_lock", [RUN_STARTING] = "starting",
	[RUN_RUNNING] = "running",     [RUN_CANCELLING] = "cancelling",     [RUN_SUCCEEDED] = "succeeded",
	[RUN_FAILED] = "failed",       [RUN_CANCELLED] = "cancelled",       [RUN_TIMED_OUT] = "timed_out",
	[RUN_LOST] = "lost",
};

const char *run_state_name(enum run_state s)
{
	return names[s];
}

enum run_state run_state_of(const char *name)
{
	for (int s = 0; s < RUN_N_STATES; s++)
		if (!strcmp(names[s], name))
			return s;
	return RUN_N_STATES;
}

bool run_state_final(enum run_state s)
{
	return s >= RUN_SUCCEEDED && s < RUN_N_STATES;
}

bool run_may_move(enum run_state from, enum run_state to)
{
	for (const struct run_transition *t = run_fsm; t->why; t++)
		if (t->from == from && t->to == to)
			return true;
	return false;
}
