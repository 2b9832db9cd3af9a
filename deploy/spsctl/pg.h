#pragma once
/*
 * The operator's connection to PostgreSQL
 *
 * The services' db.h speaks to logs; this speaks to a person: whatever fails is
 * said at once on stderr in one sentence, and the caller only has to stop.
 * A condition of our own SQL (class SP) is shown as the sentence it carries.
 */
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

PGconn *pg_open(void); /* to SPS_DB; NULL: said why */
void pg_close(PGconn **conn);
void pg_clear(PGresult **res);

/* A constant statement, or several, without parameters. */
bool pg_do(PGconn *conn, const char *sql);
/* The text of the SQL file @name; a mistake in it is reported with its line. */
bool pg_file(PGconn *conn, const char *name, const char *text);
/* One statement with parameters ($1 …), all given as text; NULL is SQL NULL. NULL: said why. */
PGresult *pg_query(PGconn *conn, const char *sql, int n, const char *const *values);
/* The same, for a single number. */
bool pg_number(PGconn *conn, int64_t *ret, const char *sql, int n, const char *const *values);
