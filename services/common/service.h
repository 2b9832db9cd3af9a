#pragma once
/*
 * A service: what every main.c is made of
 *
 *     int main(int argc, char **argv)
 *     {
 *             static const struct svc_main me = {
 *                     .svc = SVC_NOTIFIER,
 *                     .params = params,        own configuration, may be NULL
 *                     .handlers = handlers,    message -> function
 *                     .start = start,          once, after connections are up
 *                     .stop = stop,
 *             };
 *             return svc_run(&me, argc, argv);
 *     }
 *
 * svc_run() reads the configuration, connects, proves that the bus refuses
 * unknown keys, registers the replica, and works until SIGTERM: then it stops
 * claiming, tells its peers, finishes what it has begun and leaves.
 *
 * Every command and event is handled in one transaction that the framework
 * begins and commits: effects, history, audit, outgoing messages and the
 * result together or not at all. A handler
 *
 *     static int on_approve(struct cmd *c, const void *body)
 *     {
 *             const struct request_approve *in = body;
 *             …
 *             if (not pending)
 *                     return cmd_reject(c, 409, NULL, state, "This request is already %s.", state);
 *             …
 *             return 0;
 *     }
 *
 * returns 0 (done), CMD_REJECTED from cmd_reject() (a business answer, never
 * retried, all its writes are rolled back), DB_E_* or a negative code (technical:
 * rolled back, retried with back-off, dead letter after 8 attempts). DB_E_RAISED
 * becomes a rejection with what the SQL said. Handlers run one at a time, in
 * batches that share a commit; they must not keep state in C between calls
 * except as a cache, must not talk to the outside and must not block: work for
 * the outside is a row, driven from timers and sockets (svc_timer, svc_watch).
 *
 * By the time a handler runs, authz has allowed the actor the message's action
 * on the message's object, in the same transaction.
 */
#include "conf.h"
#include "db.h"
#include "keys.h"
#include "log.h"
#include "messages.h"
#include "uuid.h"

struct service;
struct live;

enum { CMD_REJECTED = 100 };

struct cmd {
	const struct msg_def *msg;
	char id[UUID_TEXT];   /* command id; the idempotency key of its effects */
	char corr[UUID_TEXT]; /* correlation id, also set in the log */
	const char *actor;    /* "user:7", "system:workflow" */
	int64_t user;         /* 7, or 0 when a service acts */
	int64_t generation;   /* the user's session generation */
	const char *agg;      /* aggregate: commands with the same one run in order; NULL: none */
	int attempt;
	struct service *svc;
	struct db *db;        /* inside the transaction */
	struct cmd_state *state;
};

typedef int (*cmd_handler)(struct cmd *c, const void *body);

struct svc_handler {
	const struct msg_def *msg;
	cmd_handler fn;
};

/* A question without journal: answered with call_answer(), now or later. */
struct call;
typedef void (*call_handler)(struct call *q, const void *body);
struct svc_call_handler {
	const struct msg_def *msg;
	call_handler fn;
};

struct svc_main {
	enum svc svc;
	const struct conf_param *params;
	const struct svc_handler *handlers;        /* ends with .msg == NULL */
	const struct svc_call_handler *calls;      /* may be NULL; service.ping is built in */
	int (*start)(struct service *s);               /* may be NULL; non-zero: leave with status 1 */
	void (*stop)(struct service *s);               /* may be NULL */
	bool (*idle)(struct service *s);               /* may be NULL; while draining: may we leave yet? */
};

int svc_run(const struct svc_main *me, int argc, char **argv);

struct db *svc_db(struct service *s);         /* the service's own connection */
struct live *svc_live(struct service *s);
const struct keys *svc_keys(struct service *s);
const char *svc_instance(struct service *s);  /* uuid of this replica: owner of leases */
bool svc_draining(const struct service *s);

/* Calls fn(arg) every @ms milliseconds (first time after @ms) outside any transaction. */
void svc_timer(struct service *s, int64_t ms, void (*fn)(void *arg), void *arg);
/* Calls fn(arg) when @fd is readable (or, with @write, writable). Level triggered. */
void svc_watch(struct service *s, int fd, bool write, void (*fn)(void *arg), void *arg);
void svc_unwatch(struct service *s, int fd);

/*
 * Transactions of a service's own (timers): begins, runs fn, commits, rings the
 * receivers of what was sent, publishes what was queued. A code other than 0
 * rolls back and is returned; DB_E_RETRY is tried 3 times.
 */
int svc_transaction(struct service *s, int (*fn)(struct cmd *c, void *arg), void *arg);

/* ---- inside a handler ---------------------------------------------------- */

/*
 * Rejects: @status is the HTTP status the person will see (403, 404, 409, 422,
 * 503), @field the body field to blame or NULL, @state the current state for
 * 409 or NULL. Returns CMD_REJECTED.
 */
int cmd_reject(struct cmd *c, int status, const char *field, const char *state, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* What the caller gets as JSON with status 200 (or 201); copied. */
void cmd_result(struct cmd *c, int status, const char *json);
/* Sends an event to its subscribers or a command to its service, in this transaction; it is rung after COMMIT. */
int cmd_send(struct cmd *c, const struct msg_def *msg, const void *rec, const char *agg);
/* Publishes after COMMIT. @json must contain its topic. */
void cmd_live(struct cmd *c, const char *topic, const char *json);
/*
 * Something in the list @topic ("requests", "servers", "runs") has changed. Everybody who may open
 * the list may hear that, whatever he sees in it, so the frame says no more: whoever shows the list
 * reads it again. One frame a commit is enough.
 */
void cmd_live_list(struct cmd *c, const char *topic);
/*
 * One audit row, in this transaction: who (from @c) did what to what.
 * @object "request:1038"; @outcome "ok" or "denied"; @detail JSON or NULL, never a secret.
 */
int cmd_audit(struct cmd *c, const char *action, const char *object, const char *outcome,
              const char *detail_json);

/* ---- inside a call ------------------------------------------------------- */

/* Answers @q with a record, once; frees @q. May be called later, from the loop's thread. */
void call_answer(struct call *q, const struct rec_def *def, const void *rec);
const char *call_correlation(const struct call *q);
