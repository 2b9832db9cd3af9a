/* Connections, statements and transactions. Reading rows is in db_rows.c. */
#include "db.h"
#include "log.h"
#include "sqlstate.h"
#include "utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ARGS 24
#define MAX_QUERIES 512

struct db {
	PGconn *conn;
	char *conninfo, *name;
	const struct db_query *prepared[MAX_QUERIES];
	size_t n_prepared;
	bool begun;   /* db_begin() was called */
	bool begin_due; /* ... but BEGIN has not been sent yet */
	unsigned writes;
	char sqlstate[6], message[512], detail[256], hint[128];
};

struct db_arg db_str(const char *s)
{
	return (struct db_arg){ .text = s };
}

struct db_arg db_i64(int64_t n)
{
	struct db_arg a = { 0 };

	snprintf(a.buf, sizeof(a.buf), "%" PRId64, n);
	return a;
}

struct db_arg db_id(int64_t n)
{
	return n ? db_i64(n) : db_str(NULL);
}

struct db_arg db_bool(bool b)
{
	return db_str(b ? "t" : "f");
}

struct db_arg db_bytes(const void *data, size_t len)
{
	return (struct db_arg){ .bytes = data ? data : "", .len = (int)len };
}

struct db *db_new(const char *conninfo, const char *application_name)
{
	struct db *db = xcalloc(1, sizeof(*db));

	db->conninfo = xstrdup(conninfo);
	db->name = xstrdup(application_name);
	return db;
}

static void disconnect(struct db *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
	db->n_prepared = 0;
}

struct db *db_free(struct db *db)
{
	if (db) {
		disconnect(db);
		free(db->conninfo);
		free(db->name);
		free(db);
	}
	return NULL;
}

int db_fd(struct db *db)
{
	return db->conn ? PQsocket(db->conn) : -1;
}

static void remember(char *to, size_t size, const char *from)
{
	utf8_snprintf(to, size, "%s", from ? from : "");
}

/* What stands in the string, of either form, is overridden by what follows it here. */
static PGconn *connect_to(const struct db *db)
{
	const char *const keys[] = { "dbname", "application_name", "connect_timeout", "keepalives_idle",
		                     "keepalives_interval", "keepalives_count", "tcp_user_timeout", NULL };
	const char *const values[] = { db->conninfo, db->name, "3", "10", "3", "3", "15000", NULL };

	return PQconnectdbParams(keys, values, 1);
}

static int connect_now(struct db *db)
{
	if (db->conn && PQstatus(db->conn) == CONNECTION_OK)
		return 0;
	disconnect(db);
	db->conn = connect_to(db);
	if (PQstatus(db->conn) == CONNECTION_OK)
		return 0;
	log_warn("db.away", LOG_STR("why", PQerrorMessage(db->conn)));
	disconnect(db);
	return DB_E_DOWN;
}

bool db_ready(struct db *db)
{
	return connect_now(db) == 0;
}

static int code_of(const char *state)
{
	switch (sqlstate(state)) {
	case SQLSTATE_RAISED:
		return DB_E_RAISED;
	case SQLSTATE_CONFLICT:
		return DB_E_CONFLICT;
	case SQLSTATE_RETRY:
		return DB_E_RETRY;
	case SQLSTATE_DOWN:
		return DB_E_DOWN;
	case SQLSTATE_OTHER:
		break;
	}
	return -EIO;
}

static int failure(struct db *db, const char *name, const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	int code = code_of(state);

	remember(db->sqlstate, sizeof(db->sqlstate), state);
	remember(db->message, sizeof(db->message), PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY));
	remember(db->detail, sizeof(db->detail), PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL));
	remember(db->hint, sizeof(db->hint), PQresultErrorField(res, PG_DIAG_MESSAGE_HINT));
	if (code == -EIO && PQstatus(db->conn) != CONNECTION_OK)
		code = DB_E_DOWN;
	if (code != DB_E_RAISED)
		log_warn("db.failed", LOG_STR("query", name), LOG_STR("sqlstate", db->sqlstate),
		         LOG_STR("why", db->message[0] ? db->message : PQerrorMessage(db->conn)));
	return code;
}

