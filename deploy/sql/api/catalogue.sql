-- GET /catalogue: server types, locations, images and prices
CREATE OR REPLACE FUNCTION api.catalogue_get(actor bigint, generation bigint, args jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	PERFORM authz.require(actor, generation, 'catalogue', 0);
	RETURN hetzner.catalogue();
END $$;

GRANT EXECUTE ON FUNCTION api.catalogue_get(bigint, bigint, jsonb) TO sps_gateway;
