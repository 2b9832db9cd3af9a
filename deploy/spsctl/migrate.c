#include "migrate.h"
#include "ctl.h"
#include "err.h"

#include <stdio.h>

/* Two operators at once take turns: the second finds everything done. */
#define LOCK "SELECT pg_advisory_lock(7283, 0)"

int ctl_migrate(int argc, char **argv)
{
	const char *dir = "deploy/sql";
	const struct ctl_option opts[] = {
		{ "sql", &dir, "SPS_SQL",
		  "directory of the numbered SQL files; deploy/sql when not given" },
		{ 0 },
	};
	_cleanup_(pg_close) PGconn *conn = NULL;
	size_t applied = 0, files = 0, routes = 0;

	if (ctl_options(argc, argv, "migrate [options]", opts))
		return CTL_USAGE;
	conn = pg_open();
	if (!conn || !pg_do(conn, LOCK) || !migrate_tables(conn, dir, &applied) ||
	    !migrate_functions(conn, dir, &files) || !migrate_routes(conn, &routes))
		return CTL_FAILED;
	printf("The database is up to date: %zu migrations applied now, %zu function files, %zu "
	       "routes of messages.\n",
	       applied, files, routes);
	return CTL_DONE;
}
