#include "ctl.h"
#include "log.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *args, *doc;
};

/* clang-format off */
static const struct command commands[] = {
	{ "keygen",         ctl_keygen,         "DIR",       "make the key pairs of all services; keeps those that exist" },
	{ "migrate",        ctl_migrate,        "[options]", "bring the database up to this version" },
	{ "role-passwords", ctl_role_passwords, "DIR",       "give each service's database role a password, one file each" },
	{ "user",           ctl_user,           "add [options]", "make an account, for example the first administrator" },
	{ "demo",           ctl_demo,           "[options]", "make demo accounts and a demo project; writes them to a file" },
	{ 0 },
};
/* clang-format on */

static int usage(FILE *out)
{
	fprintf(out, "Usage: spsctl COMMAND …   (spsctl COMMAND --help says more)\n\n");
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  %-15s %-14s %s\n", c->name, c->args, c->doc);
	fprintf(out, "\nSPS_DB is the connection string of a PostgreSQL superuser.\n");
	return out == stdout ? CTL_DONE : CTL_USAGE;
}

static void complain(const char *fmt, va_list ap)
{
	fputs("spsctl: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int ctl_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap);
	va_end(ap);
	return CTL_FAILED;
}

bool ctl_refuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap);
	va_end(ap);
	return false;
}

static int options_help(const char *what, const struct ctl_option *opts)
{
	fprintf(stderr, "Usage: spsctl %s\n\n", what);
	for (const struct ctl_option *o = opts; o->name; o++)
		fprintf(stderr, "  --%-15s %s%s%s%s%s\n", o->name, o->doc, o->env ? " (or " : "",
		        o->env ? o->env : "", o->env ? ")" : "", *o->value ? "" : "; needed");
	return CTL_USAGE;
}

static const struct ctl_option *option_find(const struct ctl_option *opts, const char *arg)
{
	if (!strncmp(arg, "--", 2))
		for (const struct ctl_option *o = opts; o->name; o++)
			if (!strcmp(o->name, arg + 2))
				return o;
	return NULL;
}

int ctl_options(int argc, char **argv, const char *what, const struct ctl_option *opts)
{
	for (const struct ctl_option *o = opts; o->name; o++)
		if (o->env && getenv(o->env))
			*o->value = getenv(o->env);
	for (int i = 0; i < argc; i += 2) {
		const struct ctl_option *o = option_find(opts, argv[i]);

		if (!strcmp(argv[i], "--help"))
			return options_help(what, opts);
		if (!o || i + 1 == argc) {
			ctl_fail(o ? "%s needs a value" : "there is no option \"%s\"", argv[i]);
			return options_help(what, opts);
		}
		*o->value = argv[i + 1];
	}
	for (const struct ctl_option *o = opts; o->name; o++)
		if (!*o->value) {
			ctl_fail("--%s is missing", o->name);
			return options_help(what, opts);
		}
	return CTL_DONE;
}

int main(int argc, char **argv)
{
	log_init("spsctl", "warn");
	if (sodium_init() < 0)
		return ctl_fail("libsodium cannot be used on this machine");
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))
		return usage(argc < 2 ? stderr : stdout);
	for (const struct command *c = commands; c->name; c++)
		if (!strcmp(c->name, argv[1]))
			return c->run(argc - 2, argv + 2);
	ctl_fail("there is no command \"%s\"", argv[1]);
	return usage(stderr);
}
