-- What lists show of a server is written when it changes, and not each time somebody looks: twenty
-- rows made into JSON cost more than everything else a list asks of PostgreSQL. Who may see the
-- price, and what the project is called, is known only when somebody looks.

ALTER TABLE hetzner.server ADD COLUMN shown text, ADD COLUMN shown_price text;
COMMENT ON COLUMN hetzner.server.shown IS 'the members of its JSON object, without the braces';

CREATE FUNCTION hetzner.show_server() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET timezone = 'UTC' AS $$
BEGIN
	NEW.shown := substr(left(json_build_object('id', NEW.id, 'version', NEW.version, 'name', NEW.name, 'state', NEW.lifecycle,
		'provider_status', NEW.status, 'server_type', NEW.server_type, 'location', NEW.location,
		'ipv4', host(NEW.ipv4), 'ipv6', NEW.ipv6, 'created_at', NEW.created_at,
		'request', CASE WHEN NEW.request IS NOT NULL THEN json_build_object('id', NEW.request) END)::text, -1), 2);
	NEW.shown_price := json_build_object('server_minor', NEW.server_minor, 'ipv4_minor', NEW.ipv4_minor,
		'total_minor', NEW.server_minor + NEW.ipv4_minor, 'currency', NEW.currency);
	RETURN NEW;
END $$;

CREATE TRIGGER show BEFORE INSERT OR UPDATE ON hetzner.server FOR EACH ROW EXECUTE FUNCTION hetzner.show_server();

UPDATE hetzner.server SET shown = NULL; -- the trigger fills it
ALTER TABLE hetzner.server ALTER COLUMN shown SET NOT NULL, ALTER COLUMN shown_price SET NOT NULL;

-- It answers text from now on.
DROP FUNCTION IF EXISTS api.server_list(bigint, bigint, jsonb), hetzner.page_json(bigint[], boolean);
