/* What nobody else looks after: runs of machines that do not come back, directories of runs that
 * are over. */
#include "engine.h"
#include "run_end.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>

#define KEEP_SPOOLS_S (7 * 24 * 3600)
#define ORPHAN_MS 120000

/* ---- runs that nobody here can go on with --------------------------------------------------- */

#define ORPHANS 16

struct orphans {
	struct engine *engine;
	struct {
		int64_t id, since;
	} at[ORPHANS];
	size_t n;
	int64_t adopted;
};

static int find_orphans(struct cmd *c, void *arg)
{
	static const struct db_query q = {
		.name = "run_orphans", .sql = "SELECT o AS id FROM runner.orphans($1::uuid) o"
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	struct orphans *got = arg;
	int r = db_select(c->db, &q, &rows, db_str(got->engine->settings.dir.place));

	got->n = 0;
	while (!r && got->n < ORPHANS && db_next(&rows))
		got->at[got->n++].id = db_get_i64(&rows, "id");
	return r;
}

static int adopt(struct cmd *c, void *arg)
{
	static const struct db_query q = {
		.name = "run_adopt",
		.sql = "SELECT " RUN_COLUMNS " FROM runner.adopt($1::bigint, $2::uuid) r",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	struct orphans *got = arg;
	struct run run;
	int r = db_select(c->db, &q, &rows, db_i64(got->adopted), db_str(svc_instance(c->svc)));

	if (r || !db_next(&rows))
		return r;
	run_read(&rows, &run);
	run_correlate(c, &run);
	return run_end(
		c, &run,
		&(struct run_outcome){
			.event = RUN_GONE, .reason = "unknown_remote", .exit = -1, .ours = true });
}

/* Gone for two minutes of our own clock: whoever had them does not come back in time. */
void upkeep_orphans(struct engine *e)
{
	static struct {
		int64_t id, since;
	} seen[ORPHANS];
	static size_t n_seen;
	struct orphans got = { .engine = e };
	int64_t now = engine_now();

	if (svc_transaction(e->svc, find_orphans, &got))
		return;
	for (size_t i = 0; i < got.n; i++) {
		int64_t since = now;

		for (size_t k = 0; k < n_seen; k++)
			if (seen[k].id == got.at[i].id)
				since = seen[k].since;
		got.at[i].since = since;
		if (now - since < ORPHAN_MS)
			continue;
		got.adopted = got.at[i].id;
		svc_transaction(e->svc, adopt, &got);
	}
	n_seen = got.n;
	for (size_t i = 0; i < n_seen; i++) {
		seen[i].id = got.at[i].id;
		seen[i].since = got.at[i].since;
	}
}

/* ---- what ended long ago -------------------------------------------------------------------- */

static bool ended_long_ago(struct engine *e, int64_t id, bool *ret_ended)
{
	static const struct db_query q = {
		.name = "run_ended",
		.sql = "SELECT r.finished_at IS NOT NULL AS ended, coalesce(r.finished_at < now() "
		       "- $2::bigint * interval '1 s', false)"
		       " AS old FROM runner.run r WHERE r.id = $1::bigint AND (r.place IS NULL OR "
		       "r.place = $3::uuid)",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };

	*ret_ended = false;
	if (db_select(svc_db(e->svc), &q, &rows, db_i64(id), db_i64(KEEP_SPOOLS_S),
	              db_str(e->settings.dir.place)) ||
	    !db_next(&rows))
		return false;
	*ret_ended = db_get_bool(&rows, "ended");
	return db_get_bool(&rows, "old");
}

/* Runs whose service died between their end and the cleaning, and spools that nobody will ask for
 * any more. */
void upkeep_tidy(void *arg)
{
	struct engine *e = arg;
	DIR *d = svc_draining(e->svc) || !db_ready(svc_db(e->svc)) ? NULL
	                                                           : opendir(e->settings.dir.base);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		int64_t id = isdigit((unsigned char)entry->d_name[0])
		                     ? strtoll(entry->d_name, NULL, 10)
		                     : 0;
		bool ended, old;

		if (!id || engine_find(e, id))
			continue;
		old = ended_long_ago(e, id, &ended);
		if (old)
			run_dir_remove(&e->settings.dir, id);
		else if (ended && run_dir_untidy(&e->settings.dir, id))
			engine_clean(e, id);
	}
	if (d)
		closedir(d);
}
