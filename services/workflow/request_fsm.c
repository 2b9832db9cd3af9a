#include "request_fsm.h"
#include "budget.h"

#include <string.h>

/* clang-format off */
const struct request_transition request_transitions[] = {
	/* rule   from          event           to            action           tells                   why */
	{ "R1",  RS_NONE,      RE_SUBMIT,      RS_PENDING,   NULL,            &request_submitted_msg, "somebody asks for a server" },
	{ "R3",  RS_PENDING,   RE_CANCEL,      RS_CANCELLED, NULL,            &request_cancelled_msg, "the requester or an administrator takes it back" },
	{ "R4",  RS_PENDING,   RE_REJECT,      RS_REJECTED,  NULL,            &request_rejected_msg,  "somebody else says no, with a reason" },
	{ "R5",  RS_PENDING,   RE_APPROVE,     RS_APPROVED,  budget_reserve,  &request_approved_msg,  "somebody else says yes; its cost fits and is reserved" },
	{ "R6",  RS_APPROVED,  RE_PROVISION,   RS_DEPLOYING, NULL,            &request_deploying_msg, "at once, or by hand where the project says so" },
	{ "R7",  RS_APPROVED,  RE_CANCEL,      RS_CANCELLED, budget_release,  &request_cancelled_msg, "the approval is taken back" },
	{ "R8",  RS_DEPLOYING, RE_STEP,        RS_DEPLOYING, NULL,            NULL,                   "a step is done" },
	{ "R9",  RS_DEPLOYING, RE_FINISH,      RS_DEPLOYED,  budget_commit,   &request_deployed_msg,  "all steps are done" },
	{ "R10", RS_DEPLOYING, RE_FAIL,        RS_FAILED,    NULL,            &request_failed_msg,    "a step failed for good; what exists is kept" },
	{ "R11", RS_DEPLOYING, RE_CANCEL,      RS_CANCELLED, budget_release,  &request_cancelled_msg, "stopped before a server was ordered" },
	{ "R11", RS_DEPLOYING, RE_ABORT,       RS_FAILED,    NULL,            NULL,                   "stopped later: the server is being deleted" },
	{ "R12", RS_FAILED,    RE_RETRY,       RS_DEPLOYING, NULL,            &request_deploying_msg, "goes on at the failed step with the same operation" },
	{ "R13", RS_FAILED,    RE_ROLL_BACK,   RS_FAILED,    NULL,            NULL,                   "the server is being deleted" },
	{ "R13", RS_FAILED,    RE_UNDONE,      RS_CANCELLED, budget_release,  &request_cancelled_msg, "nothing of it is left" },
	{ "R13", RS_FAILED,    RE_UNDO_FAILED, RS_FAILED,    NULL,            &request_failed_msg,    "the server could not be deleted" },
	{ 0 },
};
/* clang-format on */

static const char *const state_names[RS_COUNT] = {
	[RS_NONE] = "none",           [RS_PENDING] = "pending",     [RS_APPROVED] = "approved",
	[RS_DEPLOYING] = "deploying", [RS_DEPLOYED] = "deployed",   [RS_FAILED] = "failed",
	[RS_REJECTED] = "rejected",   [RS_CANCELLED] = "cancelled",
};

static const char *const event_names[RE_COUNT] = {
	[RE_SUBMIT] = "submit",
	[RE_APPROVE] = "approve",
	[RE_REJECT] = "reject",
	[RE_CANCEL] = "cancel",
	[RE_PROVISION] = "provision",
	[RE_STEP] = "step",
	[RE_FINISH] = "finish",
	[RE_FAIL] = "fail",
	[RE_ABORT] = "abort",
	[RE_RETRY] = "retry",
	[RE_ROLL_BACK] = "roll_back",
	[RE_UNDONE] = "undone",
	[RE_UNDO_FAILED] = "undo_failed",
};

const struct request_transition *request_transition(enum request_state from,
                                                    enum request_event event)
{
	for (const struct request_transition *t = request_transitions; t->rule; t++)
		if (t->from == from && t->event == event)
			return t;
	return NULL;
}

bool request_state_terminal(enum request_state state)
{
	return state == RS_DEPLOYED || state == RS_REJECTED || state == RS_CANCELLED;
}

const char *request_state_name(enum request_state state)
{
	return state_names[state];
}

const char *request_event_name(enum request_event event)
{
	return event_names[event];
}

enum request_state request_state_of(const char *name)
{
	for (enum request_state s = RS_PENDING; s < RS_COUNT; s++)
		if (!strcmp(state_names[s], name))
			return s;
	return RS_NONE;
}

void request_fsm_print(FILE *out)
{
	fprintf(out, "digraph request {\n"
	             "\trankdir=LR;\n"
	             "\tnode [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
	             "\tedge [fontname=\"sans-serif\", fontsize=10];\n"
	             "\tnone [shape=point];\n");
	for (enum request_state s = RS_PENDING; s < RS_COUNT; s++)
		fprintf(out, "\t%s%s;\n", state_names[s],
		        request_state_terminal(s) ? " [peripheries=2]" : "");
	for (const struct request_transition *t = request_transitions; t->rule; t++)
		fprintf(out, "\t%s -> %s [label=\"%s %s\", tooltip=\"%s\"];\n",
		        state_names[t->from], state_names[t->to], t->rule, event_names[t->event],
		        t->why);
	fprintf(out, "}\n");
}
