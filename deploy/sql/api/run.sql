-- GET /runs, GET /runs/{id}, GET /runs/{id}/log

-- Runs on servers this person may read: of whole projects, or of single servers he was given. It
-- becomes part of the query that asks (so it has no rights or settings of its own), and indexes serve it.
CREATE OR REPLACE FUNCTION runner.runs_of(projects bigint[], servers bigint[], q text, only_request bigint, only_server bigint)
	RETURNS SETOF runner.run
LANGUAGE sql STABLE AS $$
	SELECT r.* FROM runner.run r
		WHERE (r.project = ANY (projects) OR r.server = ANY (servers))
			AND (only_request IS NULL OR r.request = only_request) AND (only_server IS NULL OR r.server = only_server)
			AND (q IS NULL OR strpos(r.name, lower(q)) > 0 OR strpos(r.playbook, lower(q)) > 0 OR r.id::text = ltrim(q, '#'))
$$;

CREATE OR REPLACE FUNCTION runner.run_can(actor bigint, r runner.run) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
	SELECT jsonb_build_object('cancel', r.finished_at IS NULL AND r.cancel_at IS NULL AND authz.may(actor, 'run.cancel', r.id))
$$;

CREATE OR REPLACE FUNCTION api.run_list(actor bigint, generation bigint, args jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	states CONSTANT text[] := ARRAY['queued', 'waiting_lock', 'starting', 'running', 'cancelling', 'succeeded', 'failed',
		'cancelled', 'timed_out', 'lost'];
	wanted text[] := api.arg_words(args, 'state', states);
	q text := api.arg_text(args, 'q', 100);
	only_request bigint := api.arg_int(args, 'request', NULL, 1, 999999999999999999);
	only_server bigint := api.arg_int(args, 'server', NULL, 1, 999999999999999999);
	sort text := api.arg_word(args, 'sort', 'id', ARRAY['id', 'state', 'name', 'playbook', 'created_at', 'started_at', 'finished_at']);
	dir text := api.arg_word(args, 'dir', CASE WHEN sort IN ('state', 'name', 'playbook') THEN 'asc' ELSE 'desc' END,
		ARRAY['asc', 'desc']);
	page bigint := api.arg_int(args, 'page', 1, 1, 1000);
	size bigint := api.arg_int(args, 'size', 25, 1, 100);
	projects bigint[];
	servers bigint[];
	counts json;
	total bigint;
	items json;
BEGIN
	PERFORM authz.require(actor, generation, 'run.list', 0);
	projects := ARRAY(SELECT p.project FROM authz.projects(actor) p WHERE p.level >= 1);
	servers := ARRAY(SELECT g.server FROM authz.server_grants(actor) g WHERE g.level >= 1);
	SELECT json_object_agg(s.state, coalesce(c.n, 0)), coalesce(sum(c.n) FILTER (WHERE wanted IS NULL OR s.state = ANY (wanted)), 0)
		INTO counts, total
		FROM unnest(states) s(state) LEFT JOIN (SELECT r.state, count(*) AS n
			FROM runner.runs_of(projects, servers, q, only_request, only_server) r GROUP BY r.state) c USING (state);
	-- A plan for each order, so that an index serves it; only names of columns enter the text.
	EXECUTE format('SELECT json_agg(runner.run_row_json(r) || jsonb_build_object(''can'', runner.run_can($1, r))
				ORDER BY r.%1$I %2$s NULLS LAST, r.id %2$s)
			FROM (SELECT r.* FROM runner.runs_of($2, $3, $4, $5, $6) r WHERE $7 IS NULL OR r.state = ANY ($7)
				ORDER BY r.%1$I %2$s NULLS LAST, r.id %2$s LIMIT $8 OFFSET $9) r', sort, dir)
		INTO items USING actor, projects, servers, q, only_request, only_server, wanted, size, (page - 1) * size;
	RETURN api.list_json(items, total, page, size, counts);
END $$;

CREATE OR REPLACE FUNCTION api.run_get(actor bigint, generation bigint, args jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	wanted bigint := api.arg_id(args, 'id');
	r runner.run;
BEGIN
	PERFORM authz.require(actor, generation, 'run.view', wanted);
	SELECT * INTO r FROM runner.run x WHERE x.id = wanted;
	RETURN runner.run_row_json(r) || jsonb_build_object('can', runner.run_can(actor, r), 'tasks', runner.run_tasks(r.id));
END $$;

CREATE OR REPLACE FUNCTION api.run_log(actor bigint, generation bigint, args jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	wanted bigint := api.arg_id(args, 'id');
BEGIN
	PERFORM authz.require(actor, generation, 'run.view', wanted);
	RETURN runner.run_log(wanted, api.arg_int(args, 'from', 1, 1, 2147483647), api.arg_int(args, 'limit', 1000, 1, 5000)::int);
END $$;

GRANT EXECUTE ON FUNCTION api.run_list(bigint, bigint, jsonb), api.run_get(bigint, bigint, jsonb),
	api.run_log(bigint, bigint, jsonb) TO sps_gateway;
GRANT EXECUTE ON FUNCTION api.run_get(bigint, bigint, jsonb) TO sps_runner;
