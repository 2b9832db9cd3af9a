-- The bus, after its first bad days: nothing stays leased to a replica that has lost count, a
-- replica is not taken for dead because its old connection still stands, a message nobody here
-- knows yet waits for the replica that does, and old idempotency keys go.

-- A row that was leased by @me and is worked no more: sweeping and working are one call, so
-- between two calls nothing is ours. What the last one lost count of becomes ready (or dead).
-- Of a type unknown here: it waits for a newer replica, an hour at most, and costs no attempt.
CREATE FUNCTION bus.mend_inbox(s text, role text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $make$
BEGIN
	EXECUTE format($q$
CREATE FUNCTION %1$I.release_own(me uuid) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $f$
DECLARE n bigint;
BEGIN
	UPDATE %1$I.inbox c SET state = CASE WHEN c.attempt >= c.max_attempts THEN 4 ELSE 0 END, owner = NULL,
			error = 'it was taken, and then nothing more was heard of it', run_at = now()
		WHERE c.owner = me AND c.state = 1;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $f$;

CREATE FUNCTION %1$I.defer(i uuid, me uuid) RETURNS void
LANGUAGE sql SET search_path = pg_catalog SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $f$
	UPDATE %1$I.inbox c SET
		attempt = greatest(c.attempt - (c.state = 1)::int, 0),
		state = CASE WHEN c.created_at < now() - interval '1 hour' THEN 4 ELSE 0 END,
		run_at = now() + interval '5 s', owner = NULL, error = 'no replica that is running knows this message'
		WHERE c.id = i AND ((c.state = 0) IS TRUE OR ((c.state = 1) IS TRUE AND c.owner = me))
$f$;
GRANT EXECUTE ON FUNCTION %1$I.release_own(uuid), %1$I.defer(uuid, uuid) TO %2$I;
	$q$, s, role);
END $make$;

SELECT bus.mend_inbox('workflow', 'sps_workflow'), bus.mend_inbox('hetzner', 'sps_hetzner'),
	bus.mend_inbox('runner', 'sps_runner'), bus.mend_inbox('notifier', 'sps_notifier');
DROP FUNCTION bus.mend_inbox(text, text);

-- The lock only tells a killed process sooner. After a broken connection the old one may hold
-- it for a while, which is as good; waiting for it would let the lease run out.
CREATE OR REPLACE FUNCTION bus.beat(inst uuid, endpoint text, draining boolean) RETURNS void
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
		PERFORM pg_try_advisory_lock(7283, k);
	END IF;
	DELETE FROM bus.instance WHERE lease_until < now() - interval '1 hour';
END $$;

-- A key lasts a little less than the command it stands for (30 days), so that a known key always leads to a row.
CREATE INDEX idem_created ON bus.idem (created_at);
CREATE INDEX idem_command ON bus.idem (id);
CREATE FUNCTION bus.purge_idem(lim int) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
	WITH p AS (SELECT i.actor, i.key FROM bus.idem i WHERE i.created_at < now() - interval '29 days' LIMIT lim FOR UPDATE SKIP LOCKED),
	d AS (DELETE FROM bus.idem i USING p WHERE i.actor = p.actor AND i.key = p.key RETURNING 1)
	SELECT count(*) FROM d
$$;

-- The key of a command that was refused because its session was over: signed in again, the person may use it again.
CREATE FUNCTION bus.forget_key(cmd uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
	DELETE FROM bus.idem WHERE id = cmd
$$;

REVOKE ALL ON FUNCTION bus.purge_idem(int), bus.forget_key(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bus.purge_idem(int), bus.forget_key(uuid) TO sps_workflow, sps_hetzner, sps_runner, sps_notifier;
