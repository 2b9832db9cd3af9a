#include "submit.h"
#include "request.h"

/* What is asked of the facts, in this order; the first that does not hold is said. */
static const struct {
	const char *fact; /* column of the facts query */
	int status;
	const char *field, *text;
} guards[] = {
	{ "project_active", 409, NULL, "The project is archived. Choose another one." },
	{ "priced", 422, "server_type",
	  "This server type is not offered in this location. Choose from the catalogue." },
	{ "price_fresh", 503, NULL,
	  "Prices were last read more than a day ago, so nobody could know what this costs. Try "
	  "again later, or tell an administrator." },
	{ "same_currency", 409, NULL,
	  "The project's budget is in another currency than the prices." },
	{ "orderable", 422, "location",
	  "This server type cannot be ordered there at the moment. Choose another location or "
	  "type." },
	{ "image_ok", 422, "image", "This image is not offered for this server type." },
	{ "name_free", 422, "name",
	  "This name is used by another request or server of the project." },
	{ "subdomain_free", 422, "subdomain",
	  "This subdomain is used by another request of the project." },
	{ "below_cap", 409, NULL,
	  "The project has as many servers as it may have. Ask an administrator." },
};

static const char *image_of(const struct request_submit *in)
{
	return in->image && *in->image ? in->image : "debian-12";
}

/*
 * A name is taken by a request that may still become a server, and by a server
 * that came from a request and still exists. Discovered servers are checked by
 * the provider when the time comes.
 */
static int facts(struct cmd *c, const struct request_submit *in, struct db_rows *ret_rows)
{
	static const struct db_query q = {
		.name = "submit_facts",
		.sql = "SELECT p.state = 'active' AS project_active,"
		       "       q.server_minor IS NOT NULL AS priced,"
		       "       coalesce(q.synced_at > now() - interval '24 hours', false)"
		       "           AS price_fresh,"
		       "       coalesce(q.currency = p.currency, false) AS same_currency,"
		       "       coalesce(q.orderable, false) AS orderable,"
		       "       hetzner.image_ok($4, $2) AS image_ok,"
		       "       NOT EXISTS (SELECT FROM workflow.request r"
		       "           WHERE r.project = p.id AND r.name = $5"
		       "               AND r.state NOT IN ('deployed', 'rejected', 'cancelled'))"
		       "       AND NOT workflow.name_in_use(p.id, $5) AS name_free,"
		       "       NOT EXISTS (SELECT FROM workflow.request r"
		       "           WHERE r.project = p.id AND r.subdomain = $6"
		       "               AND r.state NOT IN ('deployed', 'rejected', 'cancelled'))"
		       "           AS subdomain_free,"
		       "       p.server_cap IS NULL OR p.server_cap > coalesce((SELECT n.total"
		       "           FROM hetzner.server_counts(ARRAY[p.id]) n"
		       "           WHERE n.project = p.id), 0) AS below_cap,"
		       "       q.server_minor, q.ipv4_minor, q.currency, q.synced_at"
		       "  FROM workflow.project p LEFT JOIN hetzner.quote($2, $3) q ON true"
		       " WHERE p.id = $1",
	};

	return db_select(c->db, &q, ret_rows, db_i64(in->project), db_str(in->server_type),
	                 db_str(in->location), db_str(image_of(in)), db_str(in->name),
	                 db_str(in->subdomain));
}

static int check(struct cmd *c, const struct db_rows *rows)
{
	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++)
		if (!db_get_bool(rows, guards[i].fact))
			return cmd_reject(c, guards[i].status, guards[i].field, NULL, "%s",
			                  guards[i].text);
	return 0;
}

/* ON CONFLICT: somebody took the name between the check and now. */
static int insert(struct cmd *c, const struct request_submit *in, const struct db_rows *price,
                  struct db_rows *ret_rows)
{
	static const struct db_query q = {
		.name = "request_insert",
		.sql = "INSERT INTO workflow.request (state, project, requester, name, client,"
		       "     server_type, location, image, subdomain, usage, priority,"
		       "     justification, server_minor, ipv4_minor, currency, priced_at, op,"
		       "     history_seq, live_seq)"
		       " VALUES ('pending', $1, $2, $3, $4, $5, $6, $7, $8, coalesce($9, ''),"
		       "     coalesce($10, 'normal'), coalesce($11, ''), $12, $13, $14,"
		       "     $15::timestamptz, bus.uuid7(), 1, 1)"
		       " ON CONFLICT DO NOTHING RETURNING id",
	};

	return db_select(
		c->db, &q, ret_rows, db_i64(in->project), db_i64(c->user), db_str(in->name),
		db_str(in->client), db_str(in->server_type), db_str(in->location),
		db_str(image_of(in)), db_str(in->subdomain), db_str(in->usage),
		db_str(in->priority), db_str(in->justification),
		db_i64(db_get_i64(price, "server_minor")), db_i64(db_get_i64(price, "ipv4_minor")),
		db_str(db_get_str(price, "currency")), db_str(db_get_str(price, "synced_at")));
}

int on_request_submit(struct cmd *c, const void *body)
{
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	_cleanup_(request_release) struct request rq = { 0 };
	const struct request_submit *in = body;
	int r;

	r = facts(c, in, &rows);
	if (r)
		return r;
	if (!db_next(&rows))
		return cmd_reject(c, 404, NULL, NULL,
		                  "There is no such project, or you were not given access to it.");
	r = check(c, &rows);
	if (!r)
		r = insert(c, in, &rows, &rq.rows);
	if (r)
		return r;
	if (!db_next(&rq.rows))
		return cmd_reject(c, 422, "name", NULL,
		                  "This name or subdomain was taken just now by another request of "
		                  "the project.");
	rq.id = db_get_i64(&rq.rows, "id");
	rq.project = in->project;
	rq.requester = c->user;
	rq.name = in->name;
	rq.client = in->client;
	r = request_born(c, &rq);
	return r ? r : request_answer(c, 201, rq.id);
}
