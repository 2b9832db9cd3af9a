-- GET /audit: administrators see all, managers also what happened to their projects, others what they did.

CREATE OR REPLACE FUNCTION workflow.audit_actor(actor text, user_id bigint) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT coalesce(workflow.user_json(user_id), json_build_object('id', NULL, 'name',
		CASE WHEN actor LIKE 'system:%' THEN 'System' WHEN actor = 'operator' THEN 'Operator' ELSE actor END))
$$;

-- Objects whose audit rows a technical manager may read besides his own acts.
CREATE OR REPLACE FUNCTION workflow.audit_objects(actor bigint) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT ARRAY(SELECT 'project:' || p.project FROM authz.projects(actor) p WHERE p.level >= 1
		UNION ALL
		SELECT 'request:' || r.id FROM authz.projects(actor) p JOIN workflow.request r ON r.project = p.project WHERE p.level >= 1)
		WHERE authz.role(actor) = 'technical_manager'
$$;

-- Rows that somebody may read: his own, those of @objects, or @everything. It becomes part of the
-- query that asks (so it has no rights or settings of its own), and indexes serve it.
CREATE OR REPLACE FUNCTION audit.rows_of(who bigint, objects text[], everything boolean, q text, outcomes text[])
	RETURNS SETOF audit.log
LANGUAGE sql STABLE AS $$
	SELECT l.* FROM audit.log l
		WHERE (everything OR l.user_id = who OR l.object = ANY (objects))
			AND (outcomes IS NULL OR l.outcome = ANY (outcomes))
			AND (q IS NULL OR strpos(l.action, lower(q)) > 0 OR l.object = lower(q) OR l.corr::text = lower(q))
$$;

-- How many of one outcome. The log only grows: counting stops where the total is said to be capped.
CREATE OR REPLACE FUNCTION audit.count_of(who bigint, objects text[], everything boolean, q text, outcome text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_custom_plan AS $$
BEGIN
	RETURN (SELECT count(*) FROM (SELECT FROM audit.rows_of(who, objects, everything, q, ARRAY[outcome]) LIMIT 1001) x);
END $$;

CREATE OR REPLACE FUNCTION api.audit_list(actor bigint, generation bigint, args jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_custom_plan AS $$
DECLARE
	outcomes CONSTANT text[] := ARRAY['ok', 'denied'];
	wanted text[] := api.arg_words(args, 'state', outcomes);
	q text := api.arg_text(args, 'q', 100);
	sort text := api.arg_word(args, 'sort', 'seq', ARRAY['seq']);
	newest boolean := api.arg_word(args, 'dir', 'desc', ARRAY['asc', 'desc']) = 'desc';
	page bigint := api.arg_int(args, 'page', 1, 1, 1000);
	size bigint := api.arg_int(args, 'size', 25, 1, 100);
	everything boolean;
	objects text[];
	total bigint;
	counts json;
	items json;
BEGIN
	PERFORM authz.require(actor, generation, 'audit.read', 0);
	everything := authz.role(actor) = 'administrator';
	objects := workflow.audit_objects(actor);
	SELECT json_object_agg(c.outcome, least(c.n, 1000)), sum(c.n) FILTER (WHERE wanted IS NULL OR c.outcome = ANY (wanted))
		INTO counts, total
		FROM (SELECT o AS outcome, audit.count_of(actor, objects, everything, q, o) AS n FROM unnest(outcomes) o) c;
	SELECT json_agg(json_build_object('seq', x.seq, 'at', x.at, 'actor', workflow.audit_actor(x.actor, x.user_id),
			'action', x.action, 'object', x.object, 'outcome', x.outcome, 'detail', x.detail, 'correlation', x.corr)
			ORDER BY CASE WHEN newest THEN -x.seq ELSE x.seq END)
		INTO items
		FROM (SELECT l.* FROM audit.rows_of(audit_list.actor, objects, everything, q, wanted) l
			ORDER BY CASE WHEN newest THEN NULL ELSE l.seq END, l.seq DESC LIMIT size OFFSET (page - 1) * size) x;
	RETURN api.list_json(items, total, page, size, counts);
END $$;

GRANT EXECUTE ON FUNCTION api.audit_list(bigint, bigint, jsonb) TO sps_gateway;
