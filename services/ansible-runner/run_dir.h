#pragma once
/*
 * Directories of runs: RUN_DIR/<run id>, as supervisor/params.h describes them
 *
 * Everything in them is made here from values that were checked, under names
 * that were not given by anybody. The playbook finds next to itself only what we
 * put there: Ansible would run plug-ins it finds beside a playbook.
 */
#include "run.h"

struct run_dir_settings {
	const char *base;      /* run_dir, absolute */
	const char *playbooks; /* the directory they are copied from */
	int64_t uid;           /* of runs; 0: our own */
	int64_t port;          /* of ssh on servers */
	char place[UUID_TEXT]; /* which directory this is, whoever opens it */
};

/* Checks @base and reads or makes its identity. 0 or -errno, said in the log. */
int run_dir_open(struct run_dir_settings *s);
void run_dir_path(const struct run_dir_settings *s, int64_t run, char out[256]);
/* How known_hosts and ssh-keyscan name the run's server. */
void run_dir_host(const struct run_dir_settings *s, const struct run *run, char out[80]);
/* Makes everything the supervisor needs; may be repeated while nothing has started. 0, or -1 with
 * the reason in @why. */
int run_dir_prepare(const struct run_dir_settings *s, const struct run *run, const char *host_key,
                    char why[200]);
/* The supervisor's wish list: "cancel" or "kill". false: there is no directory (yet). */
bool run_dir_wish(const struct run_dir_settings *s, int64_t run, const char *wish);
/* Is its supervisor alive? Only to be asked when there is a spool: then no other will ever begin.
 */
bool run_dir_locked(const struct run_dir_settings *s, int64_t run);
/* Kills a supervisor that does not end by itself. */
void run_dir_kill(const struct run_dir_settings *s, int64_t run);
/* Is there more than the spool? */
bool run_dir_untidy(const struct run_dir_settings *s, int64_t run);
/* Removes all but the spool; work/ must be empty already. */
void run_dir_tidy(const struct run_dir_settings *s, int64_t run);
/* Removes all. */
void run_dir_remove(const struct run_dir_settings *s, int64_t run);
