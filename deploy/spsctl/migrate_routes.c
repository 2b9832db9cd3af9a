/* bus.route: who receives which message and who may send it, copied from proto/messages.h. */
#include "ctl.h"
#include "err.h"
#include "messages.h"
#include "migrate.h"

#include <stdio.h>

/* "{sps_gateway,sps_workflow}": names of our own, so nothing needs quoting. */
static void role_array(unsigned from, char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "{");

	for (const struct svc_info *s = svc_infos; s->name; s++)
		if (from & s->bit)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n > 1 ? "," : "", s->role);
	snprintf(out + n, size - n, "}");
}

static bool add_routes(PGconn *conn, const struct msg_def *msg, size_t *n)
{
	char senders[160];

	role_array(msg->from, senders, sizeof(senders));
	for (const struct svc_info *s = svc_infos; s->name; s++) {
		_cleanup_(pg_clear) PGresult *res = NULL;

		if (!(msg->to & s->bit))
			continue;
		res = pg_query(conn,
		               "INSERT INTO bus.route (type, target, event, senders) VALUES ($1, "
		               "$2, $3, $4)",
		               4,
		               (const char *const[]){ msg->type, s->schema,
		                                      msg->kind == MSG_EVENT ? "t" : "f",
		                                      senders });
		if (!res)
			return false;
		++*n;
	}
	return true;
}

bool migrate_routes(PGconn *conn, size_t *ret_routes)
{
	bool good = pg_do(conn, "BEGIN; SET LOCAL ROLE sps_owner; DELETE FROM bus.route");

	for (const struct msg_def *const *m = message_defs; *m && good; m++)
		good = (*m)->kind == MSG_CALL || add_routes(conn, *m, ret_routes);
	return good && pg_do(conn, "COMMIT");
}
