#pragma once
/*
 * How the states of an operation talk to the provider: one question or order,
 * and one transaction for its answer
 */
#include "operation.h"
#include "pages.h"

/* A question under way. */
struct work {
	struct operation o;
	struct pages pages;        /* of a list that is read page by page */
	int64_t token;             /* version of the project's token that was used */
	bool asked;                /* something was sent since it was due */
	const struct reply *reply; /* while it is being settled */
	/* Records what the answer means. Sets .then when there is another question in this state.
	 */
	int (*settle)(struct cmd *c, struct work *w);
	void (*then)(struct work *w);
};

/* Sends; later w->settle(w) runs in a transaction if the claim still holds, then w->then or the
 * end. */
void work_get(struct work *w, int (*settle)(struct cmd *c, struct work *w), const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void work_send(struct work *w, const char *method, json_t *body,
               int (*settle)(struct cmd *c, struct work *w), const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Runs fn in a transaction if the claim still holds; false: it does not, or the database is away.
 */
bool work_record(struct work *w, int (*fn)(struct cmd *c, struct work *w));
void work_end(struct work *w);
/* What is common to all: retry, give up, blame the token. */
int work_default(struct cmd *c, struct work *w);
/* An answer that says "fine" and cannot be read: asked again, not for ever. */
int work_unreadable(struct cmd *c, struct work *w);
const struct op_settings *work_settings(void);

/* What each state asks: operation_key.c, operation_create.c, operation_wait.c, operation_delete.c
 */
void ask_key(struct work *w);
void ask_create(struct work *w);
void ask_sent(struct work *w);
void ask_action(struct work *w);
void ask_running(struct work *w);
void ask_delete_find(struct work *w);
void ask_delete_send(struct work *w);
void ask_delete_wait(struct work *w);
