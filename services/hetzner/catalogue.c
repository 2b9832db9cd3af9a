#include "catalogue.h"
#include "answer_catalogue.h"
#include "err.h"
#include "pages.h"
#include "token.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 500
#define REST 20      /* looks that are left out after a sync that failed */
#define SHARE "0.15" /* of a project's requests that is left to the work of people */

enum part { PART_TYPES, PART_LOCATIONS, PART_IMAGES, PART_PRICING, PART_END };

/* clang-format off */
static const char *const paths[] = {
	[PART_TYPES]     = "/server_types?per_page=50&page=%" PRId64,
	[PART_LOCATIONS] = "/locations?per_page=50&page=%" PRId64,
	[PART_IMAGES]    = "/images?type=system&status=available&per_page=50&page=%" PRId64,
	[PART_PRICING]   = "/pricing?page=%" PRId64,
};
/* clang-format on */

static struct {
	struct service *svc;
	struct client *client;
	/* the sync under way */
	bool busy, whole;
	int rest;
	int64_t project, token; /* the version of its token */
	struct pages pages;
	enum part part;
	json_t *types, *prices, *locations, *images, *ipv4;
	struct answer_account account;
} sync;

bool leader(struct service *s)
{
	static const struct db_query q = {
		.name = "leader",
		.sql = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory'"
		       "     AND pid = pg_backend_pid() AND classid = 7285 AND objid = 1)"
		       "  OR pg_try_advisory_lock(7285, 1) AS leads",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };

	return !db_select(svc_db(s), &q, &rows) && db_next(&rows) && db_get_bool(&rows, "leads");
}

static void end_sync(void)
{
	json_t **all[] = { &sync.types, &sync.prices, &sync.locations, &sync.images, &sync.ipv4 };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		json_decref(*all[i]);
		*all[i] = NULL;
	}
	sync.busy = false;
}

/* ---- storing ------------------------------------------------------------------------------- */

static const struct db_query store_types = {
	.name = "catalogue_types",
	.sql = "WITH offered AS (INSERT INTO hetzner.server_type AS t"
	       "     SELECT * FROM json_populate_recordset(NULL::hetzner.server_type, $1::json)"
	       "     ON CONFLICT (name) DO UPDATE SET provider_id = excluded.provider_id,"
	       "         description = excluded.description, category = excluded.category,"
	       "         cores = excluded.cores, memory_mb = excluded.memory_mb,"
	       "         disk_gb = excluded.disk_gb, architecture = excluded.architecture"
	       "     RETURNING 1)"
	       " DELETE FROM hetzner.server_type t"
	       "  WHERE t.name NOT IN (SELECT j.name FROM json_to_recordset($1::json) j(name "
	       "text))",
};
static const struct db_query store_prices = {
	.name = "catalogue_prices",
	.sql = "WITH offered AS (INSERT INTO hetzner.price AS p"
	       "     SELECT * FROM json_populate_recordset(NULL::hetzner.price, $1::json)"
	       "     ON CONFLICT (server_type, location) DO UPDATE SET"
	       "         monthly_minor = excluded.monthly_minor,"
	       "         hourly_micro = excluded.hourly_micro, available = excluded.available,"
	       "         unavailable_after = excluded.unavailable_after"
	       "     RETURNING 1)"
	       " DELETE FROM hetzner.price p WHERE (p.server_type, p.location) NOT IN"
	       "     (SELECT j.server_type, j.location"
	       "        FROM json_to_recordset($1::json) j(server_type text, location text))",
};
static const struct db_query store_locations = {
	.name = "catalogue_locations",
	.sql = "INSERT INTO hetzner.location (name, city, country, ipv4_minor)"
	       " SELECT l.name, l.city, l.country, i.ipv4_minor"
	       "   FROM json_to_recordset($1::json) l(name text, city text, country text)"
	       "   LEFT JOIN json_to_recordset($2::json) i(location text, ipv4_minor bigint)"
	       "     ON i.location = l.name"
	       " ON CONFLICT (name) DO UPDATE SET city = excluded.city,"
	       "     country = excluded.country, ipv4_minor = excluded.ipv4_minor",
};
static const struct db_query forget_images = {
	.name = "catalogue_images_forget",
	.sql = "DELETE FROM hetzner.image",
};
static const struct db_query store_images = {
	.name = "catalogue_images",
	.sql = "INSERT INTO hetzner.image (name, architecture, description, deprecated)"
	       " SELECT DISTINCT ON (name, architecture) name, architecture, description, "
	       "deprecated"
	       "   FROM json_populate_recordset(NULL::hetzner.image, $1::json)"
	       "  ORDER BY name, architecture, deprecated",
};
static const struct db_query store_account = {
	.name = "catalogue_account",
	.sql = "INSERT INTO hetzner.account (currency, vat_rate, synced_at, stock_at)"
	       " VALUES ($1, $2::numeric, now(), now())"
	       " ON CONFLICT (one) DO UPDATE SET currency = excluded.currency,"
	       "     vat_rate = excluded.vat_rate, synced_at = now(), stock_at = now()",
};
static const struct db_query touch_stock = {
	.name = "catalogue_stock",
	.sql = "UPDATE hetzner.account SET stock_at = now()",
};

