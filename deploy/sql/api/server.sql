-- GET /servers and GET /servers/{id}

-- The servers of one page, in the order of @ids, for a person of this role. What each row shows is in
-- it already (0022_server_shown.sql), and what depends on the moment is put before it. A sales agent
-- sees what a server is called, how it is and whose it is, and no more. It is JSON, but text to
-- PostgreSQL: as json it would be parsed again on its way out, which costs as much as finding it.
CREATE OR REPLACE FUNCTION hetzner.page_json(ids bigint[], who text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan AS $$
DECLARE
	sales CONSTANT boolean := who = 'sales_agent';
	see_costs CONSTANT boolean := NOT sales OR authz.setting('sales_sees_costs');
BEGIN
	RETURN (SELECT string_agg(concat('{"project":{"id":', s.project, ',"name":', coalesce(to_json(p.name), 'null'),
				'},"price":', CASE WHEN see_costs THEN s.shown_price ELSE 'null' END, ',"can":{},',
				CASE WHEN sales THEN concat('"id":', s.id, ',"version":', s.version, ',"name":', to_json(s.name), ',"state":"',
					s.lifecycle, '","client":', coalesce((SELECT to_json(r.client) FROM workflow.request r WHERE r.id = s.request), 'null'))
				ELSE s.shown END, '}'), ',' ORDER BY i.n)
		FROM unnest(ids) WITH ORDINALITY i(id, n) JOIN hetzner.server s ON s.id = i.id
			LEFT JOIN workflow.project p ON p.id = s.project);
END $$;

-- What somebody may not see he cannot find out by searching for it either.
CREATE OR REPLACE FUNCTION hetzner.matches(s hetzner.server, q text, addresses boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT q IS NULL OR strpos(s.name, lower(q)) > 0 OR (addresses AND strpos(host(s.ipv4), q) > 0)
$$;

-- The ids of one page; @projects NULL: all of them. The usual orders have plans that are made once; the others are planned each time.
CREATE OR REPLACE FUNCTION hetzner.server_ids(projects bigint[], servers bigint[], wanted text[], q text, addresses boolean,
	sort text, dir text, size bigint, skip bigint) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan AS $$
DECLARE page bigint[];
BEGIN
	IF wanted IS NULL AND q IS NULL AND sort = 'name' AND dir = 'asc' THEN
		RETURN ARRAY(SELECT s.id FROM hetzner.server s
			WHERE s.lifecycle <> 'deleted' AND (projects IS NULL OR s.project = ANY (projects) OR s.id = ANY (servers))
			ORDER BY s.name, s.id LIMIT size OFFSET skip);
	ELSIF wanted IS NULL AND q IS NULL AND sort = 'created_at' AND dir = 'desc' THEN
		RETURN ARRAY(SELECT s.id FROM hetzner.server s
			WHERE s.lifecycle <> 'deleted' AND (projects IS NULL OR s.project = ANY (projects) OR s.id = ANY (servers))
			ORDER BY s.created_at DESC, s.id DESC LIMIT size OFFSET skip);
	END IF;
	EXECUTE format('SELECT ARRAY(SELECT s.id FROM hetzner.server s
			WHERE ($1 IS NULL OR s.project = ANY ($1) OR s.id = ANY ($2))
				AND CASE WHEN $3 IS NULL THEN s.lifecycle <> ''deleted'' ELSE s.lifecycle = ANY ($3) END
				AND hetzner.matches(s, $4, $5)
			ORDER BY s.%1$I %2$s NULLS LAST, s.id %2$s LIMIT $6 OFFSET $7)', sort, dir)
		INTO page USING projects, servers, wanted, q, addresses, size, skip;
	RETURN page;
END $$;

-- How many servers of each state there are; without a search from the counters, plus single grants.
CREATE OR REPLACE FUNCTION hetzner.state_counts(projects bigint[], servers bigint[], q text, addresses boolean, wanted text[],
	OUT counts json, OUT total bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan AS $$
BEGIN
	IF q IS NULL THEN
		SELECT json_object_agg(c.lifecycle, c.n),
				sum(c.n) FILTER (WHERE CASE WHEN wanted IS NULL THEN c.lifecycle <> 'deleted' ELSE c.lifecycle = ANY (wanted) END)
			INTO counts, total
			FROM (SELECT u.lifecycle, sum(u.n)::bigint AS n FROM (
				SELECT c.lifecycle, c.n FROM hetzner.server_count c WHERE projects IS NULL OR c.project = ANY (projects)
				UNION ALL
				SELECT s.lifecycle, 1 FROM hetzner.server s WHERE s.id = ANY (servers) AND s.project <> ALL (projects)) u
				GROUP BY u.lifecycle HAVING sum(u.n) > 0) c;
	ELSE
		SELECT json_object_agg(c.lifecycle, c.n),
				sum(c.n) FILTER (WHERE CASE WHEN wanted IS NULL THEN c.lifecycle <> 'deleted' ELSE c.lifecycle = ANY (wanted) END)
			INTO counts, total
			FROM (SELECT s.lifecycle, count(*) AS n FROM hetzner.server s
				WHERE (projects IS NULL OR s.project = ANY (projects) OR s.id = ANY (servers)) AND hetzner.matches(s, q, addresses)
				GROUP BY s.lifecycle) c;
	END IF;
	total := coalesce(total, 0);
END $$;

CREATE OR REPLACE FUNCTION api.server_list(actor bigint, generation bigint, args jsonb) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan AS $$
DECLARE
	wanted text[] := api.arg_words(args, 'state', ARRAY['provisioning', 'managed', 'deleting', 'deleted', 'gone']);
	q text := api.arg_text(args, 'q', 100);
	sort text := api.arg_word(args, 'sort', 'name',
		ARRAY['name', 'created_at', 'id', 'state', 'provider_status', 'server_type', 'location', 'ipv4', 'project']);
	dir text := api.arg_word(args, 'dir', CASE WHEN sort IN ('created_at', 'id') THEN 'desc' ELSE 'asc' END, ARRAY['asc', 'desc']);
	page bigint := api.arg_int(args, 'page', 1, 1, 1000);
	size bigint := api.arg_int(args, 'size', 25, 1, 100);
	only_project bigint := api.arg_int(args, 'project', NULL, 1, 999999999999999999);
	projects bigint[];
	servers bigint[] := '{}';
	who text;
	addresses boolean;
	found record;
BEGIN
	PERFORM authz.require(actor, generation, 'server.list', 0);
	who := authz.role(actor);
	addresses := who <> 'sales_agent';
	IF NOT addresses THEN -- an order tells what it goes by
		sort := api.arg_word(args, 'sort', 'name', ARRAY['name', 'id', 'state', 'project']);
	END IF;
	IF who <> 'administrator' THEN
		projects := ARRAY(SELECT p.project FROM authz.projects(actor) p
			WHERE p.level >= 1 AND (only_project IS NULL OR p.project = only_project));
		servers := ARRAY(SELECT g.server FROM authz.server_grants(actor) g WHERE g.level >= 1
			AND (only_project IS NULL OR hetzner.server_project(g.server) = only_project));
	ELSIF only_project IS NOT NULL THEN
		projects := ARRAY[only_project];
	END IF;
	found := hetzner.state_counts(projects, servers, q, addresses, wanted);
	sort := CASE sort WHEN 'state' THEN 'lifecycle' WHEN 'provider_status' THEN 'status' ELSE sort END;
	RETURN api.list_text(hetzner.page_json(hetzner.server_ids(projects, servers, wanted, q, addresses, sort, dir, size,
		(page - 1) * size), who), found.total, page, size, found.counts);
END $$;

CREATE OR REPLACE FUNCTION api.server_get(actor bigint, generation bigint, args jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	wanted bigint := api.arg_id(args, 'id');
BEGIN
	PERFORM authz.require(actor, generation, 'server.view', wanted);
	RETURN hetzner.page_json(ARRAY[wanted], authz.role(actor));
END $$;

GRANT EXECUTE ON FUNCTION api.server_list(bigint, bigint, jsonb), api.server_get(bigint, bigint, jsonb) TO sps_gateway;
GRANT EXECUTE ON FUNCTION api.server_get(bigint, bigint, jsonb) TO sps_hetzner;
