#pragma once
/*
 * PostgreSQL, in the shape the services need it (blocking; the gateway has its
 * own, non-blocking one)
 *
 *     static const struct db_query q = {
 *             .name = "request_get",
 *             .sql = "SELECT id, state FROM workflow.request WHERE id = $1",
 *     };
 *     _cleanup_(db_rows_release) struct db_rows rows = { 0 };
 *     r = db_select(db, &q, &rows, db_i64(id));
 *     if (r)
 *             return err_fold(r);
 *     if (!db_next(&rows))
 *             return REQUEST_E_NOT_FOUND;
 *     id = db_get_i64(&rows, "id");
 *
 * A query is a named constant, prepared on first use. A column that the query
 * does not have is a bug and aborts. Strings live until db_rows_release().
 *
 * A statement that raises leaves its transaction aborted; the caller returns
 * the code and whoever began the transaction rolls it back. After a lost
 * connection (DB_E_DOWN) the next db_begin() or statement outside a transaction
 * connects again.
 */
#include "err.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	DB_E_CONFLICT = 1, /* unique, foreign key, exclusion or check violated */
	DB_E_RETRY,        /* deadlock, serialization, lock or statement timeout: try the transaction again */
	DB_E_DOWN,         /* no connection, server shutting down, disk full: try again later */
	DB_E_RAISED,       /* our own SQL raised a condition of class SP: see db_raised() */
};

struct db;

struct db_query {
	const char *name, *sql;
};

struct db_arg {
	const char *text; /* NULL: SQL NULL, unless buf is used */
	const void *bytes;
	int len;
	char buf[24];
};
struct db_arg db_str(const char *s); /* NULL gives SQL NULL */
struct db_arg db_i64(int64_t n);
struct db_arg db_id(int64_t n); /* 0 gives SQL NULL */
struct db_arg db_bool(bool b);
struct db_arg db_bytes(const void *data, size_t len); /* bytea */

struct db_rows {
	PGresult *res;
	int row, n;
};

/*
 * @conninfo as libpq takes it, "host=… dbname=…" or "postgresql://…". Never fails for
 * an unreachable server: the connection is made on first use.
 */
struct db *db_new(const char *conninfo, const char *application_name);
struct db *db_free(struct db *db); /* accepts NULL, returns NULL */
bool db_ready(struct db *db);      /* is there a live connection now? tries once */
int db_fd(struct db *db);          /* socket, or -1; to notice a lost server */

#define db_select(db, q, rows, ...) db_select_((db), (q), (rows), DB_ARGS(__VA_ARGS__))
/* The same, and COMMIT in the same round trip; on failure the transaction is still to be rolled back. */
#define db_select_commit(db, q, rows, ...) \
	db_select_commit_((db), (q), (rows), DB_ARGS(__VA_ARGS__))
/* Ignores rows. *ret_n (may be NULL) is the number of rows touched. */
#define db_exec(db, q, ret_n, ...) db_exec_((db), (q), (ret_n), DB_ARGS(__VA_ARGS__))
#define DB_ARGS(...)                                                                  \
	sizeof((struct db_arg[]){ { 0 }, ##__VA_ARGS__ }) / sizeof(struct db_arg) - 1, \
		(struct db_arg[]){ { 0 }, ##__VA_ARGS__ }

int db_select_(struct db *db, const struct db_query *q, struct db_rows *ret_rows, size_t n,
               const struct db_arg *args);
int db_select_commit_(struct db *db, const struct db_query *q, struct db_rows *ret_rows, size_t n,
                      const struct db_arg *args);
int db_exec_(struct db *db, const struct db_query *q, int64_t *ret_n, size_t n,
             const struct db_arg *args);

/* Lets BEGIN travel with the next statement: one round trip less. */
int db_begin(struct db *db);
int db_commit(struct db *db);
void db_rollback(struct db *db); /* also right after a failure or outside a transaction */
bool db_in_transaction(const struct db *db);
/* Statements run in this transaction so far through db_exec: "has the handler written?" */
unsigned db_writes(const struct db *db);

bool db_next(struct db_rows *rows);
void db_rows_release(struct db_rows *rows);
const char *db_get_str(const struct db_rows *rows, const char *column); /* NULL when NULL */
int64_t db_get_i64(const struct db_rows *rows, const char *column);     /* 0 when NULL */
bool db_get_bool(const struct db_rows *rows, const char *column);
bool db_is_null(const struct db_rows *rows, const char *column);
/* bytea; *ret is malloc'ed, the caller frees it. NULL and 0 when NULL. */
void db_get_bytes(const struct db_rows *rows, const char *column, uint8_t **ret, size_t *ret_len);

/*
 * What our SQL said with RAISE … USING ERRCODE='SPnnn', HINT='field': the
 * number (SP409 gives 409), the sentence, the DETAIL (state) and the HINT
 * (field). Valid after DB_E_RAISED until the next statement.
 */
struct db_raised {
	int status;
	const char *message, *detail, *hint;
};
struct db_raised db_raised(const struct db *db);
