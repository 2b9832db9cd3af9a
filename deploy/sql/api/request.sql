-- GET /requests and GET /requests/{id}

-- What this person may see (@projects as authz.request_projects() says, NULL: all), narrowed. It
-- becomes part of the query that asks (so it has no rights or settings of its own), and indexes serve it.
CREATE OR REPLACE FUNCTION workflow.requests_of(actor bigint, projects bigint[], only_project bigint, q text)
	RETURNS SETOF workflow.request
LANGUAGE sql STABLE AS $$
	SELECT r.* FROM workflow.request r
		WHERE (projects IS NULL OR r.requester = actor OR r.project = ANY (projects))
			AND (only_project IS NULL OR r.project = only_project)
			AND (q IS NULL OR strpos(lower(r.name), lower(q)) > 0 OR strpos(lower(r.client), lower(q)) > 0
				OR r.id::text = ltrim(q, '#'))
$$;

-- One pass: how many there are in each state. The plan is made for this person, so that indexes serve a small scope.
CREATE OR REPLACE FUNCTION workflow.request_counts(actor bigint, projects bigint[], only_project bigint, q text)
	RETURNS TABLE (state text, n bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_custom_plan AS $$
BEGIN
	RETURN QUERY SELECT r.state, count(*) FROM workflow.requests_of(actor, projects, only_project, q) r GROUP BY r.state;
END $$;

CREATE OR REPLACE FUNCTION api.request_list(actor bigint, generation bigint, args jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	states CONSTANT text[] := ARRAY['pending', 'approved', 'deploying', 'deployed', 'failed', 'rejected', 'cancelled'];
	wanted text[] := api.arg_words(args, 'state', states);
	q text := api.arg_text(args, 'q', 100);
	only_project bigint := api.arg_int(args, 'project', NULL, 1, 999999999999999999);
	sort text := api.arg_word(args, 'sort', 'created_at', ARRAY['created_at', 'updated_at', 'id', 'name', 'client', 'state',
		'server_type', 'location', 'priority', 'total_minor']);
	dir text := api.arg_word(args, 'dir', CASE WHEN sort IN ('created_at', 'updated_at', 'id') THEN 'desc' ELSE 'asc' END,
		ARRAY['asc', 'desc']);
	page bigint := api.arg_int(args, 'page', 1, 1, 1000);
	size bigint := api.arg_int(args, 'size', 25, 1, 100);
	projects bigint[];
	counts json;
	total bigint;
	items json;
BEGIN
	PERFORM authz.require(actor, generation, 'request.list', 0);
	projects := authz.request_projects(actor);
	SELECT json_object_agg(s.state, coalesce(c.n, 0)), coalesce(sum(c.n) FILTER (WHERE wanted IS NULL OR s.state = ANY (wanted)), 0)
		INTO counts, total
		FROM unnest(states) s(state) LEFT JOIN workflow.request_counts(actor, projects, only_project, q) c USING (state);
	-- A plan for each order, so that an index serves it; only names of columns enter the text.
	EXECUTE format('SELECT json_agg(workflow.request_json($1, r) ORDER BY r.%1$I %2$s, r.id %2$s)
			FROM (SELECT r.* FROM workflow.requests_of($1, $2, $3, $4) r WHERE $5 IS NULL OR r.state = ANY ($5)
				ORDER BY r.%1$I %2$s, r.id %2$s LIMIT $6 OFFSET $7) r', sort, dir)
		INTO items USING actor, projects, only_project, q, wanted, size, (page - 1) * size;
	RETURN api.list_json(items, total, page, size, counts);
END $$;

CREATE OR REPLACE FUNCTION api.request_get(actor bigint, generation bigint, args jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	wanted bigint := api.arg_id(args, 'id');
	r workflow.request;
BEGIN
	PERFORM authz.require(actor, generation, 'request.view', wanted);
	SELECT * INTO r FROM workflow.request x WHERE x.id = wanted;
	RETURN workflow.request_json(actor, r)
		|| jsonb_build_object('steps', workflow.request_steps(r.id), 'history', workflow.request_story(r.id));
END $$;

GRANT EXECUTE ON FUNCTION api.request_list(bigint, bigint, jsonb), api.request_get(bigint, bigint, jsonb) TO sps_gateway;
GRANT EXECUTE ON FUNCTION api.request_get(bigint, bigint, jsonb) TO sps_workflow;