struct db_raised db_raised(const struct db *db)
{
	struct db_raised e = { .status = 500, .message = db->message, .detail = db->detail, .hint = db->hint };

	if (!strncmp(db->sqlstate, "SP", 2))
		e.status = (int)strtol(db->sqlstate + 2, NULL, 10);
	return e;
}

static int simple(struct db *db, const char *sql)
{
	PGresult *res = PQexec(db->conn, sql);
	int r = PQresultStatus(res) == PGRES_COMMAND_OK ? 0 : failure(db, sql, res);

	PQclear(res);
	return r;
}

int db_begin(struct db *db)
{
	int r;

	if (db->begun)
		return err_origin(-EBUSY);
	r = connect_now(db);
	if (r)
		return r;
	db->begun = db->begin_due = true;
	db->writes = 0;
	return 0;
}

int db_commit(struct db *db)
{
	PGresult *res;
	int r = 0;

	if (db->begun && !db->begin_due) {
		res = PQexec(db->conn, "COMMIT");
		if (PQresultStatus(res) != PGRES_COMMAND_OK)
			r = failure(db, "COMMIT", res);
		else if (strcmp(PQcmdStatus(res), "COMMIT")) /* it said ROLLBACK: something had failed before */
			r = err_origin(-EPROTO);
		PQclear(res);
	}
	db->begun = db->begin_due = false;
	return r;
}

void db_rollback(struct db *db)
{
	if (db->begun && !db->begin_due && db->conn && simple(db, "ROLLBACK"))
		disconnect(db);
	db->begun = db->begin_due = false;
}

bool db_in_transaction(const struct db *db)
{
	return db->begun;
}

unsigned db_writes(const struct db *db)
{
	return db->writes;
}

static int prepare(struct db *db, const struct db_query *q)
{
	PGresult *res;
	int r = 0;

	for (size_t i = 0; i < db->n_prepared; i++)
		if (db->prepared[i] == q)
			return 0;
	if (db->n_prepared == MAX_QUERIES)
		return err_origin(-ENOSPC);
	res = PQprepare(db->conn, q->name, q->sql, 0, NULL);
	if (PQresultStatus(res) == PGRES_COMMAND_OK)
		db->prepared[db->n_prepared++] = q;
	else
		r = failure(db, q->name, res);
	PQclear(res);
	return r;
}

static int ready_to_run(struct db *db, const struct db_query *q)
{
	int r;

	if (!db->begun) {
		r = connect_now(db);
		if (r)
			return r;
	} else if (!db->conn || PQstatus(db->conn) != CONNECTION_OK) {
		return DB_E_DOWN;
	}
	return prepare(db, q);
}

struct params {
	const char *value[MAX_ARGS];
	int len[MAX_ARGS], format[MAX_ARGS];
	int n;
};

static int collect(struct params *p, size_t n, const struct db_arg *args)
{
	if (n > MAX_ARGS)
		return err_origin(-E2BIG);
	p->n = (int)n;
	for (size_t i = 0; i < n; i++) { /* args[0] is a placeholder, see DB_ARGS */
		const struct db_arg *a = &args[i + 1];

		p->format[i] = a->bytes != NULL;
		p->len[i] = a->len;
		p->value[i] = a->bytes ? a->bytes : a->buf[0] ? a->buf : a->text;
	}
	return 0;
}

