-- What a supervisor has written, taken into the database exactly once.

-- A task's state when several hosts report: the worse one stays.
CREATE OR REPLACE FUNCTION runner.task_rank(state text) RETURNS int
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
	SELECT array_position(ARRAY['running', 'skipped', 'ok', 'changed', 'ignored', 'unreachable', 'failed'], state)
$$;

CREATE OR REPLACE FUNCTION runner.take_events(run bigint, events json) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
	e record;
	t runner.run_task;
BEGIN
	FOR e IN SELECT * FROM json_to_recordset(events) x(event text, at bigint, task int, state text, text text,
			ok int, changed int, failed int, unreachable int, skipped int) LOOP
		CASE e.event
		WHEN 'task' THEN
			UPDATE runner.run_task x SET state = 'ok', finished_at = to_timestamp(e.at / 1000.0)
				WHERE x.run = take_events.run AND x.state = 'running'; -- it had no result of its own
			INSERT INTO runner.run_task (run, task, name, started_at)
				VALUES (take_events.run, e.task, e.text, to_timestamp(e.at / 1000.0)) ON CONFLICT DO NOTHING;
		WHEN 'result' THEN
			UPDATE runner.run_task x SET finished_at = to_timestamp(e.at / 1000.0),
				state = CASE WHEN runner.task_rank(e.state) > runner.task_rank(x.state) THEN e.state ELSE x.state END
				WHERE x.run = take_events.run AND x.task = e.task RETURNING x.* INTO t;
			UPDATE runner.run r SET ok = r.ok + (e.state IN ('ok', 'changed', 'ignored'))::int,
				changed = r.changed + (e.state = 'changed')::int, failed = r.failed + (e.state = 'failed')::int,
				unreachable = r.unreachable + (e.state = 'unreachable')::int, skipped = r.skipped + (e.state = 'skipped')::int,
				message = CASE WHEN e.state IN ('failed', 'unreachable') THEN coalesce(r.message, left(format(
					'The task "%s" failed%s', coalesce(t.name, e.task::text),
					CASE WHEN btrim(coalesce(e.text, '')) = '' THEN '.' ELSE ': ' || btrim(e.text) END), 600)) ELSE r.message END
				WHERE r.id = take_events.run;
		WHEN 'stats' THEN
			UPDATE runner.run r SET ok = e.ok, changed = e.changed, failed = e.failed, unreachable = e.unreachable,
				skipped = e.skipped WHERE r.id = take_events.run;
		ELSE
			NULL;
		END CASE;
	END LOOP;
	UPDATE runner.run r SET tasks_done = (SELECT count(*) FROM runner.run_task x WHERE x.run = r.id AND x.state <> 'running')
		WHERE r.id = take_events.run;
END $$;

-- Lines [at in ms, stream, task, text] and events between two places of the spool. Nothing is
-- done, and no row answered, when the run belongs to somebody else or was taken up to another
-- place already: so no line comes twice and none is left out.
CREATE OR REPLACE FUNCTION runner.take_spool(run bigint, me uuid, fence int, from_offset bigint, to_offset bigint,
	lines json, events json) RETURNS TABLE (first_seq int, last_seq int, version int, tasks_done int)
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
	before int;
BEGIN
	SELECT r.last_seq INTO before FROM runner.run r
		WHERE r.id = take_spool.run AND r.owner = me AND r.fence = take_spool.fence AND r.spool_offset = from_offset FOR UPDATE;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	INSERT INTO runner.run_log (run, seq, at, stream, task, text)
		SELECT take_spool.run, before + l.n, to_timestamp((l.v ->> 0)::bigint / 1000.0), (l.v ->> 1)::"char", (l.v ->> 2)::int, l.v ->> 3
			FROM json_array_elements(lines) WITH ORDINALITY l(v, n);
	IF json_array_length(events) > 0 THEN
		PERFORM runner.take_events(take_spool.run, events);
	END IF;
	RETURN QUERY UPDATE runner.run r SET last_seq = before + json_array_length(lines), spool_offset = to_offset,
			version = r.version + 1
		WHERE r.id = take_spool.run RETURNING before + 1, r.last_seq, r.version, r.tasks_done;
END $$;

GRANT EXECUTE ON FUNCTION runner.task_rank(text), runner.take_events(bigint, json),
	runner.take_spool(bigint, uuid, int, bigint, bigint, json, json) TO sps_runner;
