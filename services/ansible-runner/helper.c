#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char program[4096];

int helper_find(void)
{
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 16);
	char *slash;

	if (n < 0)
		return -errno;
	program[n] = '\0';
	slash = strrchr(program, '/');
	memcpy(slash, "/sps-run", sizeof("/sps-run"));
	if (access(program, X_OK)) {
		log_error("sps-run.missing", LOG_STR("path", program),
		          LOG_STR("why", strerror(errno)));
		return -errno;
	}
	return 0;
}

bool helper_may_become(int64_t uid)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	const unsigned needed =
		1U << CAP_SETUID | 1U << CAP_SETGID | 1U << CAP_CHOWN | 1U << CAP_KILL;

	return !uid ||
	       (!syscall(SYS_capget, &head, data) && (data[0].effective & needed) == needed);
}

struct plan {
	const char *const *argv;
	int in3;         /* becomes descriptor 3; -1: none */
	int out;         /* becomes standard output; -1: /dev/null */
	const char *log; /* file for standard error; NULL: /dev/null */
	bool session;
};

/* Nothing of ours is inherited but what the plan names: no descriptor, no environment. */
static pid_t spawn(const struct plan *p)
{
	static const char *const env[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	pid_t pid;
	int r;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(
		&attr, (short)(POSIX_SPAWN_SETSIGMASK | (p->session ? POSIX_SPAWN_SETSID : 0)));
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (p->out >= 0)
		posix_spawn_file_actions_adddup2(&files, p->out, 1);
	else
		posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, p->log ? p->log : "/dev/null",
	                                 O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (p->in3 >= 0)
		posix_spawn_file_actions_adddup2(&files, p->in3, 3);
	posix_spawn_file_actions_addclosefrom_np(&files, p->in3 >= 0 ? 4 : 3);
	posix_spawn_file_actions_addchdir_np(&files, "/");
	r = posix_spawn(&pid, program, &files, &attr, (char *const *)p->argv, (char *const *)env);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return r ? -r : pid;
}

pid_t helper_supervisor(const struct run_dir_settings *s, int64_t run, const char *key)
{
	char dir[256], log[280];
	const char *const argv[] = { "sps-run", dir, NULL };
	int ends[2];
	ssize_t done;
	pid_t pid;

	run_dir_path(s, run, dir);
	snprintf(log, sizeof(log), "%s/supervisor.log", dir);
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	done = write(ends[1], key,
	             strlen(key)); /* a pipe takes 64 KiB at once, a key has 400 bytes */
	close(ends[1]);
	pid = done < 0 ? -errno
	               : spawn(&(struct plan){ .argv = argv,
	                                       .in3 = ends[0],
	                                       .out = -1,
	                                       .log = log,
	                                       .session = true });
	close(ends[0]);
	return pid;
}

pid_t helper_scan(const struct run_dir_settings *s, const char *address, int *ret_fd)
{
	char uid[24], port[24];
	const char *const argv[] = { "sps-run", "--scan", uid, address, port, NULL };
	int ends[2];
	pid_t pid;

	snprintf(uid, sizeof(uid), "%" PRId64, s->uid);
	snprintf(port, sizeof(port), "%" PRId64, s->port);
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = spawn(&(struct plan){ .argv = argv, .in3 = -1, .out = ends[1] });
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return pid;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*ret_fd = ends[0];
	return pid;
}

pid_t helper_clean(const struct run_dir_settings *s, int64_t run)
{
	char uid[24], dir[256];
	const char *const argv[] = { "sps-run", "--clean", uid, dir, NULL };

	snprintf(uid, sizeof(uid), "%" PRId64, s->uid);
	run_dir_path(s, run, dir);
	return spawn(&(struct plan){ .argv = argv, .in3 = -1, .out = -1 });
}
