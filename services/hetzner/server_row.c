#include "server_row.h"
#include "buf.h"

#include <inttypes.h>
#include <stdio.h>

static void publish(struct cmd *c, const struct db_rows *row)
{
	struct buf json;
	char topic[40];

	snprintf(topic, sizeof(topic), "server/%" PRId64, db_get_i64(row, "id"));
	buf_init(&json, 512);
	buf_str(&json, "{\"topic\":");
	buf_json_str(&json, topic);
	buf_fmt(&json, ",\"seq\":%" PRId64 ",\"kind\":\"changed\",\"id\":%" PRId64 ",\"state\":",
	        db_get_i64(row, "version"), db_get_i64(row, "id"));
	buf_json_str(&json, db_get_str(row, "lifecycle"));
	buf_str(&json, "}");
	cmd_live(c, topic, json.data);
	buf_release(&json);
	cmd_live_list(c, "servers");
}

int server_row_record(struct cmd *c, const struct operation *o, const struct answer_server *s,
                      const char *lifecycle, int64_t *ret_id)
{
	static const struct db_query q = {
		.name = "server_record",
		.sql = "INSERT INTO hetzner.server AS v (project, provider_id, name, lifecycle, "
		       "status,"
		       "     ipv4, ipv6, server_type, location, op, request, server_minor, "
		       "ipv4_minor,"
		       "     currency)"
		       " SELECT $1, $2, $3, $4, $5, nullif($6, '')::inet, nullif($7, '')::inet, "
		       "$8, $9,"
		       "        $10::uuid, $11, q.server_minor,"
		       "        CASE WHEN $6 = '' THEN 0 ELSE q.ipv4_minor END, q.currency"
		       "   FROM (SELECT) one LEFT JOIN hetzner.quote($8, $9) q ON true"
		       " ON CONFLICT (op) DO UPDATE SET lifecycle = excluded.lifecycle,"
		       "     status = excluded.status, ipv4 = excluded.ipv4, ipv6 = excluded.ipv6,"
		       "     provider_id = excluded.provider_id, name = excluded.name, gone_at = "
		       "NULL,"
		       "     version = v.version + 1, updated_at = now()"
		       " RETURNING id, version, lifecycle",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows, db_i64(o->project), db_i64(s->id), db_str(s->name),
	                  db_str(lifecycle), db_str(s->status), db_str(s->ipv4), db_str(s->ipv6),
	                  db_str(s->server_type), db_str(s->location), db_str(o->op),
	                  db_i64(o->request));

	if (r || !db_next(&rows))
		return r;
	*ret_id = db_get_i64(&rows, "id");
	publish(c, &rows);
	return 0;
}

int server_row_lifecycle(struct cmd *c, int64_t id, const char *lifecycle)
{
	static const struct db_query q = {
		.name = "server_lifecycle",
		.sql = "UPDATE hetzner.server SET lifecycle = $2, version = version + 1,"
		       "     updated_at = now(),"
		       "     gone_at = CASE WHEN $2 IN ('deleted', 'gone') THEN coalesce(gone_at, "
		       "now()) END"
		       " WHERE id = $1 AND lifecycle <> $2 RETURNING id, version, lifecycle",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows, db_i64(id), db_str(lifecycle));

	if (!r && db_next(&rows))
		publish(c, &rows);
	return r;
}

int64_t server_row_of(struct cmd *c, const char *op)
{
	static const struct db_query q = {
		.name = "server_of_op",
		.sql = "SELECT id FROM hetzner.server WHERE op = $1::uuid",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };

	if (db_select(c->db, &q, &rows, db_str(op)) || !db_next(&rows))
		return 0;
	return db_get_i64(&rows, "id");
}

int server_row_seen(struct cmd *c, int64_t project, const struct answer_server *s)
{
	static const struct db_query q = {
		.name = "server_seen",
		.sql = "UPDATE hetzner.server SET name = $3, status = $4, ipv4 = nullif($5, "
		       "'')::inet,"
		       "     ipv6 = nullif($6, '')::inet, server_type = $7, version = version + 1,"
		       "     updated_at = now()"
		       " WHERE project = $1 AND provider_id = $2 AND lifecycle IN ('managed', "
		       "'deleting')"
		       "   AND (name, status, server_type, ipv4, ipv6) IS DISTINCT FROM"
		       "       ($3, $4, $7, nullif($5, '')::inet, nullif($6, '')::inet)"
		       " RETURNING id, version, lifecycle",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows, db_i64(project), db_i64(s->id), db_str(s->name),
	                  db_str(s->status), db_str(s->ipv4), db_str(s->ipv6),
	                  db_str(s->server_type));

	if (!r && db_next(&rows))
		publish(c, &rows);
	return r;
}
