-- GET /notifications: what the caller was told.

-- @unread NULL: read or not. It becomes part of the query that asks (so it has no rights or settings
-- of its own), and indexes serve it.
CREATE OR REPLACE FUNCTION notifier.told(reader bigint, q text, unread boolean) RETURNS SETOF notifier.notification
LANGUAGE sql STABLE AS $$
	SELECT n.* FROM notifier.notification n
		WHERE n.user_id = reader AND (unread IS NULL OR (n.read_at IS NULL) = unread)
			AND (q IS NULL OR strpos(lower(n.title || ' ' || n.body), lower(q)) > 0)
$$;

CREATE OR REPLACE FUNCTION api.notification_list(actor bigint, generation bigint, args jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_custom_plan AS $$
DECLARE
	wanted text := api.arg_word(args, 'state', NULL, ARRAY['unread', 'read']);
	q text := api.arg_text(args, 'q', 100);
	sort text := api.arg_word(args, 'sort', 'created_at', ARRAY['created_at']);
	newest boolean := api.arg_word(args, 'dir', 'desc', ARRAY['asc', 'desc']) = 'desc';
	page bigint := api.arg_int(args, 'page', 1, 1, 1000);
	size bigint := api.arg_int(args, 'size', 25, 1, 100);
	unread bigint;
	read bigint;
	items json;
BEGIN
	PERFORM authz.require(actor, generation, 'notification.list', 0);
	-- They are kept for ever: counting stops where the total is said to be capped.
	unread := (SELECT count(*) FROM (SELECT FROM notifier.told(actor, q, true) LIMIT 1001) x);
	read := (SELECT count(*) FROM (SELECT FROM notifier.told(actor, q, false) LIMIT 1001) x);
	items := (SELECT json_agg(notifier.notification_json(n) ORDER BY CASE WHEN newest THEN -n.id ELSE n.id END)
		FROM (SELECT n.* FROM notifier.told(actor, q, wanted = 'unread') n
			ORDER BY CASE WHEN newest THEN NULL ELSE n.id END, n.id DESC LIMIT size OFFSET (page - 1) * size) n);
	RETURN api.list_json(items, CASE wanted WHEN 'unread' THEN unread WHEN 'read' THEN read ELSE unread + read END,
		page, size, json_build_object('unread', least(unread, 1000), 'read', least(read, 1000)));
END $$;

GRANT EXECUTE ON FUNCTION api.notification_list(bigint, bigint, jsonb) TO sps_gateway;
