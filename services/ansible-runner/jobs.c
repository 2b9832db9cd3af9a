#include "jobs.h"

#include "err.h"
#include "host_key.h"
#include "identity.h"
#include "scan.h"
#include "secret.h"
#include "child.h"
#include "spool_read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_JOBS 8
#define CLAIM_MS 200
#define REFRESH_MS 200
#define NO_SPOOL_MS 5000  /* a launched supervisor without a spool by then is started again */
#define UNLOCKED_MS 1000  /* a spool without end and without a supervisor by then is lost */
#define KILL_AFTER_MS 20000

struct job {
	struct run_row row;
	struct scan scan;
	char seen[HOST_KEY_MAX];
	bool told_ssh, wished, killed;
	int spool;
	pid_t supervisor;
	int64_t refreshed, looked_since, unlocked_since, wished_at;
	LIST_ENTRY(job) link;
};

static struct service *svc;
static struct jobs_conf conf;
static char place[UUID_TEXT];
static LIST_HEAD(, job) jobs = LIST_HEAD_INITIALIZER(jobs);
static int n_jobs;
static char *chunk;

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void job_free(struct job *j)
{
	scan_stop(&j->scan);
	if (j->spool >= 0)
		close(j->spool);
	LIST_REMOVE(j, link);
	n_jobs--;
	free(j);
}

/* ---- transactions ------------------------------------------------------------------------- */

struct move {
	struct job *j;
	enum run_state to;
	const char *reason, *message, *step, *step_state;
	int64_t exit_code;
};

static int do_move(struct cmd *c, void *arg)
{
	struct move *m = arg;
	int r = 0;

	snprintf(c->corr, sizeof(c->corr), "%s", m->j->row.corr);
	if (m->to != m->j->row.state)
		r = run_move(c, &m->j->row, m->to, m->reason, m->message, m->exit_code);
	return r || !m->step ? r : run_step(c, &m->j->row, m->step, m->step_state, m->message);
}

/* 0: done. Else nothing happened and it is tried again at the next tick, with the row read anew. */
static int move(struct job *j, struct move m)
{
	int r;

	m.j = j;
	r = svc_transaction(svc, do_move, &m);
	if (!r)
		j->row.state = m.to;
	else
		j->refreshed = 0;
	return r;
}

static void end(struct job *j, enum run_state to, const char *reason, const char *message)
{
	if (!move(j, (struct move){ .to = to, .reason = reason, .message = message, .exit_code = -1 }))
		job_free(j);
}

/* ---- SSH ---------------------------------------------------------------------------------- */

struct key_check {
	struct job *j;
	enum host_key_verdict verdict;
};

static int do_check(struct cmd *c, void *arg)
{
	struct key_check *k = arg;
	struct run_row *r = &k->j->row;
	int rc;

	snprintf(c->corr, sizeof(c->corr), "%s", r->corr);
	rc = host_key_check(c, r->server, r->op, r->address, k->j->seen, &k->verdict);
	if (rc || k->verdict != HOST_KEY_OK)
		return rc;
	rc = run_launching(c, r, place);
	return rc ? rc : run_step(c, r, "ssh", "done", "SSH answers, and its host key is the one the server reported.");
}

static int hand_over_key(const char *dir, const char *key, size_t len, pid_t *ret)
{
	const char *argv[3] = { spawn_beside("sps-run"), dir, NULL };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	*ret = spawn(&(struct spawn){ .argv = argv, .out = -1, .key = ends[0] });
	close(ends[0]);
	/* a key fits into a pipe, so this does not wait for the reader */
	if (*ret > 0 && write(ends[1], key, len) != (ssize_t)len)
		log_warn("run.key", LOG_STR("why", strerror(errno)));
	close(ends[1]);
	return *ret > 0 ? 0 : (int)*ret;
}

