/* A run that has a supervisor: its spool into the database, its wishes to it, its end. */
#include "batch.h"
#include "err.h"
#include "helper.h"
#include "identity.h"
#include "run_end.h"
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define PAUSE_MS 50 /* at least, between two frames of one run */
#define PROBE_MS 500
#define CHUNK (256 * 1024)
#define LAUNCHES 3
#define REFUSED_MAX 5 /* times that the database may refuse a piece of log */
#define RELAUNCH_MS 3000
#define KILL_AFTER_S 20 /* a supervisor needs ten to end a run that does not want to */

/* From where the database is. */
static void read_again(struct active *a)
{
	spool_reader_release(&a->reader);
	spool_reader_init(&a->reader, a->run.offset);
}

/* ---- the spool --------------------------------------------------------------------------------
 */

static bool open_spool(struct active *a)
{
	char path[280], dir[256];

	if (a->spool_fd >= 0)
		return true;
	run_dir_path(&a->engine->settings.dir, a->run.id, dir);
	snprintf(path, sizeof(path), "%s/spool", dir);
	a->spool_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (a->spool_fd < 0)
		return false;
	spool_reader_init(&a->reader, a->run.offset);
	if (a->engine->notify >= 0)
		a->watch = inotify_add_watch(a->engine->notify, path, IN_MODIFY);
	return true;
}

/* true: there were bytes. */
static bool feed(struct active *a)
{
	static char data[CHUNK];
	ssize_t n = pread(a->spool_fd, data, sizeof(data), spool_wants(&a->reader));

	if (n > 0)
		spool_feed(&a->reader, data, (size_t)n);
	return n > 0;
}

static void gather(struct batch *b)
{
	struct active *a = b->a;
	struct spool_record rec;
	bool more = true;

	while (!batch_full(b)) {
		if (spool_next(&a->reader, &rec)) {
			batch_add(b, &rec);
			if (!b->done)
				b->upto = a->reader.offset;
		} else if (!more || !(more = feed(a))) {
			break;
		}
	}
}

/* ---- the end ----------------------------------------------------------------------------------
 */

static void outcome(const struct batch *b, struct run_outcome *how)
{
	*how = (struct run_outcome){ .event = RUN_FAILED, .exit = b->exit, .ours = true };
	if (!strcmp(b->reason, "cancelled")) {
		how->event = RUN_STOPPED;
	} else if (!strcmp(b->reason, "timeout")) {
		how->event = RUN_TIMED_OUT;
	} else if (*b->reason) {
		how->reason = b->reason; /* setup, disk_full */
		how->message = *b->message
		                       ? b->message
		                       : "The runner's disk is full; the log could not be written.";
	} else if (!b->exit) {
		how->event = RUN_OK;
	} else if (b->exit == 4) { /* ansible-playbook's word for it */
		how->reason = "unreachable";
		how->message =
			"The connection to the server broke. What had begun there may still go on.";
	} else if (b->exit > 128) {
		how->reason = "interrupted";
		how->message = "The playbook was ended by a signal, perhaps because it needed too "
			       "much memory.";
	}
}

struct ending {
	struct active *a;
	struct run_outcome how;
};

/* Who asked for the end, for the log and the page. */
static int stopped_by(struct cmd *c, const struct run *run, struct db_rows *rows, const char **ret)
{
	static const struct db_query q = {
		.name = "run_stopped_by",
		.sql = "SELECT format('Stopped by %s.%s', coalesce(CASE WHEN r.cancel_by ~ "
		       "'^user:[0-9]{1,18}$'"
		       "   THEN workflow.user_json(substr(r.cancel_by, 6)::bigint) ->> 'name' END, "
		       "'the portal'),"
		       "   CASE WHEN coalesce(r.cancel_reason, '') = '' THEN '' ELSE ' ' || "
		       "left(r.cancel_reason, 400) END) AS text"
		       "  FROM runner.run r WHERE r.id = $1::bigint AND r.cancel_by IS NOT NULL",
	};
	int r = db_select(c->db, &q, rows, db_i64(run->id));

	*ret = !r && db_next(rows) ? db_get_str(rows, "text") : NULL;
	return r;
}

