#include "reading.h"
#include "announce.h"
#include "err.h"

#include <inttypes.h>
#include <stdio.h>

/* Tells the person's other windows too. */
static int tell_windows(struct cmd *c, int64_t notification)
{
	static const struct db_query q = { .name = "unread",
		                           .sql = "SELECT notifier.unread($1::bigint) AS n" };
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows, db_i64(c->user));

	if (r)
		return r;
	db_next(&rows);
	announce_unread(c, c->user, notification, db_get_i64(&rows, "n"));
	return 0;
}

int on_notification_read(struct cmd *c, const void *body)
{
	static const struct db_query q = {
		.name = "notification_read",
		.sql = "UPDATE notifier.notification n SET read_at = coalesce(n.read_at, now())"
		       " WHERE n.id = $1 AND n.user_id = $2 RETURNING "
		       "notifier.notification_json(n) AS json",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	const struct notification_read *in = body;
	int r;

	r = db_select(c->db, &q, &rows, db_i64(in->notification), db_i64(c->user));
	if (r)
		return r;
	if (!db_next(&rows))
		return cmd_reject(c, 404, NULL, NULL, "There is no such notification.");
	cmd_result(c, 200, db_get_str(&rows, "json"));
	return tell_windows(c, in->notification);
}

int on_notification_read_all(struct cmd *c, const void *body)
{
	/* what is told while this runs is not in its snapshot, and its own frame follows */
	static const struct db_query q = {
		.name = "notification_read_all",
		.sql = "WITH u AS (UPDATE notifier.notification SET read_at = now()"
		       " WHERE user_id = $1 AND read_at IS NULL RETURNING 1)"
		       " SELECT count(*) AS n FROM u",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	char json[64];
	int r;

	(void)body;
	r = db_select(c->db, &q, &rows, db_i64(c->user));
	if (r)
		return r;
	db_next(&rows);
	announce_unread(c, c->user, 0, 0);
	snprintf(json, sizeof(json), "{\"read\":%" PRId64 ",\"unread\":0}", db_get_i64(&rows, "n"));
	cmd_result(c, 200, json);
	return 0;
}
