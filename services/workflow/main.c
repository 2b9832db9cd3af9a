/* The workflow service: people, projects, requests, and the way from a request to a server. */
#include "decide.h"
#include "project.h"
#include "request_fsm.h"
#include "saga.h"
#include "saga_clock.h"
#include "saga_events.h"
#include "sign_in.h"
#include "submit.h"
#include "throttle.h"

#include <string.h>

static struct {
	int64_t retry_base_ms, step_limit_percent;
} conf;

static const struct conf_param params[] = {
	{ "retry_base_ms", CONF_INT(1, 60000), &conf.retry_base_ms, "1000",
	  "first pause before a lost run is started again" },
	{ "step_limit_percent", CONF_INT(1, 10000), &conf.step_limit_percent, "100",
	  "time limits of the steps, in percent" },
	CONF_END,
};

/* clang-format off */
static const struct svc_handler handlers[] = {
	{ &request_submit_msg,    on_request_submit    },
	{ &request_approve_msg,   on_request_decision  },
	{ &request_reject_msg,    on_request_decision  },
	{ &request_cancel_msg,    on_request_decision  },
	{ &request_provision_msg, on_request_decision  },
	{ &request_retry_msg,     on_request_decision  },
	{ &request_rollback_msg,  on_request_decision  },
	{ &project_create_msg,    on_project_create    },
	{ &project_token_set_msg, on_project_token_set },
	{ &step_progress_msg,     on_step_progress     },
	{ &server_created_msg,    on_server_created    },
	{ &server_failed_msg,     on_server_failed     },
	{ &server_deleted_msg,    on_server_deleted    },
	{ &run_finished_msg,      on_run_finished      },
	{ &token_checked_msg,     on_token_checked     },
	{ &identity_created_msg,  on_identity_created  },
	{ 0 },
};

static const struct svc_call_handler calls[] = {
	{ &session_verify_msg,    on_session_verify    },
	{ 0 },
};
/* clang-format on */

static int start(struct service *s)
{
	saga_configure(conf.step_limit_percent, conf.retry_base_ms);
	saga_clock_start(s);
	throttle_start(s);
	return sign_in_start(s);
}

static void stop(struct service *s)
{
	(void)s;
	sign_in_stop();
}

int main(int argc, char **argv)
{
	static const struct svc_main me = {
		.svc = SVC_WORKFLOW,
		.params = params,
		.handlers = handlers,
		.calls = calls,
		.start = start,
		.stop = stop,
		.idle = sign_in_idle,
	};

	if (argc > 1 && !strcmp(argv[1], "--fsm")) {
		request_fsm_print(stdout);
		return 0;
	}
	return svc_run(&me, argc, argv);
}
