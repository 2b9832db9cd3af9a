#pragma once
/*
 * Driving runs: from SSH's first answer to the last line of the log
 *
 * All state is in the database and in the run's directory; what is in memory is
 * made from them, so another replica of this machine, or we after a restart, go
 * on where it stopped. A supervisor is never started twice (its spool must not
 * exist), and a write is refused when the run was taken over (owner and fence).
 */
#include "service.h"
#include "workdir.h"

struct jobs_conf {
	struct workdir_conf dir;
	int64_t poll_ms, ssh_wait_s;
};

int jobs_start(struct service *s, const struct jobs_conf *conf);
void jobs_stop(void);
