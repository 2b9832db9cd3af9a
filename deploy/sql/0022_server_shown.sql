-- What lists show of a server is written when it changes, and not each time somebody looks: twenty
-- rows made into JSON cost more than everything else a list asks of PostgreSQL. Who may see the
-- price, and what the project is called, is known only when somebody looks.

ALTER TABLE hetzner.server ADD COLUMN shown text, ADD COLUMN shown_price text;
COMMENT ON COLUMN hetzner.server.shown IS 'the members of its JSON object, without the braces';

CREATE FUNCTION hetzner.show_server() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET timezone = 'UTC' AS $$
BEGIN
	NEW.shown := (SELECT substr(left(row_to_json(r)::text, -1), 2)
		FROM (SELECT NEW.id, NEW.version, NEW.name, NEW.lifecycle AS state, NEW.status AS provider_status, NEW.server_type,
			NEW.location, host(NEW.ipv4) AS ipv4, NEW.ipv6, NEW.created_at,
			(SELECT q FROM (SELECT NEW.request AS id) q WHERE NEW.request IS NOT NULL) AS request) r);
	NEW.shown_price := (SELECT row_to_json(p) FROM (SELECT NEW.server_minor, NEW.ipv4_minor,
		NEW.server_minor + NEW.ipv4_minor AS total_minor, NEW.currency) p);
	RETURN NEW;
END $$;

CREATE TRIGGER show BEFORE INSERT OR UPDATE ON hetzner.server FOR EACH ROW EXECUTE FUNCTION hetzner.show_server();

UPDATE hetzner.server SET shown = NULL; -- the trigger fills it
ALTER TABLE hetzner.server ALTER COLUMN shown SET NOT NULL, ALTER COLUMN shown_price SET NOT NULL;

-- It answers text from now on.
DROP FUNCTION IF EXISTS api.server_list(bigint, bigint, jsonb), hetzner.page_json(bigint[], boolean);