/* Starts the supervisor. When there is one already it goes away again: lock and spool are its own. */
static void launch(struct job *j)
{
	char dir[WORKDIR_PATH], why[200] = "", *key = NULL;
	size_t len;
	int r;

	r = workdir_prepare(svc, &conf.dir, &j->row, j->seen, why);
	if (!r) {
		r = identity_open(svc, j->row.project, &key, &len);
		if (r > 0)
			return; /* the database is away: again at the next tick */
		if (r)
			snprintf(why, sizeof(why), "The project has no SSH key that can be used.");
	}
	workdir_path(svc, &conf.dir, j->row.id, dir);
	if (!r)
		r = hand_over_key(dir, key, len, &j->supervisor);
	secret_free(key);
	if (r) {
		log_error("run.launch", LOG_I64("run", j->row.id), LOG_STR("why", *why ? why : strerror(-r)));
		end(j, RUN_FAILED, "setup", *why ? why : "The run could not be started on the runner's machine.");
		return;
	}
	j->row.launched = true;
	j->looked_since = now_ms();
}

static void check_key(struct job *j)
{
	struct key_check k = { .j = j };

	if (svc_transaction(svc, do_check, &k))
		return;
	switch (k.verdict) {
	case HOST_KEY_OK:
		launch(j);
		break;
	case HOST_KEY_WAIT: /* it has booted before it could call; look again */
		break;
	case HOST_KEY_MISMATCH:
		end(j, RUN_FAILED, "host_key_mismatch", "The server's SSH host key is not the one it reported about itself. Somebody may be in between; the server was not touched.");
		break;
	case HOST_KEY_CHANGED:
		end(j, RUN_FAILED, "host_key_changed", "The server's SSH host key has changed since it was pinned. It was not touched; an administrator should look at it.");
		break;
	}
}

static void wait_for_ssh(struct job *j)
{
	if (j->row.cancel) {
		end(j, RUN_CANCELLED, "cancelled", "The run was cancelled before the playbook began.");
		return;
	}
	if (!j->told_ssh) {
		if (move(j, (struct move){ .to = RUN_STARTING, .step = "ssh", .step_state = "running" }))
			return;
		j->told_ssh = true;
	}
	if (j->row.waited_ms > conf.ssh_wait_s * 1000) {
		if (*j->seen)
			end(j, RUN_FAILED, "host_key_not_reported", "The server answers, but it has not reported its SSH host key, so nobody knows that it is the right one.");
		else
			end(j, RUN_FAILED, "unreachable", "The server did not answer by SSH in time.");
		return;
	}
	if (scan_poll(svc, &j->scan, &conf.dir, j->row.address, now_ms(), j->seen))
		check_key(j);
}

/* ---- the spool ---------------------------------------------------------------------------- */

static bool open_spool(struct job *j)
{
	char dir[WORKDIR_PATH], path[WORKDIR_PATH + 10];

	if (j->spool >= 0)
		return true;
	workdir_path(svc, &conf.dir, j->row.id, dir);
	snprintf(path, sizeof(path), "%s/spool", dir);
	j->spool = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return j->spool >= 0;
}

static void wait_for_spool(struct job *j)
{
	int64_t now = now_ms();

	if (open_spool(j)) {
		move(j, (struct move){ .to = RUN_RUNNING, .step = "baseline", .step_state = "running" });
		return;
	}
	if (!j->looked_since)
		j->looked_since = now;
	if (now - j->looked_since > NO_SPOOL_MS) {
		if (*j->seen)
			launch(j);
		else /* taken over: the pinned key must be seen again first */
			j->row.launched = false;
	}
}

struct append {
	struct job *j;
	struct spool_news *news;
	enum run_state to; /* RUN_N_STATES: it goes on */
	const char *reason, *message;
};

static void live_lines(struct cmd *c, const struct append *a)
{
	_cleanup_(buf_release) struct buf b = { .max = 1 << 20 };
	char topic[48];

	snprintf(topic, sizeof(topic), "run/%" PRId64 "/log", a->j->row.id);
	buf_fmt(&b, "{\"topic\":\"%s\",\"seq\":%" PRId64 ",\"first\":%" PRId64 ",\"lines\":[", topic, a->news->last_seq, a->news->first_seq);
	buf_add(&b, a->news->live.data, a->news->live.len);
	buf_str(&b, "]}");
	cmd_live(c, topic, b.data);
}

