#pragma once
/*
 * Table workflow.request: loading a row under lock, and moving it
 *
 *     _cleanup_(request_release) struct request rq = { 0 };
 *     r = request_lock(c, in->request, &rq);
 *     if (!r)
 *             r = request_expect(c, &rq, RE_REJECT, in->version);
 *     …
 *     return r ? r : request_move(c, &rq, RE_REJECT, in->reason);
 *
 * A move is the guarded UPDATE, a history row, an audit row, the event for the
 * notifier and the live frames, all in the transaction of @c.
 *
 * Lock order: the project's row before the request's.
 */
#include "request_fsm.h"
#include "service.h"

struct request {
	int64_t id, version, project, requester, total_minor, server_id;
	enum request_state state;
	int attempt, tries, reruns, progress;
	bool ordered, undoing, cost_running;
	bool self_approval; /* set by the approval of a sole administrator; goes into the audit row
	                     */
	/* live until request_release() */
	const char *op, *name, *client, *server_type, *location, *image, *currency, *address;
	const char *priority;
	struct db_rows rows;
};

/* Loads and locks. No such row: ret_rq->id is 0. The caller releases in any case. */
int request_lock(struct cmd *c, int64_t id, struct request *ret_rq);
void request_release(struct request *rq);

/* CMD_REJECTED with 409 unless the state has this transition and the person looked at this version.
 */
int request_expect(struct cmd *c, const struct request *rq, enum request_event event,
                   int64_t version);

/* Makes the transition. @detail is for people and may be NULL. */
int request_move(struct cmd *c, struct request *rq, enum request_event event, const char *detail);

/* The first history row, audit row and event of a row that was just inserted (rule R1). */
int request_born(struct cmd *c, struct request *rq);

/* A live frame without a transition: a step began. */
int request_show(struct cmd *c, const struct request *rq);

/* Answers @c with the request as GET shows it to this person. */
int request_answer(struct cmd *c, int status, int64_t id);

/* The same command as the system: what a saga does, nobody does in person. */
struct cmd cmd_as_system(const struct cmd *c);
