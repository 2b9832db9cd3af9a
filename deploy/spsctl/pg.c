#include "pg.h"
#include "ctl.h"
#include "err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

PGconn *pg_open(void)
{
	const char *conninfo = getenv("SPS_DB");
	PGconn *conn;

	if (!conninfo || !*conninfo) {
		ctl_fail("SPS_DB is not set. Give it the connection string of a PostgreSQL "
		         "superuser, "
		         "for example SPS_DB=\"host=/run/postgresql dbname=sps user=postgres\".");
		return NULL;
	}
	conn = PQconnectdb(conninfo);
	if (PQstatus(conn) == CONNECTION_OK && pg_do(conn, "SET client_min_messages = warning"))
		return conn;
	ctl_fail("the database cannot be reached: %s", PQerrorMessage(conn));
	pg_close(&conn);
	return NULL;
}

void pg_close(PGconn **conn)
{
	PQfinish(*conn);
	*conn = NULL;
}

void pg_clear(PGresult **res)
{
	PQclear(*res);
	*res = NULL;
}

/* PostgreSQL counts characters from 1; a person counts lines. */
static int line_of(const char *text, const char *position)
{
	long left = position ? strtol(position, NULL, 10) : 1;
	int line = 1;

	for (; *text && left > 1; text++) {
		line += *text == '\n';
		left -= ((unsigned char)*text & 0xc0) != 0x80;
	}
	return line;
}

static void complain(const PGconn *conn, const PGresult *res, const char *name, const char *text)
{
	const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
	const char *position = PQresultErrorField(res, PG_DIAG_STATEMENT_POSITION);
	const char *context = PQresultErrorField(res, PG_DIAG_CONTEXT);

	if (!message)
		ctl_fail("the database did not answer: %s", PQerrorMessage(conn));
	else if (state && !strncmp(state, "SP", 2))
		ctl_fail("%s", message);
	else if (name)
		ctl_fail("%s line %d: %s%s%s%s%s", name, line_of(text, position), message,
		         detail ? "\n  " : "", detail ? detail : "", context ? "\n  in " : "",
		         context ? context : "");
	else
		ctl_fail("the database refused: %s",
		         message); /* the detail may quote a row with a secret in it */
}

static bool good(const PGresult *res)
{
	ExecStatusType s = PQresultStatus(res);

	return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK || s == PGRES_EMPTY_QUERY;
}

bool pg_file(PGconn *conn, const char *name, const char *text)
{
	_cleanup_(pg_clear) PGresult *res = PQexec(conn, text);

	if (good(res))
		return true;
	complain(conn, res, name, text);
	return false;
}

bool pg_do(PGconn *conn, const char *sql)
{
	return pg_file(conn, NULL, sql);
}

PGresult *pg_query(PGconn *conn, const char *sql, int n, const char *const *values)
{
	PGresult *res = PQexecParams(conn, sql, n, NULL, values, NULL, NULL, 0);

	if (good(res))
		return res;
	complain(conn, res, NULL, NULL);
	PQclear(res);
	return NULL;
}

bool pg_number(PGconn *conn, int64_t *ret, const char *sql, int n, const char *const *values)
{
	_cleanup_(pg_clear) PGresult *res = pg_query(conn, sql, n, values);

	if (!res)
		return false;
	*ret = PQntuples(res) ? strtoll(PQgetvalue(res, 0, 0), NULL, 10) : 0;
	return true;
}
