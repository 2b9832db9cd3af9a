#pragma once
/*
 * All that comes from a process, also what has left its process group
 *
 * With PR_SET_CHILD_SUBREAPER orphans become our children, so everything a run
 * has started stays below us in the tree, and nothing of it survives us.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

int reap_prepare(void); /* becomes the subreaper; 0 or -errno */
/* Sends @sig to every descendant. How many there were. */
int reap_signal(int sig);
/* SIGKILL until none is left; gives up after @ms. true: none is left. */
bool reap_kill_all(int ms);
