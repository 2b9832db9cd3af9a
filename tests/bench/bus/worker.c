/*
 * A service with one command, for the fault tests and benchmarks of the bus: each
 * hostkey.report adds one row to bench.effect, which has no unique constraint, so a
 * command done twice is seen as two rows. SPS_BENCH_MODE says what else happens:
 *
 *   ""        nothing
 *   careless  claims without looking at the state (negative control: must double)
 *   poison    a key that starts with "poison" kills the process
 */
#include "service.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char *mode;

static const struct conf_param params[] = {
	{ "bench_mode", CONF_STR, &mode, "", "how the worker misbehaves" },
	CONF_END,
};

static int on_report(struct cmd *c, const void *body)
{
	static const struct db_query q = {
		.name = "effect_add",
		.sql = "INSERT INTO bench.effect (id, attempt) VALUES ($1::uuid, $2::int)",
	};
	const struct hostkey_report *in = body;

	if (!strcmp(mode, "poison") && strstr(in->key, "poison"))
		kill(getpid(), SIGKILL);
	if (strstr(in->key, "reject-after-write")) {
		db_exec(c->db, &q, NULL, db_str(c->id), db_i64(c->attempt));
		return cmd_reject(c, 409, NULL, "busy", "This one is refused after it wrote.");
	}
	return db_exec(c->db, &q, NULL, db_str(c->id), db_i64(c->attempt));
}

static const struct svc_handler handlers[] = { { &hostkey_report_msg, on_report }, { 0 } };

int main(int argc, char **argv)
{
	static const struct svc_main me = { .svc = SVC_RUNNER, .params = params, .handlers = handlers };

	return svc_run(&me, argc, argv);
}
