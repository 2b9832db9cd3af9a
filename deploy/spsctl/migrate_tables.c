/* Numbered migrations: each once, in order, whole or not at all. */
#include "ctl.h"
#include "err.h"
#include "files.h"
#include "migrate.h"
#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file that begins with this makes roles or extensions; all others run as the owner. */
#define AS_SUPERUSER "-- run as: superuser\n"

/* The first migration makes the schema, so the journal follows in its transaction. */
#define JOURNAL                                           \
	"CREATE TABLE IF NOT EXISTS bus.migration ("      \
	" name text PRIMARY KEY, checksum text NOT NULL," \
	" applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"

static bool is_migration(const char *name)
{
	return strspn(name, "0123456789") == 4 && name[4] == '_';
}

static PGresult *applied_list(PGconn *conn)
{
	int64_t there;

	if (!pg_number(conn, &there, "SELECT (to_regclass('bus.migration') IS NOT NULL)::int", 0,
	               NULL))
		return NULL;
	return pg_query(conn,
	                there ? "SELECT name, checksum FROM bus.migration ORDER BY name"
	                      : "SELECT NULL, NULL WHERE false",
	                0, NULL);
}

static const char *applied_checksum(const PGresult *applied, const char *name)
{
	for (int i = 0; i < PQntuples(applied); i++)
		if (!strcmp(PQgetvalue(applied, i, 0), name))
			return PQgetvalue(applied, i, 1);
	return NULL;
}

/* A database made by a newer version must not be worked on by an older one. */
static bool all_known(const PGresult *applied, const struct file_list *files)
{
	for (int i = 0; i < PQntuples(applied); i++) {
		const char *name = PQgetvalue(applied, i, 0);
		size_t k = 0;

		while (k < files->n && strcmp(files->name[k], name))
			k++;
		if (k == files->n) {
			return ctl_refuse(
				"the database has %s, which this version does not: a newer "
				"version made it. "
				"Use that version, or restore the backup from before.",
				name);
		}
	}
	return true;
}

static bool apply(PGconn *conn, const char *name, const char *text, const char *checksum)
{
	bool owner = strncmp(text, AS_SUPERUSER, strlen(AS_SUPERUSER)) != 0;
	_cleanup_(pg_clear) PGresult *res = NULL;

	if (!pg_do(conn, owner ? "BEGIN; SET LOCAL ROLE sps_owner" : "BEGIN"))
		return false;
	if (!pg_file(conn, name, text) || !pg_do(conn, "RESET ROLE; " JOURNAL))
		return false;
	res = pg_query(conn, "INSERT INTO bus.migration (name, checksum) VALUES ($1, $2)", 2,
	               (const char *const[]){ name, checksum });
	if (!res || !pg_do(conn, "COMMIT"))
		return false;
	printf("applied %s\n", name);
	return true;
}

static bool migrate_one(PGconn *conn, const char *dir, const char *name, const PGresult *applied,
                        size_t *n)
{
	const char *before = applied_checksum(applied, name);
	_free_ char *path = NULL, *text = NULL;
	char checksum[65];

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		abort();
	text = file_read(path);
	if (!text) {
		return ctl_refuse("%s cannot be read: %s", path, strerror(errno));
	}
	secret_hash_hex(text, checksum);
	if (before && strcmp(before, checksum)) {
		return ctl_refuse(
			"%s was changed after it had been applied, so this database may differ "
			"from what the "
			"file says now. Undo the change and put it into a new file with the next "
			"number.",
			path);
	}
	if (before)
		return true;
	++*n;
	return apply(conn, name, text, checksum);
}

bool migrate_tables(PGconn *conn, const char *dir, size_t *ret_new)
{
	_cleanup_(file_list_release) struct file_list files = { 0 };
	_cleanup_(pg_clear) PGresult *applied = NULL;
	bool good;
	int r;

	r = file_list(dir, ".sql", &files);
	if (r) {
		return ctl_refuse(
			"the directory of SQL files %s cannot be read: %s. Name it with --sql.",
			dir, strerror(-r));
	}
	applied = applied_list(conn);
	good = applied && all_known(applied, &files);
	for (size_t i = 0; i < files.n && good; i++)
		good = !is_migration(files.name[i]) ||
		       migrate_one(conn, dir, files.name[i], applied, ret_new);
	return good;
}
