#pragma once
/*
 * The only place where a run has the project's private key: ssh-agent
 *
 * It goes from the service to us through a pipe and from us to ssh-add through
 * another; it is never a file, an argument or an environment variable. The agent
 * signs only towards the pinned host key, and forgets the key when the run's time
 * is over. It does not let itself be debugged, so the playbook can use the key
 * but not read it.
 */
#include "params.h"

/* Reads what the service sends us on @fd into *ret (sodium_malloc, ended by NUL). 0 or -1. */
int agent_read_key(int fd, char **ret);
/* Starts the agent (DIR/work/agent) and gives it @key. 0, or -1 with the reason in @why. */
int agent_start(const struct params *p, const char *key, char why[160]);
