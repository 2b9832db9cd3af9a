/* demo.json: {"url", "users": {role: {"username", "password"}}, "emulator": {…}} */
#include "ctl.h"
#include "demo.h"
#include "err.h"
#include "files.h"
#include "password.h"
#include "secret.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void json_release(json_t **j)
{
	json_decref(*j);
}

static char *keep(const char *password)
{
	size_t len = strlen(password) + 1;
	char *p = sodium_malloc(len);

	if (!p)
		abort();
	memcpy(p, password, len);
	return p;
}

static bool take_passwords(struct demo *d, const char *path)
{
	_free_ char *text = file_read(path);
	_cleanup_(json_release) json_t *root =
		text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const json_t *users = json_object_get(root, "users");

	if (!text && errno != ENOENT)
		return ctl_refuse("%s cannot be read: %s", path, strerror(errno));
	if (text && !root)
		return ctl_refuse("%s is not readable as JSON; remove it to get new demo accounts",
		                  path);
	for (int i = 0; i < DEMO_USERS; i++) {
		const json_t *user = json_object_get(users, d->user[i].account.role);
		const char *password = json_string_value(json_object_get(user, "password"));

		d->user[i].password = password ? keep(password) : password_generate();
	}
	return true;
}

static json_t *describe(const struct demo *d)
{
	json_t *users = json_object();

	for (int i = 0; i < DEMO_USERS; i++)
		json_object_set_new(users, d->user[i].account.role,
		                    json_pack("{s:s, s:s}", "username", d->user[i].account.username,
		                              "password", d->user[i].password));
	return json_pack("{s:s, s:o, s:{s:s, s:s}}", "url", d->url, "users", users, "emulator",
	                 "endpoint", d->endpoint, "token", d->token);
}

bool demo_file(struct demo *d, const char *path)
{
	_cleanup_(json_release) json_t *root = NULL;
	char *text;
	int r;

	if (!take_passwords(d, path))
		return false;
	root = describe(d);
	text = json_dumps(root, JSON_INDENT(2));
	if (!text)
		return ctl_refuse("an address given for the demo is not valid UTF-8");
	r = file_write(path, 0600, text);
	sodium_memzero(text, strlen(text));
	free(text);
	if (r)
		return ctl_refuse("%s cannot be written: %s", path, strerror(-r));
	return true;
}
