#include "supervise.h"
#include "agent.h"
#include "launch.h"
#include "reap.h"
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEY_FD 3
#define LAST_WORDS_MS 5000 /* how long the killed may take to be gone */

struct run {
	struct params params;
	struct spool spool;
	struct mask *mask;
	struct streams streams;
	int signals, wishes; /* signalfd; inotify: the files cancel and kill */
	pid_t ansible;
	bool ended;
	int status;
	const char *reason; /* why it is being ended; NULL: it is not */
	int64_t deadline, kill_at;
	char why[160];
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- starting ------------------------------------------------------------------------------ */

static int start_ansible(struct run *r)
{
	const struct params *p = &r->params;
	char config[320], home[300], tmp[320], run[300], inventory[330], vars[330], playbook[330];
	const char *const argv[] = {
		"/usr/bin/ansible-playbook", "-i", inventory, "-e", vars, "--", playbook, NULL
	};
	const char *const env[] = { "PATH=/usr/bin:/bin",
		                    "LANG=C.UTF-8",
		                    "LC_ALL=C.UTF-8",
		                    "SSH_AUTH_SOCK=agent",
		                    "SPS_EVENT_FD=3",
		                    "PYTHONDONTWRITEBYTECODE=1",
		                    config,
		                    home,
		                    tmp,
		                    run,
		                    NULL };
	int ends[N_STREAMS] = { -1, -1, -1 };

	snprintf(config, sizeof(config), "ANSIBLE_CONFIG=%s/in/ansible.cfg", p->dir);
	snprintf(home, sizeof(home), "HOME=%s/work", p->dir);
	snprintf(tmp, sizeof(tmp), "TMPDIR=%s/work/tmp", p->dir);
	snprintf(run, sizeof(run), "SPS_RUN=%s", p->dir);
	snprintf(inventory, sizeof(inventory), "%s/in/inventory.json", p->dir);
	snprintf(vars, sizeof(vars), "@%s/in/vars.json", p->dir);
	snprintf(playbook, sizeof(playbook), "%s/in/playbook.yml", p->dir);
	if (streams_open(&r->streams, &r->spool, r->mask, ends))
		snprintf(r->why, sizeof(r->why), "pipe: %s", strerror(errno));
	else
		r->ansible =
			launch(&(struct launch){ .argv = argv,
		                                 .env = env,
		                                 .dir = params_path(p, "work"),
		                                 .in = -1,
		                                 .out = ends[OUT],
		                                 .err = ends[ERR],
		                                 .extra = ends[EVENTS],
		                                 .uid = p->uid,
		                                 .passwd = launch_needs_passwd(p->uid)
		                                                   ? params_path(p, "in/passwd")
		                                                   : NULL,
		                                 .limited = true },
		               r->why);
	for (int i = 0; i < N_STREAMS; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	return r->ansible > 0 ? 0 : -1;
}

static int start(struct run *r)
{
	char *key = NULL;
	int bad;

	if (agent_read_key(KEY_FD, &key)) {
		snprintf(r->why, sizeof(r->why), "the service did not hand over the key");
		return -1;
	}
	close(KEY_FD);
	mask_add_lines(r->mask, key);
	bad = agent_start(&r->params, key, r->why);
	sodium_free(key);
	if (bad || start_ansible(r))
		return -1;
	launch_keep_kill();
	spool_started(&r->spool);
	r->deadline = now_ms() + r->params.timeout_s * 1000;
	return 0;
}

/* ---- ending -------------------------------------------------------------------------------- */

/* The first reason counts. A second call, or a call with @now, does not wait any more. */
static void end(struct run *r, const char *reason, const char *say, bool now)
{
	if (!r->reason) {
		r->reason = reason;
		r->kill_at = now_ms() + r->params.grace_ms;
		spool_say(&r->spool, say);
		reap_signal(SIGTERM);
		if (!now)
			return;
	}
	r->kill_at = now_ms();
}

static void on_wish(struct run *r)
{
	char data[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(r->wishes, data, sizeof(data));

	(void)n; /* which file it was does not matter: look which are there */
	if (!access(params_path(&r->params, "kill"), F_OK))
		end(r, "cancelled",
		    "The run is being ended at once, because somebody asked for it.", true);
	else if (!r->reason && !access(params_path(&r->params, "cancel"), F_OK))
		end(r, "cancelled", "The run is being ended, because somebody asked for it.",
		    false);
}

static void on_signal(struct run *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			end(r, "cancelled",
			    "The run is being ended, because its supervisor was told to stop.",
			    false);
}

/* Orphans become our children; only one of the children is the run. */
static void collect(struct run *r)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == r->ansible) {
			r->ended = true;
			r->status = status;
		}
}

static void check_clock(struct run *r)
{
	int64_t now = now_ms();

	if (!r->reason && now >= r->deadline)
		end(r, "timeout", "The run has used up its time and is being ended.", false);
	if (!r->reason && r->spool.broken)
		end(r, "disk_full", "The log cannot be written.", true);
	if (r->reason && r->kill_at && now >= r->kill_at) {
		reap_signal(SIGKILL);
		r->kill_at = now + 200; /* until it is gone */
	}
}

static int patience(const struct run *r)
{
	int64_t until = r->reason ? r->kill_at : r->deadline, left = until - now_ms();

	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void turn(struct run *r)
{
	struct pollfd p[N_STREAMS + 2];

	for (int i = 0; i < N_STREAMS; i++)
		p[i] = (struct pollfd){ .fd = r->streams.at[i].fd, .events = POLLIN };
	p[N_STREAMS] = (struct pollfd){ .fd = r->signals, .events = POLLIN };
	p[N_STREAMS + 1] = (struct pollfd){ .fd = r->wishes, .events = POLLIN };
	if (poll(p, N_STREAMS + 2, patience(r)) < 0 && errno != EINTR)
		abort();
	for (int i = 0; i < N_STREAMS; i++)
		if (p[i].revents)
			stream_read(&r->streams.at[i], 4);
	if (p[N_STREAMS].revents)
		on_signal(r);
	if (p[N_STREAMS + 1].revents)
		on_wish(r);
	collect(r);
	check_clock(r);
	spool_flush(&r->spool);
}

/*
 * ssh's master and whatever else is left may hold our pipes, so their end may
 * not come by itself. What ansible-playbook wrote is in them: a pipe holds no
 * more than a chunk.
 */
static void finish(struct run *r)
{
	for (int i = 0; i < N_STREAMS; i++)
		stream_read(&r->streams.at[i], 4);
	if (!reap_kill_all(LAST_WORDS_MS))
		spool_say(&r->spool, "Some processes of the run could not be ended.");
	for (int i = 0; i < N_STREAMS; i++) {
		stream_read(&r->streams.at[i], 4);
		stream_close(&r->streams.at[i]);
	}
}

static int exit_code(const struct run *r)
{
	if (!r->ended)
		return -1;
	return WIFSIGNALED(r->status) ? 128 + WTERMSIG(r->status) : WEXITSTATUS(r->status);
}

static void supervise(struct run *r)
{
	if (start(r)) {
		reap_kill_all(LAST_WORDS_MS);
		spool_end(&r->spool, -1, "setup", r->why);
		return;
	}
	spool_flush(&r->spool);
	on_wish(r); /* it may have been there before we looked */
	while (!r->ended)
		turn(r);
	finish(r);
	spool_end(&r->spool, exit_code(r), r->reason ? r->reason : "", "");
}

/* ---- before anything else ------------------------------------------------------------------ */

static int take_lock(const char *dir)
{
	char path[320];
	int fd;

	snprintf(path, sizeof(path), "%s/lock", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return -1;
	}
	if (fd >= 0)
		dprintf(fd, "%d\n", (int)getpid()); /* for a person who looks */
	return fd;
}

static int listen_for_signals(struct run *r, const char *dir)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	r->wishes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return r->signals < 0 || r->wishes < 0 ||
	                       inotify_add_watch(r->wishes, dir, IN_CREATE | IN_MOVED_TO) < 0 ||
	                       reap_prepare()
	               ? -1
	               : 0;
}

int run_playbook(const char *dir)
{
	static struct run r = { .streams = { .at = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 } } } };
	int lock = take_lock(dir), at = open(dir, O_DIRECTORY | O_CLOEXEC), bad;

	if (lock < 0)
		return 3;
	bad = params_read(&r.params, dir, r.why);
	switch (spool_create(&r.spool, at, "spool", bad ? 0 : r.params.output_max)) {
	case 0:
		break;
	case -EEXIST:
		return 3;
	default:
		return 4;
	}
	close(at);
	r.mask = mask_new();
	if (!bad && listen_for_signals(&r, dir)) {
		snprintf(r.why, sizeof(r.why), "signals: %s", strerror(errno));
		bad = -1;
	}
	if (bad)
		spool_end(&r.spool, -1, "setup", r.why);
	else
		supervise(&r);
	spool_close(&r.spool);
	streams_release(&r.streams);
	mask_free(r.mask);
	return 0; /* the lock goes with the process, after the last record */
}
