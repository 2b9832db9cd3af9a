#include "engine.h"
#include "buf.h"
#include "err.h"
#include "helper.h"
#include "pg_array.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 500
#define TIDY_MS 600000
#define REST_MS 200       /* while the database is away */
#define LONG_REST_MS 1000 /* when it refuses what we write */
#define WAITERS 4         /* runs that may wait for each one that may be at work */
#define IDS_BYTES 65536   /* some thousand runs */

static struct engine *engine;

int64_t engine_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void engine_look(void)
{
	if (engine)
		engine->look = true;
}

bool engine_passing(int code)
{
	return code == DB_E_DOWN || code == DB_E_RETRY;
}

void engine_rest(struct active *a, int code)
{
	a->rest_until = engine_now() + (engine_passing(code) ? REST_MS : LONG_REST_MS);
}

/* ---- our runs ------------------------------------------------------------------------------ */

struct active *engine_find(const struct engine *e, int64_t id)
{
	struct active *a;

	LIST_FOREACH (a, &e->runs, link)
		if (a->run.id == id)
			return a;
	return NULL;
}

static void let_go(struct active *a)
{
	admit_soon(a->engine);
	LIST_REMOVE(a, link);
	start_release(a);
	follow_release(a);
	free(a);
}

static bool goes_before(const struct run *one, const struct run *other)
{
	return one->rank != other->rank ? one->rank > other->rank : one->id < other->id;
}

static void insert(struct engine *e, struct active *a)
{
	struct active *b, *before = NULL;

	LIST_FOREACH (b, &e->runs, link)
		if (goes_before(&b->run, &a->run))
			before = b;
	if (before)
		LIST_INSERT_AFTER(before, a, link);
	else
		LIST_INSERT_HEAD(&e->runs, a, link);
}

static void hold(struct engine *e, const struct run *run, const char *how)
{
	struct active *a = engine_find(e, run->id);

	if (a)
		let_go(a);
	a = xcalloc(1, sizeof(*a));
	a->engine = e;
	a->run = *run;
	a->scan_fd = a->spool_fd = a->watch = -1;
	insert(e, a);
	log_info(how, LOG_I64("run", run->id), LOG_STR("state", run->state),
	         LOG_I64("fence", run->fence));
}

/* Those that wait for their server or for room; @all: with those at work. */
static int64_t count(const struct engine *e, bool all)
{
	const struct active *a;
	int64_t n = 0;

	LIST_FOREACH (a, &e->runs, link)
		n += all || !strcmp(a->run.state, "starting");
	return n;
}

/* Ends as an array of PostgreSQL. */
static void ids(const struct engine *e, struct buf *out)
{
	const struct active *a;
	char id[24];

	buf_init(out, IDS_BYTES);
	LIST_FOREACH (a, &e->runs, link) {
		snprintf(id, sizeof(id), "%" PRId64, a->run.id);
		pg_array_raw(out, id);
	}
	pg_array_end(out);
}

/* ---- getting them -------------------------------------------------------------------------- */

struct got {
	struct engine *engine;
	struct run run[16];
	size_t n;
};

static void read_runs(struct got *got, struct db_rows *rows)
{
	got->n = 0;
	while (got->n < 16 && db_next(rows))
		run_read(rows, &got->run[got->n++]);
}

static int claim(struct cmd *c, void *arg)
{
	static const struct db_query q = {
		.name = "run_claim",
		.sql = "SELECT " RUN_COLUMNS " FROM runner.claim($1::uuid, $2::int) r",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	struct got *got = arg;
	int r = db_select(c->db, &q, &rows, db_str(svc_instance(c->svc)),
	                  db_i64(got->engine->settings.project_runs * WAITERS));

	if (r)
		return r;
	read_runs(got, &rows);
	if (!got->n)
		return 0;
	run_correlate(c, &got->run[0]);
	rows.row = 0;
	run_live(c, &rows, true);
	r = run_say(c, &got->run[0], "Waiting for %s to answer at %s.", got->run[0].name,
	            got->run[0].address);
	return r ? r
	         : run_step(c, &got->run[0], "ssh", "running",
	                    "Waiting for the server to answer by SSH.");
}

static int block(struct cmd *c, void *arg)
{
	static const struct db_query q = { .name = "run_block",
		                           .sql = "SELECT " RUN_COLUMNS " FROM runner.block() r" };
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows);

	(void)arg;
	while (!r && db_next(&rows))
		run_live(c, &rows, true);
	return r;
}

