#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MEMORY (2048UL << 20)
#define FILE_SIZE (256UL << 20)
#define PROCESSES 512UL
#define FILES 1024UL

static int set_caps(unsigned bits)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = bits, .permitted = bits } };

	return (int)syscall(SYS_capset, &head, data);
}

int launch_drop(uid_t uid)
{
	if (uid && (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
		return -1;
	if (uid && (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) || set_caps(0)))
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void launch_keep_kill(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (!syscall(SYS_capget, &head, data))
		set_caps(data[0].permitted & (1U << CAP_KILL));
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

bool launch_needs_passwd(uid_t uid)
{
	return uid && !getpwuid(uid);
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -1;
	r = write(fd, text, strlen(text)) < 0 ? -1 : 0;
	close(fd);
	return r;
}

/* A name for our uid: a file of ours in place of /etc/passwd, in a mount namespace of the process's
 * own. */
static int show_passwd(uid_t uid, const char *file)
{
	char map[64];

	snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	/* after setuid /proc/self belongs to root until we say that we may be looked at */
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) || unshare(CLONE_NEWUSER | CLONE_NEWNS) ||
	                       put("/proc/self/uid_map", map) ||
	                       put("/proc/self/setgroups", "deny") ||
	                       put("/proc/self/gid_map", map) ||
	                       mount(file, "/etc/passwd", NULL, MS_BIND, NULL)
	               ? -1
	               : 0;
}

static int limit(int what, rlim_t most)
{
	struct rlimit now, want = { most, most };

	if (getrlimit(what, &now))
		return -1;
	if (now.rlim_max < most)
		want.rlim_cur = want.rlim_max = now.rlim_max;
	return setrlimit(what, &want);
}

static int limit_all(void)
{
	return limit(RLIMIT_AS, MEMORY) || limit(RLIMIT_FSIZE, FILE_SIZE) ||
	                       limit(RLIMIT_NPROC, PROCESSES) || limit(RLIMIT_NOFILE, FILES) ||
	                       limit(RLIMIT_CORE, 0)
	               ? -1
	               : 0;
}

static int place(int fd, int at)
{
	if (fd < 0)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	return fd == at ? fcntl(fd, F_SETFD, 0) : dup2(fd, at) < 0 ? -1 : 0;
}

struct trouble {
	int error;
	char step[32];
};

static void give_up(int report, const char *step)
{
	struct trouble t = { .error = errno };

	snprintf(t.step, sizeof(t.step), "%s", step);
	_exit(write(report, &t, sizeof(t)) == sizeof(t) ? 127 : 126);
}

static void child(const struct launch *l, int report, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	umask(077);
	if (setpgid(0, 0) || place(l->in, 0) || place(l->out, 1) || place(l->err, 2) ||
	    (l->extra >= 0 && place(l->extra, 3)))
		give_up(report, "descriptors");
	close_range(l->extra >= 0 ? 4 : 3, ~0U, CLOSE_RANGE_CLOEXEC);
	if (l->limited && limit_all())
		give_up(report, "limits");
	if (launch_drop(l->uid))
		give_up(report, "user");
	if (l->passwd && show_passwd(l->uid, l->passwd))
		give_up(report, "user namespace");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != parent)
		give_up(report, "parent");
	if (chdir(l->dir))
		give_up(report, "directory");
	execve(l->argv[0], (char *const *)l->argv, (char *const *)l->env);
	give_up(report, l->argv[0]);
}

pid_t launch(const struct launch *l, char why[160])
{
	struct trouble t;
	int report[2], high;
	pid_t pid, parent = getpid();

	if (pipe2(report, O_CLOEXEC)) {
		snprintf(why, 160, "pipe: %s", strerror(errno));
		return -1;
	}
	high = fcntl(report[1], F_DUPFD_CLOEXEC, 10); /* out of the way of what is put at 0 to 3 */
	close(report[1]);
	pid = high < 0 ? -1 : fork();
	if (!pid)
		child(l, high, parent);
	if (pid < 0)
		snprintf(why, 160, "fork: %s", strerror(errno));
	if (high >= 0)
		close(high);
	if (pid > 0 && read(report[0], &t, sizeof(t)) == sizeof(t)) {
		snprintf(why, 160, "%s: %s", t.step, strerror(t.error));
		pid = -1;
	}
	close(report[0]);
	return pid;
}
