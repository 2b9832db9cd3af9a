#include "refresh.h"
#include "catalogue.h"
#include "err.h"
#include "secret.h"
#include "server_row.h"
#include "token.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SHARE "0.15" /* of a project's requests that is left to the work of people */
#define LOOK_MS 200

struct ids {
	int64_t *at;
	size_t n, room;
};

static struct {
	struct service *svc;
	struct client *client;
	int64_t sync_s;
	/* the sweep under way */
	bool busy;
	int64_t project, page;
	struct ids seen;     /* the provider's ids in the list so far */
	struct ids suspects; /* pairs: our id, the provider's id */
	size_t at;           /* the suspect that is being asked about */
	json_t *root;        /* the page that is being stored */
	int64_t next;
} sweep;

static void ids_add(struct ids *ids, int64_t id)
{
	if (ids->n == ids->room) {
		ids->room = ids->room ? ids->room * 2 : 64;
		ids->at = realloc(ids->at, ids->room * sizeof(*ids->at));
		if (!ids->at)
			abort();
	}
	ids->at[ids->n++] = id;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static bool get(client_done done, const char *what, int64_t number)
{
	_cleanup_(secret_cleanup) char *token = token_load(sweep.svc, sweep.project);

	if (!token || !token_spend(sweep.svc, sweep.project, "main", SHARE))
		return false;
	client_send(sweep.client, "GET", token, NULL, done, NULL, "%s%" PRId64, what, number);
	return true;
}

static int blame(struct cmd *c, void *arg)
{
	return token_blame(c, sweep.project, arg);
}

/* ---- those that were not in the list ------------------------------------------------------- */

static void ask_suspect(void);

static int gone(struct cmd *c, void *arg)
{
	(void)arg;
	return server_row_lifecycle(c, sweep.suspects.at[sweep.at], "gone");
}

static void on_suspect(void *arg, const struct reply *reply)
{
	(void)arg;
	token_spent(sweep.svc, sweep.project, reply);
	if (reply->policy->verdict == VERDICT_ABSENT && !svc_transaction(sweep.svc, gone, NULL))
		log_warn("server.gone", LOG_I64("server", sweep.suspects.at[sweep.at]));
	sweep.at += 2;
	ask_suspect();
}

static void ask_suspect(void)
{
	if (sweep.at >= sweep.suspects.n ||
	    !get(on_suspect, "/servers/", sweep.suspects.at[sweep.at + 1]))
		sweep.busy = false;
}

static void find_suspects(void)
{
	static const struct db_query q = {
		.name = "sweep_known",
		.sql = "SELECT id, provider_id FROM hetzner.server"
		       " WHERE project = $1 AND lifecycle = 'managed'"
		       "   AND updated_at < now() - interval '10 s' ORDER BY id",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int64_t id;

	qsort(sweep.seen.at, sweep.seen.n, sizeof(int64_t), compare);
	if (db_select(svc_db(sweep.svc), &q, &rows, db_i64(sweep.project)))
		return;
	while (db_next(&rows)) {
		id = db_get_i64(&rows, "provider_id");
		if (sweep.seen.n &&
		    bsearch(&id, sweep.seen.at, sweep.seen.n, sizeof(int64_t), compare))
			continue;
		ids_add(&sweep.suspects, db_get_i64(&rows, "id"));
		ids_add(&sweep.suspects, id);
	}
}

/* ---- the list ------------------------------------------------------------------------------ */

struct storing {
	struct cmd *c;
	int r;
};

static void store_one(void *arg, const struct answer_server *s)
{
	struct storing *st = arg;

	if (!st->r)
		st->r = server_row_seen(st->c, sweep.project, s);
}

static int store(struct cmd *c, void *arg)
{
	struct storing st = { .c = c };
	(void)arg;

	if (answer_servers(sweep.root, store_one, &st, &sweep.next))
		return CMD_REJECTED; /* nothing of an unreadable page counts */
	return st.r;
}

static void remember(void *arg, const struct answer_server *s)
{
	(void)arg;
	ids_add(&sweep.seen, s->id);
}

static void on_page(void *arg, const struct reply *reply)
{
	(void)arg;
	token_spent(sweep.svc, sweep.project, reply);
	if (reply->policy->verdict == VERDICT_TOKEN)
		svc_transaction(sweep.svc, blame, (void *)reply);
	sweep.root = reply->root;
	sweep.busy = reply->policy->verdict == VERDICT_OK &&
	             !answer_servers(reply->root, remember, NULL, &sweep.next) &&
	             (!sweep.next || sweep.next == sweep.page + 1) &&
	             !svc_transaction(sweep.svc, store, NULL);
	sweep.root = NULL;
	if (!sweep.busy)
		return;
	if (sweep.next) {
		sweep.page = sweep.next;
		sweep.busy = get(on_page, "/servers?per_page=50&sort=id:asc&page=", sweep.page);
		return;
	}
	find_suspects();
	ask_suspect();
}

/* The project that was not looked at for the longest time. */
static void look(void *arg)
{
	static const struct db_query q = {
		.name = "sweep_due",
		.sql = "UPDATE hetzner.token t SET swept_at = now() WHERE t.project ="
		       " (SELECT x.project FROM hetzner.token x WHERE x.state IN ('valid', "
		       "'readonly')"
		       "     AND x.swept_at < now() - $1::bigint * interval '1 s'"
		       "     AND EXISTS (SELECT FROM hetzner.server s WHERE s.project = x.project"
		       "         AND s.lifecycle = 'managed')"
		       "   ORDER BY x.swept_at LIMIT 1) RETURNING t.project",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	(void)arg;

	if (sweep.busy || svc_draining(sweep.svc) || !leader(sweep.svc))
		return;
	if (db_select(svc_db(sweep.svc), &q, &rows, db_i64(sweep.sync_s)) || !db_next(&rows))
		return;
	sweep.project = db_get_i64(&rows, "project");
	sweep.seen.n = sweep.suspects.n = sweep.at = 0;
	sweep.page = 1;
	sweep.busy = get(on_page, "/servers?per_page=50&sort=id:asc&page=", 1);
}

void refresh_start(struct service *s, struct client *client, int64_t sync_s)
{
	sweep.svc = s;
	sweep.client = client;
	sweep.sync_s = sync_s;
	svc_timer(s, LOOK_MS, look, NULL);
}

void refresh_stop(void)
{
	free(sweep.seen.at);
	free(sweep.suspects.at);
}
