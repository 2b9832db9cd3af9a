#pragma once
/*
 * Starting sps-run: never through a shell, with nothing inherited but what is
 * named. It gets a session of its own and outlives us.
 */
#include <sys/types.h>

struct spawn {
	const char *const *argv;
	int out; /* its standard output, or -1 */
	int key; /* its descriptor 3, or -1 */
};

/* The process id, or -errno. */
pid_t spawn(const struct spawn *s);
/* The path of @name beside our own program. */
const char *spawn_beside(const char *name);
