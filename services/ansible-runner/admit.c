/*
 * Which of the runs whose server has answered begin: of this replica at most
 * max_runs are at work at a time, of a project at most project_runs, whichever
 * replicas work on them. By priority, then age.
 */
#include "engine.h"

#include <stdio.h>
#include <string.h>

#define ADMIT_MS 500 /* how soon the end of another replica's run is noticed */

enum { ADMIT_E_FULL = 30 };

static bool waits(const struct active *a)
{
	return !a->over && *a->fingerprint && !strcmp(a->run.state, "starting");
}

/* Those whose playbook may be running. */
static int64_t at_work(const struct engine *e)
{
	const struct active *a;
	int64_t n = 0;

	LIST_FOREACH (a, &e->runs, link)
		n += !a->over && strcmp(a->run.state, "starting");
	return n;
}

/* Where one of its project has just found no room, it finds none either. */
static bool another_waits(const struct active *a)
{
	const struct active *b;

	LIST_FOREACH (b, &a->engine->runs, link) {
		if (b == a)
			break;
		if (b->run.project == a->run.project && waits(b))
			return true;
	}
	return false;
}

static int begin(struct cmd *c, void *arg)
{
	struct active *a = arg;
	const struct engine_settings *s = &a->engine->settings;
	char detail[120];
	bool room;
	int r;

	run_correlate(c, &a->run);
	r = run_has_room(c, &a->run, s->project_runs, &room);
	if (r || !room)
		return r ? r : ADMIT_E_FULL;
	snprintf(detail, sizeof(detail), "The server answers with its own host key, %s.",
	         a->fingerprint);
	r = run_step(c, &a->run, "ssh", "done", detail);
	if (!r)
		r = run_step(c, &a->run, "baseline", "running",
		             "The playbook is running; its log shows every task.");
	return r ? r : run_launched(c, &a->run, s->dir.place);
}

static int tell(struct cmd *c, void *arg)
{
	static const char text[] = "The server answers. Waiting until other playbooks have ended.";
	struct active *a = arg;
	int r;

	run_correlate(c, &a->run);
	r = run_say(c, &a->run, "%s", text);
	return r ? r : run_step(c, &a->run, "ssh", "running", text);
}

static void let_begin(struct active *a)
{
	struct engine *e = a->engine;
	bool full = at_work(e) >= e->settings.max_runs || another_waits(a);
	int r = full ? ADMIT_E_FULL : svc_transaction(e->svc, begin, a);

	if (!r) {
		memcpy(a->run.state, "running", sizeof("running"));
		follow_launch(a);
	} else if (r == RUN_E_NOT_OURS) {
		a->over = true;
	} else if (r == ADMIT_E_FULL && !a->told) {
		a->told = !svc_transaction(e->svc, tell, a);
	}
}

void admit(struct engine *e)
{
	struct active *a;

	if (svc_draining(e->svc) || engine_now() < e->next_admit)
		return;
	e->next_admit = engine_now() + ADMIT_MS;
	LIST_FOREACH (a, &e->runs, link)
		if (waits(a))
			let_begin(a);
}

void admit_soon(struct engine *e)
{
	e->next_admit = 0;
}
