#pragma once
/*
 * spsctl: what an operator does from the command line
 *
 * Each subcommand is a row of the table in main.c and one function below. It
 * says in words what it did on stdout and what went wrong on stderr, and
 * returns the exit status: 0 done, 1 failed, 2 asked for wrongly.
 *
 * The database is the one of SPS_DB, a libpq connection string of a superuser.
 * Passwords and tokens come from files or standard input, never from the
 * command line or the environment, where every process could read them.
 */
#include <stdbool.h>
#include <stddef.h>

enum { CTL_DONE = 0, CTL_FAILED = 1, CTL_USAGE = 2 };

int ctl_keygen(int argc, char **argv);
int ctl_migrate(int argc, char **argv);
int ctl_role_passwords(int argc, char **argv);
int ctl_user(int argc, char **argv);
int ctl_demo(int argc, char **argv);

/* "spsctl: " + the sentence on stderr. Returns CTL_FAILED. */
int ctl_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same, for functions that answer whether it worked. Returns false. */
bool ctl_refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Options of the form --name VALUE; a value may also stand in the environment.
 * @opts ends with a NULL name. Prints what is missing or unknown and returns
 * CTL_USAGE; with --help it prints the table and returns CTL_USAGE too.
 */
struct ctl_option {
	const char *name;   /* without the dashes */
	const char **value; /* holds the default on entry; NULL there: must be given */
	const char *env;    /* environment variable, or NULL */
	const char *doc;
};
int ctl_options(int argc, char **argv, const char *what, const struct ctl_option *opts);