static int store_json(struct cmd *c, const struct db_query *q, const json_t *rows,
                      const json_t *more)
{
	_free_ char *text = json_dumps(rows, JSON_COMPACT),
		    *second = more ? json_dumps(more, JSON_COMPACT) : NULL;

	if (more)
		return db_exec(c->db, q, NULL, db_str(text), db_str(second));
	return db_exec(c->db, q, NULL, db_str(text));
}

static int store(struct cmd *c, void *arg)
{
	int r;
	(void)arg;

	r = store_json(c, &store_types, sync.types, NULL);
	if (!r)
		r = store_json(c, &store_prices, sync.prices, NULL);
	if (r || !sync.whole)
		return r ? r : db_exec(c->db, &touch_stock, NULL);
	r = store_json(c, &store_locations, sync.locations, sync.ipv4);
	if (!r)
		r = db_exec(c->db, &forget_images, NULL);
	if (!r)
		r = store_json(c, &store_images, sync.images, NULL);
	return r ? r
	         : db_exec(c->db, &store_account, NULL, db_str(sync.account.currency),
	                   db_str(sync.account.vat_rate));
}

/* ---- asking -------------------------------------------------------------------------------- */

static void ask(void);

static int read_part(const json_t *root, int64_t *ret_next)
{
	switch (sync.part) {
	case PART_TYPES:
		return answer_types(root, sync.types, sync.prices, ret_next);
	case PART_LOCATIONS:
		return answer_locations(root, sync.locations, ret_next);
	case PART_IMAGES:
		return answer_images(root, sync.images, ret_next);
	case PART_PRICING:
		*ret_next = 0;
		return answer_pricing(root, &sync.account, sync.ipv4);
	case PART_END:
		break;
	}
	return ANSWER_E_BAD;
}

static int blame(struct cmd *c, void *arg)
{
	bool replaced;

	return token_blame(c, sync.project, sync.token, arg, &replaced);
}

static void finish_sync(void)
{
	if (json_array_size(sync.prices) && !svc_transaction(sync.svc, store, NULL))
		log_info("catalogue.synced",
		         LOG_I64("server_types", (int64_t)json_array_size(sync.types)),
		         LOG_I64("prices", (int64_t)json_array_size(sync.prices)),
		         LOG_I64("whole", sync.whole));
	end_sync();
}

static void on_part(void *arg, const struct reply *reply)
{
	int64_t next = 0;
	(void)arg;

	token_spent(sync.svc, sync.project, reply);
	if (reply->policy->verdict == VERDICT_TOKEN)
		svc_transaction(sync.svc, blame, (void *)reply);
	if (reply->policy->verdict != VERDICT_OK || read_part(reply->root, &next) ||
	    pages_turn(&sync.pages, reply->root, next)) {
		log_warn("catalogue.unreadable", LOG_I64("part", sync.part),
		         LOG_I64("status", reply->status));
		sync.rest = REST;
		end_sync();
		return;
	}
	if (!next) {
		sync.part = sync.whole ? sync.part + 1 : PART_END;
		pages_start(&sync.pages);
	}
	if (sync.part == PART_END)
		finish_sync();
	else
		ask();
}

static void ask(void)
{
	_cleanup_(token_release) struct token token = { 0 };

	if (token_load(sync.svc, sync.project, &token) ||
	    !token_spend(sync.svc, sync.project, "main", SHARE)) {
		sync.rest = REST;
		end_sync();
		return;
	}
	sync.token = token.version;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	client_send(sync.client, "GET", token.text, NULL, on_part, NULL, paths[sync.part],
	            sync.pages.page);
#pragma GCC diagnostic pop
}

static void look(void *arg)
{
	static const struct db_query q = {
		.name = "catalogue_due",
		.sql = "SELECT t.project, a.synced_at IS NULL OR a.synced_at < now() - interval '1 "
		       "day'"
		       "         AS whole"
		       "  FROM hetzner.token t LEFT JOIN hetzner.account a ON true"
		       " WHERE t.state IN ('valid', 'readonly')"
		       "   AND (a.stock_at IS NULL OR a.stock_at < now() - interval '5 min')"
		       " ORDER BY random() LIMIT 1",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	(void)arg;

	if (sync.busy || svc_draining(sync.svc) || (sync.rest && sync.rest--))
		return;
	if (db_select(svc_db(sync.svc), &q, &rows) || !db_next(&rows) || !leader(sync.svc))
		return;
	sync.busy = true;
	sync.whole = db_get_bool(&rows, "whole");
	sync.project = db_get_i64(&rows, "project");
	sync.part = PART_TYPES;
	pages_start(&sync.pages);
	sync.types = json_array();
	sync.prices = json_array();
	sync.locations = json_array();
	sync.images = json_array();
	sync.ipv4 = json_array();
	ask();
}

void catalogue_start(struct service *s, struct client *client)
{
	sync.svc = s;
	sync.client = client;
	svc_timer(s, LOOK_MS, look, NULL);
}

void catalogue_stop(void)
{
	end_sync();
}
