#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *spawn_beside(const char *name)
{
	static char path[PATH_MAX + 64];
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	snprintf(path, sizeof(path), "%.*s/%s", slash ? (int)(slash - self) : 1, slash ? self : ".", name);
	return path;
}

static int actions_for(const struct spawn *s, posix_spawn_file_actions_t *a)
{
	int r = posix_spawn_file_actions_init(a);

	r = r ? r : posix_spawn_file_actions_addopen(a, 0, "/dev/null", O_RDONLY, 0);
	if (s->out >= 0)
		r = r ? r : posix_spawn_file_actions_adddup2(a, s->out, 1);
	else
		r = r ? r : posix_spawn_file_actions_addopen(a, 1, "/dev/null", O_WRONLY, 0);
	if (s->key >= 0)
		r = r ? r : posix_spawn_file_actions_adddup2(a, s->key, 3);
	return r;
}

pid_t spawn(const struct spawn *s)
{
	static char *const env[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	pid_t pid = -1;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	r = actions_for(s, &actions);
	r = r ? r : posix_spawn(&pid, s->argv[0], &actions, &attr, (char *const *)s->argv, env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return r ? -r : pid;
}