static int record_end(struct cmd *c, void *arg)
{
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	const struct ending *e = arg;
	struct run_outcome how = e->how;
	int r = 0;

	run_correlate(c, &e->a->run);
	if (how.event == RUN_STOPPED)
		r = stopped_by(c, &e->a->run, &rows, &how.message);
	return r ? r : run_end(c, &e->a->run, &how);
}

static int try_end(struct active *a, const struct run_outcome *how)
{
	struct ending e = { a, *how };

	return svc_transaction(a->engine->svc, record_end, &e);
}

/* An end that the database refuses must not keep the server: the run has failed then. */
static void end(struct active *a, const struct run_outcome *how)
{
	static const struct run_outcome plain = {
		.event = RUN_FAILED,
		.reason = "unrecorded",
		.message = "The run is over, but how it ended could not be recorded. Its log says "
			   "how far it came.",
		.exit = -1,
		.ours = true,
	};
	int r = try_end(a, how);

	if (r && r != RUN_E_NOT_OURS && !engine_passing(r)) {
		log_error("run.end", LOG_I64("run", a->run.id), LOG_I64("code", r),
		          LOG_STR("means", "it is recorded as failed"));
		r = try_end(a, &plain);
	}
	a->over = !r || r == RUN_E_NOT_OURS;
	if (!a->over)
		engine_rest(a, r); /* afterwards a turn finds the same end */
	if (!r)
		engine_clean(a->engine, a->run.id);
}

/* ---- what was read, into the database ---------------------------------------------------------
 */

static void not_stored(struct active *a, int r)
{
	static const struct run_outcome unstored = {
		.event = RUN_FAILED,
		.reason = "unrecorded",
		.message = "The run's log could not be stored, so the run was ended. What it had "
			   "begun on the server may still go on.",
		.exit = -1,
		.ours = true,
	};

	read_again(a);
	if (r == RUN_E_NOT_OURS) {
		a->over = true;
		return;
	}
	engine_rest(a, r);
	if (!engine_passing(r) && ++a->refused >= REFUSED_MAX)
		end(a, &unstored);
}

/* true: stored, or nothing to store. */
static bool flush(struct batch *b)
{
	struct active *a = b->a;
	int r;

	if (b->upto == a->run.offset)
		return true;
	batch_close(b);
	r = svc_transaction(a->engine->svc, batch_store, b);
	if (r) {
		not_stored(a, r);
		return false;
	}
	a->run.offset = b->upto;
	a->refused = 0;
	return true;
}

/* ---- beginning --------------------------------------------------------------------------------
 */

struct key {
	struct active *a;
	char *text, *host_key;
};

static void key_release(struct key *k)
{
	secret_free(k->text);
	free(k->host_key);
	k->text = k->host_key = NULL;
}

