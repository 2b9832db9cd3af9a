/*
 * Passwords of the services' database roles
 *
 * Each lies in a libpq password file of its own, DIR/<service>.pgpass, mode
 * 0600, to be given to the service's user; PostgreSQL only gets the SCRAM
 * verifier. A file that is there is kept and only made true again.
 */
#include "ctl.h"
#include "err.h"
#include "files.h"
#include "messages.h"
#include "pg.h"
#include "secret.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PASSWORD_HEX 65

/* The last field of "host:port:database:user:password". */
static bool read_password(const char *path, char out[PASSWORD_HEX])
{
	_free_ char *text = file_read(path);
	char *last = text ? strrchr(text, ':') : NULL;
	bool good = last && strspn(last + 1, "0123456789abcdef") == PASSWORD_HEX - 1;

	if (good)
		memcpy(out, last + 1, PASSWORD_HEX - 1);
	out[good ? PASSWORD_HEX - 1 : 0] = '\0';
	if (text)
		sodium_memzero(text, strlen(text));
	return good;
}

static int write_password(const char *path, const char *role, char out[PASSWORD_HEX])
{
	uint8_t raw[(PASSWORD_HEX - 1) / 2];
	char line[PASSWORD_HEX + 64];
	int r;

	randombytes_buf(raw, sizeof(raw));
	sodium_bin2hex(out, PASSWORD_HEX, raw, sizeof(raw));
	snprintf(line, sizeof(line), "*:*:*:%s:%s\n", role, out);
	r = file_write(path, 0600, line);
	sodium_memzero(raw, sizeof(raw));
	sodium_memzero(line, sizeof(line));
	return r;
}

/* ALTER ROLE takes no parameters: PostgreSQL quotes the two values itself. */
static bool set_password(PGconn *conn, const char *role, const char *password)
{
	char *verifier = PQencryptPasswordConn(conn, password, role, "scram-sha-256");
	_cleanup_(pg_clear) PGresult *statement = NULL;

	if (!verifier)
		return ctl_refuse("no SCRAM verifier could be made: %s", PQerrorMessage(conn));
	statement = pg_query(
		conn, "SELECT pg_catalog.format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)",
		2, (const char *const[]){ role, verifier });
	PQfreemem(verifier);
	return statement && pg_do(conn, PQgetvalue(statement, 0, 0));
}

static bool one_role(PGconn *conn, const char *dir, const struct svc_info *svc)
{
	char password[PASSWORD_HEX];
	_free_ char *path = NULL;
	bool good;
	int r = 0;

	if (asprintf(&path, "%s/%s.pgpass", dir, svc->name) < 0)
		abort();
	if (!read_password(path, password))
		r = write_password(path, svc->role, password);
	if (r)
		return ctl_refuse("%s cannot be written: %s", path, strerror(-r));
	good = set_password(conn, svc->role, password);
	sodium_memzero(password, sizeof(password));
	return good;
}

int ctl_role_passwords(int argc, char **argv)
{
	_cleanup_(pg_close) PGconn *conn = NULL;
	bool good;

	if (argc != 1 || argv[0][0] == '-') {
		fprintf(stderr, "Usage: spsctl role-passwords DIR\n");
		return CTL_USAGE;
	}
	if (mkdir(argv[0], 0755) && errno != EEXIST)
		return ctl_fail("%s cannot be made: %s", argv[0], strerror(errno));
	conn = pg_open();
	good = conn && pg_do(conn, "BEGIN; SET LOCAL log_statement = 'none'");
	for (const struct svc_info *s = svc_infos; s->name && good; s++)
		good = one_role(conn, argv[0], s);
	if (!good || !pg_do(conn, "COMMIT"))
		return CTL_FAILED;
	printf("Each service's database role has its password in %s/<service>.pgpass.\n", argv[0]);
	return CTL_DONE;
}
