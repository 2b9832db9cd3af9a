#include "reap.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 8192

struct process {
	pid_t pid, parent;
	bool ours, gone;
};

int reap_prepare(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1) ? -errno : 0;
}

/* /proc/PID/stat: "PID (NAME) STATE PARENT …"; the name may hold anything, brackets too. */
static bool read_stat(int proc, const char *pid, struct process *ret)
{
	char path[32], text[512], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%.16s/stat", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	p = strrchr(text, ')');
	if (!p || strlen(p) < 5)
		return false;
	*ret = (struct process){ .pid = (pid_t)strtol(pid, NULL, 10),
		                 .parent = (pid_t)strtol(p + 4, NULL, 10),
		                 .gone = p[2] == 'Z' };
	return true;
}

static size_t read_all(struct process *list)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	size_t n = 0;

	while (d && n < MOST && (e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0]) &&
		    read_stat(dirfd(d), e->d_name, &list[n]))
			n++;
	if (d)
		closedir(d);
	return n;
}

static bool is_ours(const struct process *list, size_t n, pid_t pid)
{
	if (pid == getpid())
		return true;
	for (size_t i = 0; i < n; i++)
		if (list[i].pid == pid)
			return list[i].ours;
	return false;
}

static void mark(struct process *list, size_t n)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < n; i++)
			if (!list[i].ours && is_ours(list, n, list[i].parent))
				more = list[i].ours = true;
	}
}

int reap_signal(int sig)
{
	struct process *list = calloc(MOST, sizeof(*list));
	size_t n = list ? read_all(list) : 0;
	int found = 0;

	mark(list, n);
	for (size_t i = 0; i < n; i++)
		if (list[i].ours && !list[i].gone) {
			kill(list[i].pid, sig);
			found++;
		}
	free(list);
	return found;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool reap_kill_all(int ms)
{
	int64_t until = now_ms() + ms;
	const struct timespec pause = { .tv_nsec = 2000000 };

	for (;;) {
		int left = reap_signal(SIGKILL);

		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (!left)
			return true;
		if (now_ms() > until)
			return false;
		nanosleep(&pause, NULL);
	}
}
