#pragma once
/*
 * PostgreSQL without blocking: a few pipelined connections in each worker,
 * statements prepared when they connect. A connection on which one of them cannot
 * be prepared (the database is not migrated yet) is of no use: it is closed, and
 * tried again later. A connection that owes an answer for 12 s is given up: nobody
 * waits for ever.
 */
#include <libpq-fe.h>
#include <stdbool.h>

struct gw_stmt {
	const char *name, *sql;
};

struct gw_pending;
/* @res is the caller's to clear; NULL when the connection was lost: the outcome is unknown. */
typedef void (*gw_db_done)(PGresult *res, void *arg);

/* @stmts must live on. Called in the worker, after the sandbox is up. */
void gw_db_start(const char *conninfo, int wanted, const struct gw_stmt *stmts, size_t n);
bool gw_db_ready(void); /* is there a connection with all statements prepared? */
/* NULL: no connection now, or too much waiting; @done is not called. Else it is called once, and
 * later. */
struct gw_pending *gw_db_send(const char *stmt, int n, const char *const *values, gw_db_done done,
                              void *arg);
void gw_db_abandon(struct gw_pending *p);

enum gw_db_code { GW_DB_OK, GW_DB_AWAY, GW_DB_RAISED, GW_DB_FAILED, GW_DB_GONE };
struct gw_db_answer {
	enum gw_db_code code; /* GONE: the client left, do not answer */
	PGresult *res;        /* OK and RAISED: gw_db_release() it */
	int status;           /* RAISED: nnn of SQLSTATE SPnnn */
};
/* In a coroutine: sends, waits, sorts the outcome. */
struct gw_db_answer gw_db(const char *stmt, int n, const char *const *values);
void gw_db_release(struct gw_db_answer *a); /* for _cleanup_ */
