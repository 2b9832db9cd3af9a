#pragma once
/*
 * A project's money: reserved when a request is approved, committed when its
 * server is deployed, released when it is cancelled. The project's row must be
 * locked (project_lock()) while money is reserved.
 *
 * These are actions of request_transitions[]: 0, CMD_REJECTED or DB_E_*.
 */
struct cmd;
struct request;

/* Refuses with 409 when budget or server cap would be passed. */
int budget_reserve(struct cmd *c, struct request *rq);
int budget_commit(struct cmd *c, struct request *rq);
int budget_release(struct cmd *c, struct request *rq);