/* Reads the results of @n pipelined statements up to the sync; keeps number @keep. */
static PGresult *drain(struct db *db, int n, int keep, PGresult **ret_bad)
{
	PGresult *kept = NULL, *res;

	for (int i = 0; i < n; i++) {
		while ((res = PQgetResult(db->conn))) {
			ExecStatusType st = PQresultStatus(res);
			bool good = st == PGRES_TUPLES_OK || st == PGRES_COMMAND_OK;

			if (!good && st != PGRES_PIPELINE_ABORTED && !*ret_bad)
				*ret_bad = res;
			else if (good && i == keep && !kept)
				kept = res;
			else
				PQclear(res);
		}
		if (PQstatus(db->conn) != CONNECTION_OK)
			break;
	}
	while ((res = PQgetResult(db->conn))) /* the sync, or what a dead connection leaves */
		PQclear(res);
	return kept;
}

/* BEGIN, the statement and COMMIT travel together: one round trip instead of three. */
static int run_with(struct db *db, const struct db_query *q, const struct params *p, bool begin,
                    bool commit, PGresult **ret_res)
{
	PGresult *bad = NULL, *res = NULL;
	bool sent;
	int r = 0;

	sent = PQenterPipelineMode(db->conn) &&
	       (!begin || PQsendQueryParams(db->conn, "BEGIN", 0, NULL, NULL, NULL, NULL, 0)) &&
	       PQsendQueryPrepared(db->conn, q->name, p->n, p->value, p->len, p->format, 0) &&
	       (!commit || PQsendQueryParams(db->conn, "COMMIT", 0, NULL, NULL, NULL, NULL, 0)) &&
	       PQpipelineSync(db->conn);
	if (sent)
		res = drain(db, 1 + begin + commit, begin, &bad);
	if (!sent || bad || !res || !PQexitPipelineMode(db->conn))
		r = bad ? failure(db, q->name, bad) : DB_E_DOWN;
	PQclear(bad);
	if (r) {
		PQclear(res);
		if (r == DB_E_DOWN || !PQexitPipelineMode(db->conn))
			disconnect(db);
		return r;
	}
	*ret_res = res;
	return 0;
}

static int run(struct db *db, const struct db_query *q, size_t n, const struct db_arg *args, bool commit,
               PGresult **ret_res)
{
	struct params p;
	PGresult *res;
	bool begin;
	int r;

	r = collect(&p, n, args);
	if (!r)
		r = ready_to_run(db, q);
	if (r)
		return r;
	begin = db->begin_due;
	db->begin_due = false;
	if (begin || commit)
		return run_with(db, q, &p, begin, commit, ret_res);
	res = PQexecPrepared(db->conn, q->name, p.n, p.value, p.len, p.format, 0);
	if (PQresultStatus(res) != PGRES_TUPLES_OK && PQresultStatus(res) != PGRES_COMMAND_OK) {
		r = failure(db, q->name, res);
		PQclear(res);
		return r;
	}
	*ret_res = res;
	return 0;
}

int db_select_(struct db *db, const struct db_query *q, struct db_rows *ret_rows, size_t n,
               const struct db_arg *args)
{
	PGresult *res = NULL;
	int r = run(db, q, n, args, false, &res);

	if (r)
		return r;
	*ret_rows = (struct db_rows){ .res = res, .row = -1, .n = PQntuples(res) };
	return 0;
}

int db_exec_(struct db *db, const struct db_query *q, int64_t *ret_n, size_t n, const struct db_arg *args)
{
	PGresult *res = NULL;
	int r;

	db->writes++;
	r = run(db, q, n, args, false, &res);
	if (r)
		return r;
	if (ret_n)
		*ret_n = strtoll(PQcmdTuples(res), NULL, 10);
	PQclear(res);
	return 0;
}

int db_select_commit_(struct db *db, const struct db_query *q, struct db_rows *ret_rows, size_t n,
                      const struct db_arg *args)
{
	PGresult *res = NULL;
	int r = run(db, q, n, args, true, &res);

	if (r)
		return r;
	db->begun = false;
	*ret_rows = (struct db_rows){ .res = res, .row = -1, .n = PQntuples(res) };
	return 0;
}