/* An array of what was gathered, or NULL. */
static char *array(const struct buf *items)
{
	char *text;

	if (!items->len)
		return NULL;
	if (asprintf(&text, "[%s]", items->data) < 0)
		abort();
	return text;
}

static int do_append(struct cmd *c, void *arg)
{
	const struct append *a = arg;
	struct run_row *r = &a->j->row;
	_free_ char *lines = array(&a->news->lines), *tasks = array(&a->news->tasks);
	const struct run_news n = { .lines_json = lines, .tasks_json = tasks, .last_seq = a->news->last_seq,
		                    .offset = r->spool_offset + a->news->consumed, .tasks_done = a->news->tasks_done,
		                    .stats = a->news->have_stats ? a->news->stats : NULL };
	int rc;

	snprintf(c->corr, sizeof(c->corr), "%s", r->corr);
	rc = run_append(c, r, &n);
	if (!rc && lines)
		live_lines(c, a);
	if (!rc && a->to == RUN_SUCCEEDED)
		rc = run_step(c, r, "baseline", "done", NULL);
	return rc || a->to == RUN_N_STATES ? rc : run_move(c, r, a->to, a->reason, a->message, a->news->exit_code);
}

/* What the last record means, in a state and in words. */
static void judge(struct append *a, const struct run_row *r)
{
	const struct spool_news *n = a->news;

	if (!strcmp(n->reason, "timeout")) {
		a->to = RUN_TIMED_OUT;
		a->reason = "timeout";
		a->message = "The playbook did not finish in time and was ended.";
	} else if (!strcmp(n->reason, "cancelled")) {
		a->to = RUN_CANCELLED;
		a->reason = "cancelled";
		a->message = "The run was cancelled.";
	} else if (*n->reason) {
		a->to = RUN_FAILED;
		a->reason = n->reason;
		a->message = *n->text ? n->text : "The run could not be started.";
	} else if (!n->exit_code) {
		a->to = RUN_SUCCEEDED;
	} else if (r->unreachable && !r->failed) {
		a->to = RUN_FAILED;
		a->reason = "unreachable";
		a->message = "The server could not be reached while the playbook ran.";
	} else {
		a->to = RUN_FAILED;
		a->reason = "failed";
		a->message = "A task of the playbook failed. The log says which one and why.";
	}
}

static void keep_stats(struct run_row *r, const struct spool_news *n)
{
	if (!n->have_stats)
		return;
	r->ok = n->stats[0];
	r->changed = n->stats[1];
	r->failed = n->stats[2];
	r->unreachable = n->stats[3];
	r->skipped = n->stats[4];
}

/* Whatever a run has left running or lying about goes, as the user it ran as. */
static void clean_up(const struct job *j)
{
	char dir[WORKDIR_PATH], uid[24];
	const char *argv[5] = { spawn_beside("sps-run"), "--clean", uid, dir, NULL };

	workdir_path(svc, &conf.dir, j->row.id, dir);
	snprintf(uid, sizeof(uid), "%" PRId64, conf.dir.run_uid);
	spawn(&(struct spawn){ .argv = argv, .out = -1, .key = -1 });
}

/* Stores one piece of the spool. true: there may be more. */
static bool store(struct job *j, struct spool_news *news)
{
	struct append a = { .j = j, .news = news, .to = RUN_N_STATES };

	keep_stats(&j->row, news);
	if (news->ended)
		judge(&a, &j->row);
	if (news->bad)
		log_warn("spool.unreadable", LOG_I64("run", j->row.id), LOG_I64("records", news->bad));
	if (svc_transaction(svc, do_append, &a)) {
		j->refreshed = 0; /* taken over, or cancelled meanwhile: read the row again */
		return false;
	}
	j->row.spool_offset += news->consumed;
	if (!news->ended)
		return true;
	clean_up(j);
	job_free(j);
	return false;
}

