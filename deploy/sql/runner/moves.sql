-- Runs change hands and end. Every statement names what it expects to find, so whoever comes late changes nothing.

CREATE OR REPLACE FUNCTION runner.priority_rank(priority text) RETURNS int
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
	SELECT array_position(ARRAY['low', 'normal', 'high', 'urgent'], priority)
$$;

-- The next run that may wait for its server: by priority, then age. Nobody else works on its
-- server, and its project has fewer than @most others that are waited for or at work.
CREATE OR REPLACE FUNCTION runner.claim(me uuid, most int) RETURNS SETOF runner.run
LANGUAGE sql SET search_path = pg_catalog AS $$
	UPDATE runner.run r SET state = 'starting', owner = me, fence = r.fence + 1, version = r.version + 1,
			claimed_at = coalesce(r.claimed_at, clock_timestamp())
		WHERE r.id = (SELECT q.id FROM runner.run q WHERE q.state IN ('queued', 'waiting_lock') AND q.finished_at IS NULL
			AND NOT EXISTS (SELECT FROM runner.run b WHERE b.server = q.server AND b.state IN ('starting', 'running', 'cancelling'))
			AND (SELECT count(*) FROM runner.run b WHERE b.project = q.project AND b.state IN ('starting', 'running', 'cancelling')) < most
			ORDER BY runner.priority_rank(q.priority) DESC, q.id LIMIT 1 FOR UPDATE SKIP LOCKED)
		RETURNING r.*
$$;

-- May one more run of this project begin? Until the transaction ends no other replica is told
-- so too: both would take the last place.
CREATE OR REPLACE FUNCTION runner.has_room(project bigint, most int) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(7286, hashint8(has_room.project));
	RETURN (SELECT count(*) FROM runner.run b WHERE b.project = has_room.project AND b.state IN ('running', 'cancelling')) < most;
END $$;

-- Queued runs that have to wait for another one on their server.
CREATE OR REPLACE FUNCTION runner.block() RETURNS SETOF runner.run
LANGUAGE sql SET search_path = pg_catalog AS $$
	UPDATE runner.run r SET state = 'waiting_lock', version = r.version + 1
		WHERE r.id IN (SELECT q.id FROM runner.run q WHERE q.state = 'queued' AND q.finished_at IS NULL
			AND EXISTS (SELECT FROM runner.run b WHERE b.server = q.server AND b.state IN ('starting', 'running', 'cancelling'))
			ORDER BY q.id LIMIT 16 FOR UPDATE SKIP LOCKED)
		RETURNING r.*
$$;

-- Runs whose replica is gone, and our own that we do not know of (@held): the COMMIT that made
-- them ours was not answered. Their supervisors, if any, are in a run directory, so only a
-- replica that has the same one may go on with them.
CREATE OR REPLACE FUNCTION runner.take_over(me uuid, my_place uuid, held bigint[]) RETURNS SETOF runner.run
LANGUAGE sql SET search_path = pg_catalog AS $$
	UPDATE runner.run r SET owner = me, fence = r.fence + 1
		WHERE r.id IN (SELECT q.id FROM runner.run q WHERE q.finished_at IS NULL AND q.owner IS NOT NULL
			AND CASE WHEN q.owner = me THEN q.id <> ALL (held) ELSE NOT bus.alive(q.owner) END
			AND (q.place IS NULL OR q.place = my_place) ORDER BY q.id LIMIT 16 FOR UPDATE SKIP LOCKED)
		RETURNING r.*
$$;

-- Those that only a replica elsewhere could go on with, and none is there.
CREATE OR REPLACE FUNCTION runner.orphans(my_place uuid) RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
	SELECT q.id FROM runner.run q WHERE q.finished_at IS NULL AND q.place <> my_place AND NOT bus.alive(q.owner) LIMIT 16
$$;

CREATE OR REPLACE FUNCTION runner.adopt(orphan bigint, me uuid) RETURNS SETOF runner.run
LANGUAGE sql SET search_path = pg_catalog AS $$
	UPDATE runner.run r SET owner = me, fence = r.fence + 1
		WHERE r.id = orphan AND r.finished_at IS NULL AND NOT bus.alive(r.owner) RETURNING r.*
$$;

-- One line of our own at the end of the log. Answers its number.
CREATE OR REPLACE FUNCTION runner.say(run bigint, text text) RETURNS SETOF int
LANGUAGE sql SET search_path = pg_catalog AS $$
	WITH u AS (UPDATE runner.run r SET last_seq = r.last_seq + 1, version = r.version + 1 WHERE r.id = say.run
		RETURNING r.last_seq)
	INSERT INTO runner.run_log (run, seq, at, stream, task, text)
		SELECT say.run, u.last_seq, clock_timestamp(), 's', 0, say.text FROM u RETURNING seq
$$;

-- The end. @me NULL: it has no owner, or one that will see that it is over.
CREATE OR REPLACE FUNCTION runner.end_run(run bigint, from_state text, to_state text, me uuid, fence int, reason text,
	message text, exit_code int) RETURNS SETOF runner.run
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
	UPDATE runner.run_task t SET state = CASE to_state WHEN 'succeeded' THEN 'ok' ELSE 'failed' END, finished_at = clock_timestamp()
		FROM runner.run r WHERE t.run = end_run.run AND t.state = 'running' AND r.id = t.run AND r.state = from_state
			AND (me IS NULL OR (r.owner = me AND r.fence = end_run.fence));
	RETURN QUERY UPDATE runner.run r SET state = to_state, reason = end_run.reason, exit_code = end_run.exit_code,
			message = CASE WHEN to_state = 'failed' AND end_run.reason IS NULL THEN coalesce(r.message, end_run.message)
				ELSE coalesce(end_run.message, r.message) END,
			tasks_done = (SELECT count(*) FROM runner.run_task t WHERE t.run = r.id AND t.state <> 'running'),
			finished_at = clock_timestamp(), version = r.version + 1
		WHERE r.id = end_run.run AND r.state = from_state AND (me IS NULL OR (r.owner = me AND r.fence = end_run.fence))
		RETURNING r.*;
END $$;

GRANT EXECUTE ON FUNCTION runner.priority_rank(text), runner.claim(uuid, int), runner.has_room(bigint, int), runner.block(),
	runner.take_over(uuid, uuid, bigint[]), runner.orphans(uuid), runner.adopt(bigint, uuid), runner.say(bigint, text),
	runner.end_run(bigint, text, text, uuid, int, text, text, int) TO sps_runner;
