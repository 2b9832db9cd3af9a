#pragma once
/* Table runner.run: every statement about it is in runs.c. */
#include "run_fsm.h"
#include "service.h"

/* One run that this replica owns. */
struct run_row {
	int64_t id, attempt, request, project, server, timeout_s, fence;
	enum run_state state;
	char op[UUID_TEXT], corr[UUID_TEXT], name[64], address[64], playbook[64];
	int64_t spool_offset, last_seq, waited_ms; /* waited_ms: since it was taken first */
	int64_t ok, changed, failed, unreachable, skipped;
	bool launched, cancel;
};

int on_run_start(struct cmd *c, const void *body);
int on_run_cancel(struct cmd *c, const void *body);

/*
 * Takes one run that nobody owns, or whose owner is gone, of this machine
 * (@place) or not yet of any. 0 with ret->id 0: there is none.
 */
int run_claim(struct service *s, const char *place, struct run_row *ret);
/* Reads it again; *ret_mine is false when somebody else has taken it over. */
int run_refresh(struct service *s, struct run_row *r, bool *ret_mine);

/* In a transaction: all of these fail with DB_E_CONFLICT when the run is no longer ours. */
int run_launching(struct cmd *c, struct run_row *r, const char *place);
int run_move(struct cmd *c, struct run_row *r, enum run_state to, const char *reason, const char *message, int64_t exit_code);
/* A step of the request's saga has moved. */
int run_step(struct cmd *c, const struct run_row *r, const char *step, const char *state, const char *detail);

/* What a piece of the spool contained. */
struct run_news {
	const char *lines_json; /* array of {"seq","at","stream","task","text"}; NULL: none */
	const char *tasks_json; /* array of {"task","at","text","state"}; NULL: none */
	int64_t last_seq, offset, tasks_done;
	const int64_t *stats;   /* ok, changed, failed, unreachable, skipped; NULL: not yet */
};
int run_append(struct cmd *c, struct run_row *r, const struct run_news *n);