static void follow(struct job *j)
{
	bool more = open_spool(j);

	/* looked at before reading: what is not there after its supervisor has gone will never be */
	bool alive = more && workdir_locked(svc, &conf.dir, j->row.id);

	for (int turn = 0; more && turn < 16; turn++) {
		ssize_t n = pread(j->spool, chunk, SPOOL_READ_MAX, j->row.spool_offset);
		struct spool_news news;

		spool_read(&news, chunk, n > 0 ? (size_t)n : 0);
		if (news.consumed) {
			j->unlocked_since = 0;
			more = store(j, &news);
			spool_news_release(&news);
			continue;
		}
		spool_news_release(&news);
		if (alive)
			return;
		if (!j->unlocked_since)
			j->unlocked_since = now_ms();
		else if (now_ms() - j->unlocked_since > UNLOCKED_MS) {
			clean_up(j);
			end(j, RUN_LOST, "supervisor_gone", "The process that ran the playbook ended without a word. What it was doing on the server may still be going on.");
		}
		return;
	}
}

static void wish(struct job *j)
{
	if (!j->row.cancel)
		return;
	if (!j->wished) {
		j->wished = true;
		j->wished_at = now_ms();
		workdir_wish(svc, &conf.dir, j->row.id, "cancel");
	} else if (!j->killed && now_ms() - j->wished_at > KILL_AFTER_MS) {
		j->killed = true;
		workdir_wish(svc, &conf.dir, j->row.id, "kill");
	}
}

/* ---- all of them -------------------------------------------------------------------------- */

/* false: it is no longer ours, or nobody can tell. */
static bool refresh(struct job *j)
{
	bool mine = false;

	if (now_ms() - j->refreshed < REFRESH_MS)
		return true;
	if (run_refresh(svc, &j->row, &mine))
		return false;
	if (!mine) {
		log_info("run.taken_over", LOG_I64("run", j->row.id));
		job_free(j);
		return false;
	}
	j->refreshed = now_ms();
	return true;
}

static void step(struct job *j)
{
	if (!refresh(j))
		return;
	if (j->row.state == RUN_STARTING && !j->row.launched) {
		wait_for_ssh(j);
	} else if (j->row.state == RUN_STARTING) {
		wait_for_spool(j);
	} else {
		wish(j);
		follow(j);
	}
}

static void claim(void)
{
	static int64_t last;
	struct run_row row;

	if (now_ms() - last < CLAIM_MS || svc_draining(svc))
		return;
	last = now_ms();
	while (n_jobs < MOST_JOBS && !run_claim(svc, place, &row) && row.id) {
		struct job *j = xcalloc(1, sizeof(*j));

		j->row = row;
		j->spool = -1;
		j->refreshed = now_ms();
		scan_init(&j->scan);
		LIST_INSERT_HEAD(&jobs, j, link);
		n_jobs++;
		log_info("run.claimed", LOG_I64("run", row.id), LOG_STR("state", run_state_name(row.state)), LOG_I64("fence", row.fence));
	}
}

static void on_tick(void *arg)
{
	struct job *j, *next;
	(void)arg;

	claim();
	for (j = LIST_FIRST(&jobs); j; j = next) {
		next = LIST_NEXT(j, link);
		step(j);
	}
	while (waitpid(-1, NULL, WNOHANG) > 0) /* supervisors and small acts that have ended */
		;
}

int jobs_start(struct service *s, const struct jobs_conf *c)
{
	int r;

	svc = s;
	conf = *c;
	r = workdir_place(&conf.dir, place);
	if (r) {
		log_error("runner.run_dir", LOG_STR("dir", conf.dir.run_dir), LOG_STR("why", strerror(-r)));
		return r;
	}
	chunk = xcalloc(1, SPOOL_READ_MAX);
	svc_timer(s, conf.poll_ms, on_tick, NULL);
	return 0;
}

/* Runs go on without us: their supervisors need nobody. */
void jobs_stop(void)
{
	while (!LIST_EMPTY(&jobs))
		job_free(LIST_FIRST(&jobs));
	free(chunk);
	chunk = NULL;
}
