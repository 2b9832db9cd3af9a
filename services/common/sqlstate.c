#include "sqlstate.h"

#include <stddef.h>
#include <string.h>

/* A longer prefix stands before a shorter one. */
static const struct {
	const char *prefix;
	enum sqlstate means;
} table[] = {
	{ "SP", SQLSTATE_RAISED },
	{ "23502", SQLSTATE_OTHER }, /* not_null_violation: our bug */
	{ "23", SQLSTATE_CONFLICT },
	{ "40", SQLSTATE_RETRY },    /* serialization_failure, deadlock_detected */
	{ "55006", SQLSTATE_RETRY }, /* object_in_use */
	{ "55P03", SQLSTATE_RETRY }, /* lock_not_available */
	{ "57014", SQLSTATE_RETRY }, /* query_canceled: statement_timeout */
	{ "25006", SQLSTATE_DOWN },  /* read_only_sql_transaction: it became a standby */
	{ "25P03", SQLSTATE_DOWN },  /* idle_in_transaction_session_timeout */
	{ "57", SQLSTATE_DOWN },     /* shutting down, starting up, crashed */
	{ "08", SQLSTATE_DOWN },
	{ "53", SQLSTATE_DOWN }, /* disk full, out of memory, too many connections */
	{ "58", SQLSTATE_DOWN }, /* system and I/O errors */
};

enum sqlstate sqlstate(const char *state)
{
	for (size_t i = 0; state && i < sizeof(table) / sizeof(table[0]); i++)
		if (!strncmp(state, table[i].prefix, strlen(table[i].prefix)))
			return table[i].means;
	return SQLSTATE_OTHER;
}

bool sqlstate_passing(const char *state)
{
	enum sqlstate means = sqlstate(state);

	return means == SQLSTATE_RETRY || means == SQLSTATE_DOWN;
}
