-- The bus: who is alive, who gets what, and idempotency keys.

-- One row per running replica. Its lease is renewed every 5 s and lasts 20 s; an
-- advisory lock on the replica's connection tells a killed process at once.
CREATE TABLE bus.instance (
	id          uuid PRIMARY KEY,
	service     text NOT NULL,
	endpoint    text NOT NULL,                 -- "" for a sender that cannot be rung
	lock_key    int  GENERATED ALWAYS AS IDENTITY,
	started_at  timestamptz NOT NULL DEFAULT now(),
	beat_at     timestamptz NOT NULL DEFAULT now(),
	lease_until timestamptz NOT NULL,
	draining    boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);

-- Which message goes to which service, and who may send it. Filled by
-- `spsctl migrate` from proto/messages.h, the one place where it is written.
CREATE TABLE bus.route (
	type   text NOT NULL,
	target text NOT NULL,                      -- schema of the receiving service
	event  boolean NOT NULL,
	senders text[] NOT NULL,                   -- database roles
	PRIMARY KEY (type, target)
);

CREATE TABLE bus.idem (
	actor      text NOT NULL,
	key        text NOT NULL CHECK (length(key) BETWEEN 8 AND 200),
	id         uuid NOT NULL,
	digest     bytea NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (actor, key)
);

CREATE FUNCTION bus.uuid7() RETURNS uuid LANGUAGE sql VOLATILE SET search_path = pg_catalog AS $$
	SELECT encode(overlay(overlay(uuid_send(gen_random_uuid())
		PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6)
		PLACING set_byte('\x00', 0, 112 + (get_byte(uuid_send(gen_random_uuid()), 0) & 15)) FROM 7 FOR 1), 'hex')::uuid
$$;

-- The service behind the calling connection; a role cannot speak for another.
CREATE FUNCTION bus.me() RETURNS text LANGUAGE sql STABLE
	RETURN CASE session_user
		WHEN 'sps_gateway' THEN 'gateway' WHEN 'sps_workflow' THEN 'workflow'
		WHEN 'sps_hetzner' THEN 'hetzner' WHEN 'sps_runner' THEN 'ansible-runner'
		WHEN 'sps_notifier' THEN 'notifier' END;

-- Registers or renews a replica; also takes its advisory lock on this connection.
CREATE FUNCTION bus.beat(inst uuid, endpoint text, draining boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE k int;
BEGIN
	INSERT INTO bus.instance AS i (id, service, endpoint, lease_until, draining)
		VALUES (inst, coalesce(bus.me(), 'operator'), beat.endpoint, now() + interval '20 s', beat.draining)
		ON CONFLICT (id) DO UPDATE SET beat_at = now(), lease_until = now() + interval '20 s',
			draining = excluded.draining, endpoint = excluded.endpoint
		WHERE i.service = coalesce(bus.me(), 'operator')
		RETURNING lock_key INTO k;
	IF NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
			AND classid = 7283 AND objid = k::oid) THEN
		PERFORM pg_advisory_lock(7283, k);
	END IF;
	DELETE FROM bus.instance WHERE lease_until < now() - interval '1 hour';
END $$;

CREATE FUNCTION bus.bye(inst uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
	DELETE FROM bus.instance WHERE id = inst AND service = coalesce(bus.me(), 'operator')
$$;

CREATE FUNCTION bus.alive(inst uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT EXISTS (SELECT FROM bus.instance i WHERE i.id = inst AND i.lease_until > now()
		AND (i.beat_at > now() - interval '3 s'
			OR EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.classid = 7283
				AND l.objid = i.lock_key::oid AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))))
$$;

CREATE FUNCTION bus.peers() RETURNS TABLE (service text, inst uuid, endpoint text, draining boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT i.service, i.id, i.endpoint, i.draining FROM bus.instance i
		WHERE i.lease_until > now() AND i.endpoint <> '' ORDER BY i.id
$$;

-- May this connection send messages of these types, in the name of these actors?
CREATE FUNCTION bus.check_sender(types text[], actors text[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan AS $$
DECLARE me text := bus.me(); bad text;
BEGIN
	IF me IS NULL THEN RETURN; END IF; -- the operator's own connection
	SELECT t INTO bad FROM (SELECT DISTINCT u FROM unnest(types) u) d(t)
		WHERE NOT EXISTS (SELECT FROM bus.route r WHERE r.type = t AND session_user = ANY (r.senders)) LIMIT 1;
	IF bad IS NOT NULL THEN
		RAISE EXCEPTION '% may not send %', session_user, bad USING ERRCODE = '42501';
	END IF;
	SELECT a INTO bad FROM unnest(actors) a
		WHERE a <> 'system:' || me AND NOT (me = 'gateway' AND a ~ '^user:[1-9][0-9]{0,17}$') LIMIT 1;
	IF bad IS NOT NULL THEN
		RAISE EXCEPTION '% may not act as %', session_user, bad USING ERRCODE = '42501';
	END IF;
END $$;

GRANT EXECUTE ON FUNCTION bus.peers() TO sps_gateway;
GRANT EXECUTE ON FUNCTION bus.me(), bus.peers(), bus.beat(uuid, text, boolean), bus.bye(uuid), bus.alive(uuid), bus.uuid7()
	TO sps_workflow, sps_hetzner, sps_runner, sps_notifier;
GRANT EXECUTE ON FUNCTION bus.me(), bus.beat(uuid, text, boolean), bus.bye(uuid) TO sps_gateway;
