#include "rules.h"

#include <string.h>

/* clang-format off */
const struct rule rules[] = {
	{ "request.submitted", "info", TO_APPROVERS, true,
	  "{actor} asks for the server {name}",
	  "{actor} asks for the server {name} for {client}. Please look at the request and approve or reject it." },
	{ "request.approved", "success", TO_REQUESTER, true,
	  "Your request for {name} was approved",
	  "{actor} approved the server {name} for {client}. You will hear again when it is ready." },
	{ "request.rejected", "warning", TO_REQUESTER, true,
	  "Your request for {name} was rejected",
	  "{actor} rejected the server {name} for {client}.[ The reason: {detail}]" },
	{ "request.cancelled", "warning", TO_REQUESTER, true,
	  "The request for {name} was cancelled",
	  "{actor} cancelled the request for the server {name} for {client}.[ The reason: {detail}]" },
	{ "request.deploying", "info", TO_REQUESTER, false,
	  "{name} is being set up",
	  "The server {name} for {client} is being set up now. This takes a few minutes." },
	{ "request.deployed", "success", TO_REQUESTER | TO_MANAGERS, true,
	  "The server {name} is ready",
	  "The server {name} for {client} is set up and running.[ Its address is {detail}.]" },
	{ "request.failed", "critical", TO_REQUESTER | TO_DECIDER | TO_MANAGERS, true,
	  "Setting up {name} failed",
	  "Setting up the server {name} for {client} stopped before it was ready.[ {detail}]\n\n"
	  "Whoever manages the project can try again or undo it." },
	/* The request's own failure already goes out by mail: this one is for those who look into it. */
	{ "run.finished", "critical", TO_DECIDER | TO_MANAGERS, false,
	  "A run on {name} did not succeed",
	  "The run that sets up {name} ended without success.[ {detail}] Its log says more." },
	{ 0 },
};
/* clang-format on */

const struct rule *rule_find(const char *event)
{
	for (const struct rule *r = rules; r->event; r++)
		if (!strcmp(r->event, event))
			return r;
	return NULL;
}
