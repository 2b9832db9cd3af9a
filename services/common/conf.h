#pragma once
/*
 * Configuration: one table per program
 *
 *     static const struct conf_param params[] = {
 *             { "db", CONF_STR, &conf.db, "", "PostgreSQL connection string" },
 *             { "workers", CONF_INT(1, 64), &conf.workers, "1", "worker processes" },
 *             CONF_END,
 *     };
 *
 * A value comes from the environment as SPS_ + the upper-cased name (SPS_DB),
 * else from the file named by SPS_CONF (lines "name = value", # comments), else
 * from the default. A default of NULL means: must be given. A name in the file
 * that is unknown or there twice, and a number that is unreadable or out of its
 * range, is an error in words on stderr.
 * `--help` prints the table and exits 0.
 */
#include <stdbool.h>
#include <stdint.h>

struct conf_kind {
	enum { CONF_TEXT, CONF_NUMBER, CONF_FLAG } is;
	int64_t min, max; /* of a number */
};
#define CONF_STR { CONF_TEXT, 0, 0 }
#define CONF_INT(min, max) { CONF_NUMBER, (min), (max) }
#define CONF_BOOL { CONF_FLAG, 0, 0 }

struct conf_param {
	const char *name;
	struct conf_kind kind;
	void *value; /* const char ** (lives until exit), int64_t *, bool * */
	const char *fallback;
	const char *doc;
};
#define CONF_END { 0 }

/* Reads all tables (a NULL-terminated list). 0, or -EINVAL after saying why. */
int conf_load(const struct conf_param *const *tables);
/* Prints environment variable, meaning, range and default of every parameter. */
void conf_help(const struct conf_param *const *tables);
