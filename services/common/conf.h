#pragma once
/*
 * Configuration: one table per program
 *
 *     static const struct conf_param params[] = {
 *             { "db", CONF_STR, &conf.db, "", "PostgreSQL connection string" },
 *             CONF_END,
 *     };
 *
 * A value comes from the environment as SPS_ + the upper-cased name (SPS_DB),
 * else from the file named by SPS_CONF (lines "name = value", # comments), else
 * from the default. A default of NULL means: must be given. An unknown name in
 * the file or an unreadable number is an error in words on stderr.
 * `--help` prints the table and exits 0.
 */
#include <stdbool.h>
#include <stdint.h>

enum conf_kind { CONF_STR, CONF_I64, CONF_BOOL };

struct conf_param {
	const char *name;
	enum conf_kind kind;
	void *value; /* const char ** (lives until exit), int64_t *, bool * */
	const char *fallback;
	const char *doc;
};
#define CONF_END { 0 }

/* Reads all tables (a NULL-terminated list). 0, or -EINVAL after saying why. */
int conf_load(const struct conf_param *const *tables);
/* Prints name, environment variable, default and meaning of every parameter. */
void conf_help(const struct conf_param *const *tables);
