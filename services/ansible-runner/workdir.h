#pragma once
/*
 * The directory of a run: what ansible-playbook reads, written anew by us
 *
 * Nothing in it is a secret (the key goes through a pipe), nothing in it comes
 * from a person but names that follow a grammar. See supervisor/params.h.
 */
#include "runs.h"

struct workdir_conf {
	const char *run_dir, *playbooks;
	int64_t run_uid, ssh_port, grace_ms, output_max;
};

#define WORKDIR_PATH 300
/* The directory of this run; the same at every call, and not to be guessed by others. */
void workdir_path(struct service *s, const struct workdir_conf *conf, int64_t run, char out[WORKDIR_PATH]);
/* Makes it (again). 0, or -errno with the reason in @why. */
int workdir_prepare(struct service *s, const struct workdir_conf *conf, const struct run_row *r, const char *host_key,
                    char why[200]);
/* Asks the supervisor for the end: creates the file @wish ("cancel" or "kill"). */
void workdir_wish(struct service *s, const struct workdir_conf *conf, int64_t run, const char *wish);
/* Is a supervisor alive in it? */
bool workdir_locked(struct service *s, const struct workdir_conf *conf, int64_t run);
/* The id of this run directory, made at first use: tells one machine from another. 0 or -errno. */
int workdir_place(const struct workdir_conf *conf, char out[UUID_TEXT]);
