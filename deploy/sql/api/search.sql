-- GET /search?q=: the eight best of each kind among what the person may see anyway.
CREATE OR REPLACE FUNCTION api.search(actor bigint, generation bigint, args jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	only_q jsonb;
BEGIN
	PERFORM authz.require(actor, generation, 'search', 0);
	only_q := jsonb_build_object('q', api.arg_text(args, 'q', 100), 'size', '8');
	IF only_q ->> 'q' IS NULL THEN
		RETURN json_build_object('requests', json_build_array(), 'servers', json_build_array(), 'projects', json_build_array());
	END IF;
	RETURN json_build_object(
		'requests', (SELECT coalesce(json_agg(json_build_object('id', i -> 'id', 'name', i -> 'name', 'state', i -> 'state',
				'client', i -> 'client', 'project', i -> 'project')), '[]')
			FROM json_array_elements(api.request_list(actor, generation, only_q) -> 'items') i),
		'servers', (SELECT coalesce(json_agg(json_build_object('id', i -> 'id', 'name', i -> 'name', 'state', i -> 'state',
				'ipv4', i -> 'ipv4', 'project', i -> 'project')), '[]')
			FROM json_array_elements(api.server_list(actor, generation, only_q)::json -> 'items') i),
		'projects', (SELECT coalesce(json_agg(json_build_object('id', i -> 'id', 'name', i -> 'name', 'state', i -> 'state')), '[]')
			FROM json_array_elements(api.project_list(actor, generation, only_q) -> 'items') i));
END $$;

GRANT EXECUTE ON FUNCTION api.search(bigint, bigint, jsonb) TO sps_gateway;
