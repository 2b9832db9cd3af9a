#include "account.h"
#include "ctl.h"
#include "err.h"
#include "password.h"
#include "secret.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool account_create(PGconn *conn, const struct account *a, const char *password, int64_t *ret_id,
                    bool *ret_new)
{
	char hash[crypto_pwhash_STRBYTES];

	if (!pg_number(conn, ret_id, "SELECT coalesce(workflow.user_id($1), 0)", 1,
	               (const char *const[]){ a->username }))
		return false;
	*ret_new = !*ret_id;
	if (*ret_id)
		return true;
	if (!password_good(password, a->username, a->email) || !password_hash(password, hash))
		return false;
	return pg_number(conn, ret_id, "SELECT workflow.user_create($1, $2, $3, $4, $5)", 5,
	                 (const char *const[]){ a->username, a->name, a->email, a->role, hash });
}

static bool role_known(const char *role)
{
	static const char *const roles[] = { "administrator", "technical_manager",
		                             "technical_agent", "sales_agent" };

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (!strcmp(roles[i], role))
			return true;
	return false;
}

/* Someone at a terminal gets a password made for him; a script pipes one in. */
static char *choose(bool *ret_made)
{
	*ret_made = isatty(STDIN_FILENO);
	return *ret_made ? password_generate() : password_from_stdin();
}

static int add(const struct account *a)
{
	_cleanup_(secret_cleanup) char *password = NULL;
	_cleanup_(pg_close) PGconn *conn = NULL;
	bool made = false, is_new = false;
	int64_t id;

	password = choose(&made);
	if (!password || !*password) {
		secret_free(password);
		password = password_generate();
		made = true;
	}
	conn = pg_open();
	if (!conn || !account_create(conn, a, password, &id, &is_new))
		return CTL_FAILED;
	if (!is_new)
		return ctl_fail("there is an account \"%s\" already; nothing was changed",
		                a->username);
	printf("Account \"%s\" (%s) was made.\n", a->username, a->role);
	if (made)
		printf("Password, shown only now: %s\n", password);
	return CTL_DONE;
}

int ctl_user(int argc, char **argv)
{
	struct account a = { .role = "sales_agent" };
	const struct ctl_option opts[] = {
		{ "username", &a.username, NULL, "name to sign in with" },
		{ "name", &a.name, NULL, "the person's name" },
		{ "email", &a.email, NULL, "where mail goes" },
		{ "role", &a.role, NULL,
		  "administrator, technical_manager, technical_agent or sales_agent" },
		{ 0 },
	};

	if (argc < 1 || strcmp(argv[0], "add")) {
		fprintf(stderr, "Usage: spsctl user add --username … --name … --email … --role …\n"
		                "The password is the first line of standard input, or made and "
		                "shown once.\n");
		return CTL_USAGE;
	}
	if (ctl_options(argc - 1, argv + 1,
	                "user add [options]   (password: first line of standard input)", opts))
		return CTL_USAGE;
	if (!role_known(a.role))
		return ctl_fail("there is no role \"%s\". Roles: administrator, technical_manager, "
		                "technical_agent, sales_agent",
		                a.role);
	return add(&a);
}
