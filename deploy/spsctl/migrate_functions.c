/*
 * Functions that are made anew each time, from the SQL files of DIR/<schema>
 *
 * They call each other across files, so the first pass does not look into
 * their bodies; a second one does, and a wrong name is found here and not by
 * the first person who needs it. Nobody sees the time between: it is one transaction.
 */
#include "ctl.h"
#include "err.h"
#include "files.h"
#include "migrate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const schemas[] = {
	"authz", "workflow", "hetzner", "runner", "notifier", "api"
};
#define N_SCHEMAS (sizeof(schemas) / sizeof(schemas[0]))

static bool run_file(PGconn *conn, const char *dir, const char *name)
{
	_free_ char *path = NULL, *text = NULL;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		abort();
	text = file_read(path);
	if (text)
		return pg_file(conn, path, text);
	return ctl_refuse("%s cannot be read: %s", path, strerror(errno));
}

static bool run_schema(PGconn *conn, const char *sql_dir, const char *schema, size_t *n)
{
	_cleanup_(file_list_release) struct file_list files = { 0 };
	_free_ char *dir = NULL;
	bool good = true;
	int r;

	if (asprintf(&dir, "%s/%s", sql_dir, schema) < 0)
		abort();
	r = file_list(dir, ".sql", &files);
	if (r && r != -ENOENT) {
		return ctl_refuse("%s cannot be read: %s", dir, strerror(-r));
	}
	for (size_t i = 0; i < files.n && good; i++)
		good = run_file(conn, dir, files.name[i]);
	*n += files.n;
	return good;
}

bool migrate_functions(PGconn *conn, const char *dir, size_t *ret_files)
{
	static const char *const passes[] = { "SET LOCAL check_function_bodies = off",
		                              "SET LOCAL check_function_bodies = on" };
	bool good = pg_do(conn, "BEGIN; SET LOCAL ROLE sps_owner");

	for (size_t p = 0; p < 2 && good; p++) {
		good = pg_do(conn, passes[p]);
		*ret_files = 0;
		for (size_t i = 0; i < N_SCHEMAS && good; i++)
			good = run_schema(conn, dir, schemas[i], ret_files);
	}
	return good && pg_do(conn, "COMMIT");
}
