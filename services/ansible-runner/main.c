/* The ansible-runner: SSH identities, host keys, and runs of playbooks on servers. */
#include "commands.h"
#include "engine.h"
#include "helper.h"
#include "host_key.h"
#include "identity.h"

static struct engine_settings conf;
static struct engine *engine;

static const struct conf_param params[] = {
	{ "run_dir", CONF_STR, &conf.dir.base, NULL,
	  "directory of the runs' own directories; short, and this service's" },
	{ "playbooks", CONF_STR, &conf.dir.playbooks, NULL, "directory of the playbooks" },
	{ "run_uid", CONF_INT(0, UINT32_MAX - 1), &conf.dir.uid, "0",
	  "user id that playbooks run under; 0: the service's own" },
	{ "ssh_port", CONF_INT(1, 65535), &conf.dir.port, "22", "port of SSH on the servers" },
	{ "ssh_wait_s", CONF_INT(1, 86400), &conf.ssh_wait_s, "600",
	  "how long a new server may take to answer" },
	{ "max_runs", CONF_INT(1, 64), &conf.max_runs, "8",
	  "most playbooks of one replica at a time" },
	{ "project_runs", CONF_INT(1, 1000), &conf.project_runs, "4",
	  "most playbooks of one project at a time, of all replicas together" },
	{ "poll_ms", CONF_INT(10, 10000), &conf.poll_ms, "50", "how often runs are looked at" },
	CONF_END,
};

/* clang-format off */
static const struct svc_handler handlers[] = {
	{ &identity_create_msg, on_identity_create },
	{ &server_creating_msg, on_server_creating },
	{ &server_deleted_msg,  on_server_deleted  },
	{ &hostkey_report_msg,  on_hostkey_report  },
	{ &run_start_msg,       on_run_start       },
	{ &run_cancel_msg,      on_run_cancel      },
	{ &run_revoke_msg,      on_run_revoke      },
	{ 0 },
};
/* clang-format on */

static int start(struct service *s)
{
	if (!helper_may_become(conf.dir.uid)) {
		log_error("runner.user", LOG_STR("why", "SPS_RUN_UID needs the capabilities "
		                                        "setuid, setgid, chown and kill, or root"));
		return 1;
	}
	if (run_dir_open(&conf.dir) || helper_find())
		return 1;
	if (!conf.dir.uid)
		log_info("runner.user",
		         LOG_STR("means",
		                 "playbooks run as the service's own user: SPS_RUN_UID is 0"));
	engine = engine_new(s, &conf);
	return 0;
}

static void stop(struct service *s)
{
	(void)s;
	engine = engine_free(engine);
}

int main(int argc, char **argv)
{
	static const struct svc_main me = {
		.svc = SVC_RUNNER,
		.params = params,
		.handlers = handlers,
		.start = start,
		.stop = stop,
	};

	return svc_run(&me, argc, argv);
}