static int read_key(struct cmd *c, void *arg)
{
	static const struct db_query q = {
		.name = "host_key_of",
		.sql = "SELECT key FROM runner.host_key WHERE server = $1::bigint",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	struct key *k = arg;
	int r;

	key_release(k); /* of a try before this one */
	r = db_select(c->db, &q, &rows, db_i64(k->a->run.server));
	if (!r && db_next(&rows))
		k->host_key = xstrdup(db_get_str(&rows, "key"));
	return r ? r : identity_private(c, k->a->run.project, &k->text);
}

static void setup_failed(struct active *a, const char *why)
{
	char message[300];

	snprintf(message, sizeof(message), "The run could not be started: %s.", why);
	end(a, &(struct run_outcome){ .event = RUN_FAILED,
	                              .reason = "setup",
	                              .message = message,
	                              .exit = -1,
	                              .ours = true });
}

static void launch_now(struct active *a, const struct key *k)
{
	char why[200];
	pid_t pid;

	if (run_dir_prepare(&a->engine->settings.dir, &a->run, k->host_key, why)) {
		setup_failed(a, why);
		return;
	}
	pid = helper_supervisor(&a->engine->settings.dir, a->run.id, k->text);
	if (pid < 0) {
		log_warn("run.launch", LOG_I64("run", a->run.id), LOG_STR("why", strerror(-pid)));
		return; /* tried again */
	}
	log_info("run.launched", LOG_I64("run", a->run.id), LOG_I64("supervisor", pid));
	a->supervisor = pid;
}

void follow_launch(struct active *a)
{
	struct key k = { .a = a };
	int r;

	a->next_probe = engine_now() + RELAUNCH_MS;
	if (a->launches++ == LAUNCHES) {
		setup_failed(a, "its supervisor ends before it begins. Is the disk full?");
		return;
	}
	r = svc_transaction(a->engine->svc, read_key, &k);
	if (r == IDENTITY_E_NONE)
		setup_failed(a, "the project has no SSH key that can be used");
	else if (!r && !k.host_key)
		setup_failed(a, "the server's host key is not known any more");
	else if (!r)
		launch_now(a, &k);
	key_release(&k);
}

/*
 * No spool: nothing has begun. A supervisor of an earlier owner may be about to;
 * only one of the two gets the run, and it finds a wish that is there before it.
 */
static void not_begun(struct active *a)
{
	if (a->run.cancel && !a->next_probe)
		a->next_probe = engine_now() + RELAUNCH_MS;
	if (a->supervisor || engine_now() < a->next_probe)
		return;
	if (a->run.cancel)
		end(a, &(struct run_outcome){ .event = RUN_STOPPED, .exit = -1, .ours = true });
	else
		follow_launch(a);
}

/* ---- turns ------------------------------------------------------------------------------------
 */

/* A wish that could not be left yet, because there is no directory, is left at a later turn. */
static void pass_wishes(struct active *a)
{
	const struct run_dir_settings *dir = &a->engine->settings.dir;

	if (a->run.cancel && !a->cancel_wished)
		a->cancel_wished = run_dir_wish(dir, a->run.id, "cancel");
	if (a->run.kill && !a->kill_wished)
		a->kill_wished = run_dir_wish(dir, a->run.id, "kill");
	if (a->run.cancel && a->run.cancelling_s >= KILL_AFTER_S)
		run_dir_kill(dir, a->run.id);
}

/* Nobody holds the lock any more and the spool has no last record: killed. */
static void probe(struct active *a)
{
	int64_t now = engine_now();
	struct batch b;

	if (now < a->next_probe)
		return;
	a->next_probe = now + PROBE_MS;
	if (a->supervisor || run_dir_locked(&a->engine->settings.dir, a->run.id))
		return;
	batch_init(&b, a); /* it may have ended since we looked */
	gather(&b);
	if (b.upto == a->run.offset && !b.done)
		end(a, &(struct run_outcome){ .event = RUN_GONE,
		                              .reason = "unknown_remote",
		                              .exit = -1,
		                              .ours = true });
	else
		read_again(a);
	batch_release(&b);
}

static void take(struct active *a, struct batch *b)
{
	struct run_outcome how;

	if (!flush(b) || !b->done)
		return;
	outcome(b, &how);
	end(a, &how);
	if (!a->over)
		read_again(a);
}

void follow_step(struct active *a, bool grown)
{
	int64_t now = engine_now();
	struct batch b;

	if (grown && now - a->followed_at < PAUSE_MS)
		return; /* the next turn takes all that came in between */
	a->followed_at = now;
	pass_wishes(a);
	if (!open_spool(a)) {
		not_begun(a);
		return;
	}
	batch_init(&b, a);
	gather(&b);
	if (b.upto == a->run.offset && !b.done)
		probe(a);
	else
		take(a, &b);
	batch_release(&b);
}

void follow_release(struct active *a)
{
	if (a->spool_fd >= 0) {
		close(a->spool_fd);
		spool_reader_release(&a->reader);
	}
	if (a->watch > 0) /* the spool stays for days, and so would the watch */
		inotify_rm_watch(a->engine->notify, a->watch);
	a->spool_fd = a->watch = -1;
}
