-- Where a command stands, and what came of it: GET /commands/:id, and whoever repeats one with its key.
-- It asks first whether the session is still good: somebody who was suspended reads nothing, also not his own.
CREATE OR REPLACE FUNCTION api.command_get(actor bigint, generation bigint, command uuid)
	RETURNS TABLE (id uuid, type text, state smallint, attempt smallint, created_at timestamptz, done_at timestamptz, result bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	PERFORM authz.require(actor, generation, 'self', 0);
	RETURN QUERY SELECT * FROM bus.command(command, 'user:' || actor);
END $$;

GRANT EXECUTE ON FUNCTION api.command_get(bigint, bigint, uuid) TO sps_gateway;
