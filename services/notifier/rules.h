#pragma once
/* Which event tells whom what. The table in rules.c is the whole policy. */
#include <stdbool.h>

enum rule_to {
	TO_REQUESTER = 1 << 0,
	TO_APPROVERS = 1 << 1, /* everybody who may decide in the project */
	TO_DECIDER = 1 << 2,   /* the one who approved this request */
	TO_MANAGERS = 1 << 3,  /* the project's technical managers (level 3) */
};

struct rule {
	const char *event;
	const char *severity; /* info, success, warning, critical */
	unsigned to;
	bool mail;
	const char *title, *body; /* sentences for text_fill: {name} {client} {actor} {detail} */
};

const struct rule *rule_find(const char *event); /* NULL: nobody is told */
extern const struct rule rules[];                /* ends with .event == NULL */
