/* The first state of creating: the project's SSH key is at the provider, under a name that says
 * which it is. */
#include "err.h"
#include "operation_steps.h"
#include "secret.h"

#include <inttypes.h>
#include <stdio.h>

static int key_found(struct cmd *c, struct work *w, int64_t id)
{
	static const struct db_query q = {
		.name = "ssh_key_keep",
		.sql = "INSERT INTO hetzner.ssh_key AS k (project, public_key, provider_id)"
		       " VALUES ($1, $2, $3)"
		       " ON CONFLICT (project, public_key) DO UPDATE SET provider_id = $3",
	};
	static const struct db_query known = {
		.name = "op_key",
		.sql = "UPDATE hetzner.operation SET key_id = $2 WHERE op = $1::uuid",
	};
	int r = db_exec(c->db, &q, NULL, db_i64(w->o.project), db_str(w->o.ssh_key), db_i64(id));

	if (!r)
		r = db_exec(c->db, &known, NULL, db_str(w->o.op), db_i64(id));
	return r ? r : op_move(c, &w->o, OP_CREATE, 0);
}

static int key_uploaded(struct cmd *c, struct work *w)
{
	int64_t id;

	if (w->reply->policy->verdict == VERDICT_OK && !answer_ssh_key(w->reply->root, &id))
		return key_found(c, w, id);
	if (w->reply->policy->verdict == VERDICT_TAKEN || w->reply->policy->verdict == VERDICT_OK)
		return w->o.tries < 5 ? op_stay(c, &w->o, 1000, true) : work_default(c, w);
	return work_default(c, w); /* unknown: the list is read again before anything is sent */
}

/* Named by what it is, so that a new key of the project never meets the old one's name. */
static void upload_key(struct work *w)
{
	char hash[65], name[40];

	secret_hash_hex(w->o.ssh_key, hash);
	snprintf(name, sizeof(name), "sps-%.24s", hash);
	work_send(w, "POST", json_pack("{s:s, s:s}", "name", name, "public_key", w->o.ssh_key),
	          key_uploaded, "/ssh_keys");
}

static void list_keys(struct work *w);

static int keys_listed(struct cmd *c, struct work *w)
{
	int64_t id, next;

	if (w->reply->policy->verdict != VERDICT_OK)
		return work_default(c, w);
	if (answer_ssh_keys(w->reply->root, w->o.ssh_key, &id, &next) ||
	    pages_turn(&w->pages, w->reply->root, next))
		return work_unreadable(c, w);
	if (id)
		return key_found(c, w, id);
	w->then = next ? list_keys : upload_key;
	return 0;
}

static void list_keys(struct work *w)
{
	work_get(w, keys_listed, "/ssh_keys?per_page=50&page=%" PRId64, w->pages.page);
}

static int key_known(struct cmd *c, struct work *w)
{
	static const struct db_query q = {
		.name = "ssh_key_known",
		.sql = "SELECT provider_id FROM hetzner.ssh_key WHERE project = $1 AND public_key "
		       "= $2",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows, db_i64(w->o.project), db_str(w->o.ssh_key));

	w->then = NULL;
	if (r)
		return r;
	if (db_next(&rows))
		return key_found(c, w, db_get_i64(&rows, "provider_id"));
	w->then = list_keys;
	return 0;
}

void ask_key(struct work *w)
{
	if (work_record(w, key_known) && w->then)
		w->then(w);
	else
		work_end(w);
}
