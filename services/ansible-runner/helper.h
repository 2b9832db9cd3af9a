#pragma once
/* Starting sps-run, which lies beside our own program, in its three ways (supervisor/main.c). */
#include "run_dir.h"

#include <sys/types.h>

/* Finds sps-run and tries whether it may be executed. 0 or -errno, said in the log. */
int helper_find(void);
/* May we start programs as @uid, give files to it and end its processes? */
bool helper_may_become(int64_t uid);
/*
 * The supervisor of a run: a session of its own, so that it outlives us. @key
 * goes through a pipe. Its process id or -errno.
 */
pid_t helper_supervisor(const struct run_dir_settings *s, int64_t run, const char *key);
/* One look at the server; its answer comes on *ret_fd (non-blocking), until the end. Process id or
 * -errno. */
pid_t helper_scan(const struct run_dir_settings *s, const char *address, int *ret_fd);
/* Ends what is left of a run and empties work/. Process id or -errno. */
pid_t helper_clean(const struct run_dir_settings *s, int64_t run);
