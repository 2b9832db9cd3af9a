#include "demo.h"
#include "ctl.h"
#include "err.h"
#include "files.h"
#include "secret.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct account accounts[DEMO_USERS] = {
	/* username  name            e-mail               role                */
	{ "ada",     "Ada Admin",    "ada@example.org",   "administrator"     },
	{ "max",     "Max Manager",  "max@example.org",   "technical_manager" },
	{ "tina",    "Tina Tech",    "tina@example.org",  "technical_agent"   },
	{ "sam",     "Sam Sales",    "sam@example.org",   "sales_agent"       },
};

/* What they may do in the demo project beyond what their role allows everywhere. */
static const struct { int user; const char *level; } grants[] = {
	{ 1, "3" }, /* the technical manager approves small requests */
	{ 2, "2" }, /* the technical agent operates its servers */
};
/* clang-format on */

static bool make_accounts(PGconn *conn, struct demo *d)
{
	for (int i = 0; i < DEMO_USERS; i++)
		if (!account_create(conn, &d->user[i].account, d->user[i].password, &d->user[i].id,
		                    &d->user[i].is_new))
			return false;
	return true;
}

static bool make_grants(PGconn *conn, const struct demo *d, int64_t project)
{
	char who[24], what[24], by[24];

	snprintf(what, sizeof(what), "%lld", (long long)project);
	snprintf(by, sizeof(by), "%lld", (long long)d->user[0].id);
	for (size_t i = 0; i < sizeof(grants) / sizeof(grants[0]); i++) {
		_cleanup_(pg_clear) PGresult *res = NULL;

		snprintf(who, sizeof(who), "%lld", (long long)d->user[grants[i].user].id);
		res = pg_query(conn,
		               "SELECT workflow.project_grant_set($1::bigint, $2::bigint, $3::int, "
		               "$4::bigint)",
		               4, (const char *const[]){ who, what, grants[i].level, by });
		if (!res)
			return false;
	}
	return true;
}

static char *first_line(const char *path)
{
	char *text = file_read(path);

	if (!text) {
		ctl_fail("%s cannot be read: %s", path, strerror(errno));
		return NULL;
	}
	text[strcspn(text, "\r\n")] = '\0';
	return text;
}

/* Shown only when they are new; afterwards they are in the file. */
static void show(const struct demo *d, const char *path)
{
	bool is_new = false;

	for (int i = 0; i < DEMO_USERS; i++)
		is_new |= d->user[i].is_new;
	if (!is_new)
		return;
	printf("Demo accounts (also in %s):\n", path);
	for (int i = 0; i < DEMO_USERS; i++)
		printf("  %-18s %-5s %s\n", d->user[i].account.role, d->user[i].account.username,
		       d->user[i].password);
}

static void release(struct demo *d)
{
	for (int i = 0; i < DEMO_USERS; i++)
		secret_free(d->user[i].password);
	if (d->token)
		sodium_memzero(d->token, strlen(d->token));
	free(d->token);
}

static int run(struct demo *d, const char *out, const struct keys *keys)
{
	_cleanup_(pg_close) PGconn *conn = NULL;
	int64_t project = 0;

	if (!demo_file(d, out))
		return CTL_FAILED;
	conn = pg_open();
	if (!conn || !make_accounts(conn, d) || !demo_project(conn, d, keys, &project) ||
	    !make_grants(conn, d, project))
		return CTL_FAILED;
	show(d, out);
	return CTL_DONE;
}

int ctl_demo(int argc, char **argv)
{
	const char *out = "var/demo.json", *key_dir = NULL, *token_file = NULL;
	_cleanup_(release) struct demo d = { 0 };
	const struct ctl_option opts[] = {
		{ "url", &d.url, "SPS_PUBLIC_URL", "address of the portal" },
		{ "endpoint", &d.endpoint, "SPS_HETZNER_ENDPOINT",
		  "address of the emulator's API" },
		{ "token-file", &token_file, NULL,
		  "file whose first line is the emulator's token" },
		{ "keys", &key_dir, "SPS_KEYS", "the key directory" },
		{ "out", &out, NULL, "file to write; var/demo.json when not given" },
		{ 0 },
	};
	_cleanup_(keys_release) struct keys keys = { 0 };

	if (ctl_options(argc, argv, "demo [options]", opts))
		return CTL_USAGE;
	for (int i = 0; i < DEMO_USERS; i++)
		d.user[i].account = accounts[i];
	d.token = first_line(token_file);
	if (!d.token || keys_load(&keys, key_dir, NULL))
		return CTL_FAILED;
	return run(&d, out, &keys);
}
