-- GET /projects and GET /projects/{id}

-- The projects a person may see: his level, or 0 for those that only take his requests.
CREATE OR REPLACE FUNCTION workflow.projects_seen(actor bigint) RETURNS TABLE (project bigint, level int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT s.project, max(s.level) FROM (
		SELECT p.project, p.level FROM authz.projects(actor) p WHERE p.level >= 1
		UNION ALL
		SELECT p.id, 0 FROM workflow.project p
			WHERE p.open_for_sales AND p.state = 'active' AND authz.role(actor) = 'sales_agent') s
		GROUP BY s.project
$$;

CREATE OR REPLACE FUNCTION workflow.project_money(id bigint) RETURNS TABLE (reserved_minor bigint, committed_minor bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT coalesce(sum(v.amount_minor) FILTER (WHERE v.state = 'reserved'), 0)::bigint,
			coalesce(sum(v.amount_minor) FILTER (WHERE v.state = 'committed'), 0)::bigint
		FROM workflow.reservation v WHERE v.project = project_money.id AND v.state <> 'released'
$$;

GRANT EXECUTE ON FUNCTION workflow.project_money(bigint) TO sps_workflow;

-- Sales agents get the name and whether they may ask for a server, nothing more.
CREATE OR REPLACE FUNCTION workflow.project_json(actor bigint, p workflow.project) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT CASE authz.role(actor) WHEN 'sales_agent' THEN
		json_build_object('id', p.id, 'name', p.name, 'can', json_build_object('request', c.request))
	ELSE
		json_build_object('id', p.id, 'version', p.version, 'name', p.name, 'description', p.description, 'state', p.state,
			'open_for_sales', p.open_for_sales, 'environment', p.environment,
			'servers', coalesce((SELECT n.total FROM hetzner.server_counts(ARRAY[p.id]) n WHERE n.project = p.id), 0),
			'server_cap', p.server_cap, 'budget_minor', p.budget_minor, 'reserved_minor', m.reserved_minor,
			'committed_minor', m.committed_minor, 'currency', p.currency, 'manager_limit_minor', p.manager_limit_minor,
			'auto_provision', p.auto_provision,
			'token_state', coalesce(hetzner.token_state(p.id), 'missing'), 'ssh_public_key', runner.public_key(p.id),
			'created_at', p.created_at, 'updated_at', p.updated_at,
			'can', json_build_object('request', c.request, 'token', c.token))
	END
	FROM workflow.project_money(p.id) m,
		(SELECT p.state = 'active' AND 'request.create' = ANY (a), 'project.token' = ANY (a)
			FROM authz.allowed(actor, p.id, ARRAY['request.create', 'project.token']) a) c(request, token)
$$;

CREATE OR REPLACE FUNCTION api.project_list(actor bigint, generation bigint, args jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	wanted text[] := api.arg_words(args, 'state', ARRAY['active', 'archived']);
	q text := api.arg_text(args, 'q', 100);
	sort text := api.arg_word(args, 'sort', 'name', ARRAY['name', 'created_at', 'id']);
	dir text := api.arg_word(args, 'dir', 'asc', ARRAY['asc', 'desc']);
	page bigint := api.arg_int(args, 'page', 1, 1, 1000);
	size bigint := api.arg_int(args, 'size', 25, 1, 100);
	counts json;
	total bigint;
	items json;
BEGIN
	PERFORM authz.require(actor, generation, 'project.list', 0);
	SELECT json_build_object('active', count(*) FILTER (WHERE p.state = 'active'),
			'archived', count(*) FILTER (WHERE p.state = 'archived')),
			count(*) FILTER (WHERE wanted IS NULL OR p.state = ANY (wanted))
		INTO counts, total
		FROM workflow.projects_seen(actor) s JOIN workflow.project p ON p.id = s.project
		WHERE q IS NULL OR strpos(lower(p.name), lower(q)) > 0;
	EXECUTE format('SELECT json_agg(workflow.project_json($1, x.p) ORDER BY (x.p).%1$I %2$s, (x.p).id)
			FROM (SELECT p FROM workflow.projects_seen($1) s JOIN workflow.project p ON p.id = s.project
				WHERE ($2 IS NULL OR p.state = ANY ($2)) AND ($3 IS NULL OR strpos(lower(p.name), lower($3)) > 0)
				ORDER BY p.%1$I %2$s, p.id LIMIT $4 OFFSET $5) x', sort, dir)
		INTO items USING actor, wanted, q, size, (page - 1) * size;
	RETURN api.list_json(items, total, page, size, counts);
END $$;

CREATE OR REPLACE FUNCTION api.project_get(actor bigint, generation bigint, args jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	wanted bigint := api.arg_id(args, 'id');
BEGIN
	PERFORM authz.require(actor, generation, 'project.view', wanted);
	RETURN (SELECT workflow.project_json(actor, p) FROM workflow.project p WHERE p.id = wanted);
END $$;

GRANT EXECUTE ON FUNCTION api.project_list(bigint, bigint, jsonb), api.project_get(bigint, bigint, jsonb) TO sps_gateway;
GRANT EXECUTE ON FUNCTION api.project_get(bigint, bigint, jsonb) TO sps_workflow;
