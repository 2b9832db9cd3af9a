#include "refresh.h"
#include "catalogue.h"
#include "err.h"
#include "pages.h"
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
	int64_t project, token; /* the version of its token */
	struct pages pages;
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
	_cleanup_(token_release) struct token token = { 0 };

	if (token_load(sweep.svc, sweep.project, &token) ||
	    !token_spend(sweep.svc, sweep.project, "main", SHARE))
		return false;
	sweep.token = token.version;
	client_send(sweep.client, "GET", token.text, NULL, done, NULL, "%s%" PRId64, what, number);
	return true;
}

static int blame(struct cmd *c, void *arg)
{
	bool replaced;

	return token_blame(c, sweep.project, sweep.token, arg, &replaced);
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

static bool in_list(int64_t id)
{
	return sweep.seen.n && bsearch(&id, sweep.seen.at, sweep.seen.n, sizeof(int64_t), compare);
}

/* It has shown one of the project's servers, so from now on it may say that one is gone. */
static void trust_token(void)
{
	static const struct db_query q = {
		.name = "token_trust",
		.sql = "UPDATE hetzner.token SET trusted = version"
		       " WHERE project = $1 AND version = $2::int",
	};

	if (!db_exec(svc_db(sweep.svc), &q, NULL, db_i64(sweep.project), db_i64(sweep.token)))
		log_info("token.trusted", LOG_I64("project", sweep.project));
}

/*
 * Known servers that the list does not have. A token that has never shown any of
 * them may be one of another project at the provider: it makes no suspects.
 */
static void find_suspects(void)
{
	static const struct db_query q = {
		.name = "sweep_known",
		.sql = "SELECT s.id, s.provider_id, t.trusted = $2::int AS trusted"
		       "  FROM hetzner.server s JOIN hetzner.token t ON t.project = s.project"
		       " WHERE s.project = $1 AND s.lifecycle = 'managed'"
		       "   AND s.updated_at < now() - interval '10 s' ORDER BY s.id",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	bool trusted = true, shown = false;

	qsort(sweep.seen.at, sweep.seen.n, sizeof(int64_t), compare);
	if (db_select(svc_db(sweep.svc), &q, &rows, db_i64(sweep.project), db_i64(sweep.token)))
		return;
	while (db_next(&rows)) {
		trusted = db_get_bool(&rows, "trusted");
		if (in_list(db_get_i64(&rows, "provider_id"))) {
			shown = true;
			continue;
		}
		ids_add(&sweep.suspects, db_get_i64(&rows, "id"));
		ids_add(&sweep.suspects, db_get_i64(&rows, "provider_id"));
	}
	if (!trusted && shown) {
		trust_token();
	} else if (!trusted) {
		log_warn("sweep.strange", LOG_I64("project", sweep.project),
		         LOG_STR("why", "the new token shows none of the project's servers"));
		sweep.suspects.n = 0;
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

static void on_page(void *arg, const struct reply *reply);

static void ask_page(void)
{
	sweep.busy = get(on_page, "/servers?per_page=50&sort=id:asc&page=", sweep.pages.page);
}

/* It all counts, or the sweep ends here. */
static bool take_page(const struct reply *reply)
{
	if (reply->policy->verdict != VERDICT_OK)
		return false;
	if (answer_servers(reply->root, remember, NULL, &sweep.next) ||
	    pages_turn(&sweep.pages, reply->root, sweep.next)) {
		log_warn("sweep.unreadable", LOG_I64("project", sweep.project),
		         LOG_I64("page", sweep.pages.page));
		return false;
	}
	sweep.root = reply->root;
	return !svc_transaction(sweep.svc, store, NULL);
}

static void on_page(void *arg, const struct reply *reply)
{
	(void)arg;
	token_spent(sweep.svc, sweep.project, reply);
	if (reply->policy->verdict == VERDICT_TOKEN)
		svc_transaction(sweep.svc, blame, (void *)reply);
	sweep.busy = take_page(reply);
	sweep.root = NULL;
	if (!sweep.busy)
		return;
	if (sweep.pages.page) {
		ask_page();
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
	pages_start(&sweep.pages);
	ask_page();
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
