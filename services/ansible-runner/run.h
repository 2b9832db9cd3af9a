#pragma once
/*
 * Table runner.run: one row per run of a playbook; every statement about it
 *
 * A replica that works on a run is its owner, with a fence that grows whenever
 * the run changes hands. All writes of an owner name both. RUN_E_NOT_OURS means
 * that somebody else has taken the run over, or that it has ended: let go of it.
 */
#include "run_fsm.h"
#include "service.h"

enum { RUN_E_NOT_OURS = 20 };

struct run {
	int64_t id, request, project, server;
	char op[UUID_TEXT], corr[UUID_TEXT], place[UUID_TEXT];
	int attempt, fence, timeout_s, rank; /* of its priority; higher ones begin first */
	char state[16], name[64], address[46], playbook[64];
	int64_t offset;    /* of the spool, that is in the database */
	int64_t waiting_s; /* since it was claimed first */
	bool cancel, kill; /* somebody asked for its end; asked again */
	int64_t cancelling_s;
};

/* The columns that run_read() needs, of a row of runner.run called @r. */
#define RUN_COLUMNS                                                                             \
	"r.id, r.request, r.project, r.server, r.op, r.corr, r.place, r.attempt, r.fence, "     \
	"r.timeout_s, runner.priority_rank(r.priority) AS rank,"                                \
	" r.state, r.name, host(r.address) AS address, r.playbook, r.spool_offset, r.version, " \
	"r.tasks_done, r.last_seq,"                                                             \
	" r.cancel_at IS NOT NULL AS cancel, r.kill_at IS NOT NULL AS kill, r.message, r.ok, "  \
	"r.changed, r.failed,"                                                                  \
	" extract(epoch FROM clock_timestamp() - r.claimed_at)::bigint AS waiting_s,"           \
	" extract(epoch FROM clock_timestamp() - r.cancel_at)::bigint AS cancelling_s"
/* What is done for a run carries the correlation of who asked for it. */
void run_correlate(struct cmd *c, const struct run *run);
void run_read(const struct db_rows *rows, struct run *ret);

/* A new run; the same op and attempt again change nothing. *ret_id is 0 then. */
int run_insert(struct cmd *c, const struct run_start *in, int64_t *ret_id);
/* Locks and reads one. DB_E_CONFLICT is never returned; *ret_found false: there is none. */
int run_lock(struct cmd *c, int64_t id, struct run *ret, bool *ret_found);
/* Is its project below @most runs at work? Nobody else is told so until this transaction ends. */
int run_has_room(struct cmd *c, const struct run *run, int64_t most, bool *ret);
/* From here on a supervisor may exist, in the run directory @place. */
int run_launched(struct cmd *c, struct run *run, const char *place);
/* Somebody wants a running one to end: states running and cancelling. */
int run_cancelling(struct cmd *c, struct run *run, const char *actor, const char *reason);
/* A line of our own in its log. */
int run_say(struct cmd *c, const struct run *run, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Tells the workflow how far a step of the saga is: state running or done. */
int run_step(struct cmd *c, const struct run *run, const char *step, const char *state,
             const char *detail);
/* Publishes that it has changed: its own topic, and with @listed that of the list too. */
void run_live(struct cmd *c, const struct db_rows *rows, bool listed);