static int take_over(struct cmd *c, void *arg)
{
	static const struct db_query q = {
		.name = "run_take_over",
		.sql = "SELECT " RUN_COLUMNS " FROM runner.take_over($1::uuid, $2::uuid, "
		       "$3::bigint[]) r",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	_cleanup_(buf_release) struct buf held = { 0 };
	struct got *got = arg;
	int r;

	ids(got->engine, &held);
	r = db_select(c->db, &q, &rows, db_str(svc_instance(c->svc)),
	              db_str(got->engine->settings.dir.place), db_str(held.data));
	if (!r)
		read_runs(got, &rows);
	return r;
}

/* ---- wishes --------------------------------------------------------------------------------- */

/* What was said about our runs to whichever replica: that they should end, or that they have. */
static int read_wishes(struct cmd *c, void *arg)
{
	static const struct db_query q = {
		.name = "run_wishes",
		.sql = "SELECT " RUN_COLUMNS " FROM runner.run r WHERE r.id = ANY ($1::bigint[])"
		       " AND (r.cancel_at IS NOT NULL OR r.owner IS DISTINCT FROM $2::uuid OR "
		       "r.finished_at IS NOT NULL)",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	_cleanup_(buf_release) struct buf ours = { 0 };
	struct engine *e = arg;
	int r;

	ids(e, &ours);
	r = db_select(c->db, &q, &rows, db_str(ours.data), db_str(svc_instance(c->svc)));
	while (!r && db_next(&rows)) {
		struct run now;
		struct active *a;

		run_read(&rows, &now);
		a = engine_find(e, now.id);
		if (!a)
			continue;
		a->over |= a->run.fence != now.fence || run_is_final(now.state);
		memcpy(a->run.state, now.state, sizeof(now.state));
		a->run.cancel = now.cancel;
		a->run.kill = now.kill;
		a->run.cancelling_s = now.cancelling_s;
	}
	return r;
}

/*
 * To wait for a server costs little and may take long, so more may wait than may
 * be at work. What is beyond our own room is taken one at a look: a replica that
 * has room gets the rest.
 */
static void claim_some(struct engine *e)
{
	struct got got = { .engine = e };
	int64_t most = e->settings.max_runs;
	bool room = true;

	while (room && count(e, false) < most * WAITERS) {
		room = count(e, true) < most;
		if (svc_transaction(e->svc, claim, &got) || !got.n)
			return;
		hold(e, &got.run[0], "run.claimed");
	}
}

static void look(struct engine *e)
{
	struct got got = { .engine = e };

	e->look = false;
	if (!svc_transaction(e->svc, take_over, &got))
		for (size_t i = 0; i < got.n; i++)
			hold(e, &got.run[i], "run.taken_over");
	claim_some(e);
	svc_transaction(e->svc, block, NULL);
	if (!LIST_EMPTY(&e->runs))
		svc_transaction(e->svc, read_wishes, e);
}

static void on_look(void *arg)
{
	struct engine *e = arg;

	if (svc_draining(e->svc) || !db_ready(svc_db(e->svc)))
		return;
	look(e);
	upkeep_orphans(e);
}

/* ---- turns ---------------------------------------------------------------------------------- */

static void step(struct active *a, bool grown)
{
	if (engine_now() < a->rest_until)
		return;
	if (!strcmp(a->run.state, "starting"))
		start_step(a);
	else
		follow_step(a, grown);
}

static void step_all(struct engine *e, bool grown)
{
	struct active *a = LIST_FIRST(&e->runs), *next;

	for (; a; a = next) {
		next = LIST_NEXT(a, link);
		if (!a->over)
			step(a, grown);
		if (a->over)
			let_go(a);
	}
	admit(e);
}

/* Nobody asks how they ended: supervisors say it in their spools, scanners with what they print. */
static void reap(struct engine *e)
{
	struct active *a;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		LIST_FOREACH (a, &e->runs, link)
			if (a->supervisor == pid)
				a->supervisor = 0;
		for (size_t i = 0; i < CLEANING; i++)
			if (e->cleaning[i].pid == pid) {
				run_dir_tidy(&e->settings.dir, e->cleaning[i].run);
				e->cleaning[i].pid = 0;
			}
	}
}

void engine_clean(struct engine *e, int64_t run)
{
	for (size_t i = 0; i < CLEANING; i++) {
		pid_t pid = e->cleaning[i].pid ? 0 : helper_clean(&e->settings.dir, run);

		if (!pid)
			continue;
		if (pid > 0) {
			e->cleaning[i].pid = pid;
			e->cleaning[i].run = run;
		}
		return;
	}
	/* too many at once: tidying up finds it later */
}

static void on_turn(void *arg)
{
	struct engine *e = arg;

	reap(e);
	if (svc_draining(e->svc))
		return; /* another replica goes on; supervisors do not mind */
	if (e->look && db_ready(svc_db(e->svc)))
		look(e);
	step_all(e, false);
}

static void on_growth(void *arg)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct engine *e = arg;

	while (read(e->notify, events, sizeof(events)) > 0)
		;
	if (!svc_draining(e->svc))
		step_all(e, true);
}

/* ---- begin and end -------------------------------------------------------------------------- */

struct engine *engine_new(struct service *s, const struct engine_settings *settings)
{
	struct engine *e = xcalloc(1, sizeof(*e));

	e->svc = s;
	e->settings = *settings;
	e->look = true;
	LIST_INIT(&e->runs);
	e->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (e->notify >= 0)
		svc_watch(s, e->notify, false, on_growth,
		          e); /* without it the turns find out, a little later */
	svc_timer(s, e->settings.poll_ms, on_turn, e);
	svc_timer(s, LOOK_MS, on_look, e);
	svc_timer(s, TIDY_MS, upkeep_tidy, e);
	engine = e;
	return e;
}

struct engine *engine_free(struct engine *e)
{
	struct active *a;

	if (!e)
		return NULL;
	while ((a = LIST_FIRST(&e->runs)))
		let_go(a);
	if (e->notify >= 0)
		close(e->notify);
	free(e);
	engine = NULL;
	return NULL;
}
