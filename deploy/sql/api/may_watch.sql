-- May this person watch a live topic? Answers its full name, or NULL. Frames about one object carry
-- its id, state and numbers. Frames about a list go to everybody who may open it, whatever he sees
-- in it: they say that something changed, and nothing of what. What it was is fetched, and checked, by GET.
CREATE OR REPLACE FUNCTION api.may_watch(actor bigint, generation bigint, topic text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	m text[] := regexp_match(topic, '^(request|run|server)/([1-9][0-9]{0,17})(/log)?$');
BEGIN
	IF topic = 'me' THEN
		RETURN 'me/' || actor WHERE authz.check(actor, generation, 'self', 0) IS NULL;
	ELSIF topic IN ('requests', 'servers', 'runs') THEN
		RETURN topic WHERE authz.check(actor, generation, rtrim(topic, 's') || '.list', 0) IS NULL;
	ELSIF m IS NULL OR (m[3] IS NOT NULL AND m[1] <> 'run') THEN
		RETURN NULL;
	END IF;
	RETURN topic WHERE authz.check(actor, generation, m[1] || '.view', m[2]::bigint) IS NULL;
END $$;

GRANT EXECUTE ON FUNCTION api.may_watch(bigint, bigint, text) TO sps_gateway;
