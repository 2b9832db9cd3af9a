#include "run_fsm.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
const struct run_transition run_fsm[] = {
	/* from            event          to              why                                                  */
	{ "queued",        RUN_CLAIMED,   "starting",     "a runner has room for it"                            },
	{ "queued",        RUN_BLOCKED,   "waiting_lock", "another run is at work on this server"               },
	{ "queued",        RUN_CANCEL,    "cancelled",    "cancelled before it began"                           },
	{ "waiting_lock",  RUN_CLAIMED,   "starting",     "the other run on this server has ended"              },
	{ "waiting_lock",  RUN_CANCEL,    "cancelled",    "cancelled before it began"                           },
	{ "starting",      RUN_LAUNCHED,  "running",      "the server answers with the host key it should have" },
	{ "starting",      RUN_FAILED,    "failed",       "the server cannot be worked on"                      },
	{ "starting",      RUN_CANCEL,    "cancelled",    "cancelled before anything was run"                   },
	{ "running",       RUN_CANCEL,    "cancelling",   "somebody wants it to end"                            },
	{ "running",       RUN_OK,        "succeeded",    "ansible-playbook exited 0"                           },
	{ "running",       RUN_FAILED,    "failed",       "ansible-playbook failed"                             },
	{ "running",       RUN_STOPPED,   "cancelled",    "its supervisor was told to stop"                     },
	{ "running",       RUN_TIMED_OUT, "timed_out",    "its time was over"                                   },
	{ "running",       RUN_GONE,      "lost",         "its supervisor is gone"                              },
	{ "cancelling",    RUN_STOPPED,   "cancelled",    "it was ended"                                        },
	{ "cancelling",    RUN_OK,        "succeeded",    "it was done before it could be ended"                },
	{ "cancelling",    RUN_FAILED,    "failed",       "it failed before it could be ended"                  },
	{ "cancelling",    RUN_TIMED_OUT, "timed_out",    "its time was over"                                   },
	{ "cancelling",    RUN_GONE,      "cancelled",    "it had to be killed"                                 },
	{ 0 },
};
/* clang-format on */

const struct run_transition *run_next(const char *from, enum run_event event)
{
	for (const struct run_transition *t = run_fsm; t->from; t++)
		if (t->event == event && !strcmp(t->from, from))
			return t;
	return NULL;
}

bool run_is_final(const char *state)
{
	for (const struct run_transition *t = run_fsm; t->from; t++)
		if (!strcmp(t->from, state))
			return false;
	return true;
}
