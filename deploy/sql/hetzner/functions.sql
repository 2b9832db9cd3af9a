-- What other services may ask about servers, prices and tokens.

-- No row: this server type is not offered there.
CREATE OR REPLACE FUNCTION hetzner.quote(server_type text, location text)
	RETURNS TABLE (server_minor bigint, ipv4_minor bigint, currency text, orderable boolean, synced_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT p.monthly_minor, coalesce(l.ipv4_minor, 0), a.currency,
			p.available AND (p.unavailable_after IS NULL OR p.unavailable_after > now()), a.stock_at
		FROM hetzner.price p JOIN hetzner.location l ON l.name = p.location CROSS JOIN hetzner.account a
		WHERE p.server_type = quote.server_type AND p.location = quote.location
$$;

CREATE OR REPLACE FUNCTION hetzner.image_ok(name text, server_type text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT EXISTS (SELECT FROM hetzner.image i JOIN hetzner.server_type t ON t.architecture = i.architecture
		WHERE i.name = image_ok.name AND t.name = image_ok.server_type)
$$;

CREATE OR REPLACE FUNCTION hetzner.type_locations(server_type text) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT coalesce(json_agg(json_build_object('name', p.location, 'price_monthly_minor', p.monthly_minor,
			'price_hourly_micro', p.hourly_micro,
			'available', p.available AND (p.unavailable_after IS NULL OR p.unavailable_after > now())) ORDER BY p.location), '[]')
		FROM hetzner.price p WHERE p.server_type = type_locations.server_type
$$;

CREATE OR REPLACE FUNCTION hetzner.catalogue() RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT json_build_object(
		'currency', coalesce((SELECT a.currency FROM hetzner.account a), 'EUR'),
		'vat_rate', (SELECT a.vat_rate::text FROM hetzner.account a),
		'synced_at', (SELECT a.stock_at FROM hetzner.account a),
		'server_types', (SELECT coalesce(json_agg(json_build_object('name', t.name, 'description', t.description,
				'category', t.category, 'cores', t.cores, 'memory_gb', round(t.memory_mb / 1024.0, 1)::float8,
				'disk_gb', t.disk_gb, 'architecture', t.architecture, 'locations', hetzner.type_locations(t.name))
				ORDER BY t.category DESC, t.architecture DESC, t.cores, t.memory_mb, t.name), '[]')
			FROM hetzner.server_type t WHERE EXISTS (SELECT FROM hetzner.price p WHERE p.server_type = t.name
				AND (p.unavailable_after IS NULL OR p.unavailable_after > now()))),
		'locations', (SELECT coalesce(json_agg(json_build_object('name', l.name, 'city', l.city, 'country', l.country)
				ORDER BY l.name), '[]') FROM hetzner.location l),
		'images', (SELECT coalesce(json_agg(json_build_object('name', i.name, 'description', i.description,
				'architecture', i.architecture) ORDER BY i.name, i.architecture DESC), '[]')
			FROM hetzner.image i WHERE NOT i.deprecated),
		'ipv4_monthly_minor', coalesce((SELECT min(l.ipv4_minor) FROM hetzner.location l), 0))
$$;

-- What lists show of it (0022_server_shown.sql). NULL: there is no such server.
CREATE OR REPLACE FUNCTION hetzner.server_json(id bigint) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT concat('{', s.shown, '}')::json FROM hetzner.server s WHERE s.id = server_json.id
$$;

CREATE OR REPLACE FUNCTION hetzner.server_of_op(op uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT s.id FROM hetzner.server s WHERE s.op = server_of_op.op
$$;

CREATE OR REPLACE FUNCTION hetzner.server_project(id bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT s.project FROM hetzner.server s WHERE s.id = server_project.id
$$;

CREATE OR REPLACE FUNCTION hetzner.servers_visible(projects bigint[], servers bigint[]) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT s.id FROM hetzner.server s
		WHERE s.lifecycle <> 'deleted' AND (s.project = ANY (projects) OR s.id = ANY (servers))
$$;

-- NULL: the project has no token.
CREATE OR REPLACE FUNCTION hetzner.token_state(project bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT t.state FROM hetzner.token t WHERE t.project = token_state.project
$$;

-- Servers that exist, as far as we know.
CREATE OR REPLACE FUNCTION hetzner.server_counts(projects bigint[]) RETURNS TABLE (project bigint, total bigint, running bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT c.project, sum(c.n)::bigint, coalesce(sum(c.n) FILTER (WHERE c.running), 0)::bigint
		FROM hetzner.server_count c
		WHERE c.project = ANY (projects) AND c.lifecycle IN ('provisioning', 'managed', 'deleting') GROUP BY c.project
$$;

GRANT EXECUTE ON FUNCTION hetzner.quote(text, text), hetzner.image_ok(text, text), hetzner.catalogue(), hetzner.server_json(bigint),
	hetzner.server_of_op(uuid), hetzner.server_project(bigint), hetzner.servers_visible(bigint[], bigint[]),
	hetzner.token_state(bigint), hetzner.server_counts(bigint[])
	TO sps_workflow, sps_hetzner, sps_runner, sps_notifier;

-- Takes one request from one of the project's two budgets (main, actions) if more than @reserve (a
-- share of the limit) is left; refills by the time that has passed. The work of people may take the last one.
CREATE OR REPLACE FUNCTION hetzner.spend(project bigint, name text, reserve double precision) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	a_hour int := CASE WHEN spend.name = 'actions' THEN 7200 ELSE 3600 END;
BEGIN
	INSERT INTO hetzner.bucket (project, name, tokens, "limit") VALUES (spend.project, spend.name, a_hour, a_hour)
		ON CONFLICT DO NOTHING;
	UPDATE hetzner.bucket b SET ts = clock_timestamp(), tokens = least(b."limit",
			b.tokens + extract(epoch FROM clock_timestamp() - b.ts) * b."limit" / 3600) - 1
		WHERE b.project = spend.project AND b.name = spend.name AND least(b."limit",
			b.tokens + extract(epoch FROM clock_timestamp() - b.ts) * b."limit" / 3600) >= 1 + reserve * b."limit";
	RETURN FOUND;
END $$;

-- What an answer's headers say: others spend too, so it only ever lowers what we believe.
CREATE OR REPLACE FUNCTION hetzner.lower_bucket(project bigint, name text, remaining bigint, "limit" bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
	UPDATE hetzner.bucket b SET tokens = least(b.tokens, lower_bucket.remaining), "limit" = lower_bucket."limit"
		WHERE b.project = lower_bucket.project AND b.name = lower_bucket.name
			AND (b.tokens > lower_bucket.remaining OR b."limit" <> lower_bucket."limit") AND lower_bucket."limit" > 0
$$;
GRANT EXECUTE ON FUNCTION hetzner.spend(bigint, text, double precision), hetzner.lower_bucket(bigint, text, bigint, bigint)
	TO sps_hetzner;
