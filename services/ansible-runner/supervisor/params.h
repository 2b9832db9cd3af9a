#pragma once
/*
 * What the service has prepared for one run, in its directory
 *
 *     params.json   what is below
 *     in/           read by ansible-playbook: ansible.cfg, inventory.json, playbook.yml,
 *                   vars.json, known_hosts, passwd, plugins/sps_events.py
 *     work/         its home and scratch space, the agent's socket, ssh's masters
 *
 * and what the supervisor adds: lock (held while it lives), spool, supervisor.log.
 * The service asks for the end with a file: cancel (gently), kill (now).
 */
#include <stdint.h>
#include <sys/types.h>

struct params {
	char dir[256]; /* absolute */
	uid_t uid;     /* 0: stay who we are */
	int64_t timeout_s, grace_ms, output_max;
	char address[64];
	int port;
};

/* 0, or -1 with the reason in @why. */
int params_read(struct params *p, const char *dir, char why[160]);
/* DIR/@name, in a buffer that the next but seven calls reuse. */
const char *params_path(const struct params *p, const char *name);
/* How known_hosts names the server: ADDRESS, or [ADDRESS]:PORT. */
void params_host(const struct params *p, char *out, size_t room);
