/* ansible-runner: prepares servers with Ansible; holds the SSH keys and the pinned host keys. */
#include "host_key.h"
#include "identity.h"
#include "jobs.h"
#include "runs.h"

static struct jobs_conf conf;

static const struct conf_param params[] = {
	{ "run_dir", CONF_STR, &conf.dir.run_dir, NULL, "directory of the runs on this machine" },
	{ "playbooks", CONF_STR, &conf.dir.playbooks, NULL, "directory of the playbooks" },
	{ "run_uid", CONF_I64, &conf.dir.run_uid, "0", "user id that playbooks run as; 0: the service's own" },
	{ "ssh_port", CONF_I64, &conf.dir.ssh_port, "22", "port of the servers' SSH" },
	{ "ssh_wait_s", CONF_I64, &conf.ssh_wait_s, "600", "how long a new server may take until SSH answers" },
	{ "grace_ms", CONF_I64, &conf.dir.grace_ms, "10000", "time between asking a run to end and ending it" },
	{ "output_max", CONF_I64, &conf.dir.output_max, "50000000", "bytes of a run's output that are kept" },
	{ "poll_ms", CONF_I64, &conf.poll_ms, "50", "how often runs are looked at" },
	CONF_END,
};

/* clang-format off */
static const struct svc_handler handlers[] = {
	{ &identity_create_msg, on_identity_create },
	{ &server_creating_msg, on_server_creating },
	{ &hostkey_report_msg,  on_hostkey_report },
	{ &server_deleted_msg,  on_server_deleted },
	{ &run_start_msg,       on_run_start },
	{ &run_cancel_msg,      on_run_cancel },
	{ 0 },
};
/* clang-format on */

static int start(struct service *s)
{
	return jobs_start(s, &conf);
}

static void stop(struct service *s)
{
	(void)s;
	jobs_stop();
}

int main(int argc, char **argv)
{
	static const struct svc_main me = { .svc = SVC_RUNNER, .params = params, .handlers = handlers, .start = start, .stop = stop };

	return svc_run(&me, argc, argv);
}
