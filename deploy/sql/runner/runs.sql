-- Runs as JSON, and what other services may ask about runs, identities and host keys.

CREATE OR REPLACE FUNCTION runner.run_row_json(r runner.run) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
	SELECT jsonb_build_object('id', r.id, 'version', r.version, 'state', r.state, 'reason', r.reason, 'message', r.message,
		'purpose', r.purpose, 'playbook', r.playbook, 'attempt', r.attempt,
		'request', jsonb_build_object('id', r.request), 'server', jsonb_build_object('id', r.server, 'name', r.name),
		'created_at', r.created_at, 'started_at', r.started_at, 'finished_at', r.finished_at,
		'tasks_done', r.tasks_done, 'lines', r.last_seq,
		'counts', jsonb_build_object('ok', r.ok, 'changed', r.changed, 'failed', r.failed,
			'unreachable', r.unreachable, 'skipped', r.skipped))
$$;

CREATE OR REPLACE FUNCTION runner.run_json(id bigint) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT runner.run_row_json(r)::json FROM runner.run r WHERE r.id = run_json.id
$$;

CREATE OR REPLACE FUNCTION runner.run_tasks(id bigint) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT coalesce(json_agg(json_build_object('task', t.task, 'name', t.name, 'state', t.state,
			'started_at', t.started_at, 'finished_at', t.finished_at) ORDER BY t.task), '[]')
		FROM runner.run_task t WHERE t.run = run_tasks.id
$$;

CREATE OR REPLACE FUNCTION runner.run_project(id bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT r.project FROM runner.run r WHERE r.id = run_project.id
$$;

CREATE OR REPLACE FUNCTION runner.run_server(id bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT r.server FROM runner.run r WHERE r.id = run_server.id
$$;

-- The newest run of a request.
CREATE OR REPLACE FUNCTION runner.run_of_request(request bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT r.id FROM runner.run r WHERE r.request = run_of_request.request ORDER BY r.id DESC LIMIT 1
$$;

CREATE OR REPLACE FUNCTION runner.public_key(project bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT i.public_key FROM runner.identity i WHERE i.project = public_key.project
$$;

CREATE OR REPLACE FUNCTION runner.stream_name(stream "char") RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
	SELECT CASE stream WHEN 'o' THEN 'out' WHEN 'e' THEN 'err' WHEN 'v' THEN 'event' ELSE 'system' END
$$;

-- A page of lines: at most @lim, and no more than about a megabyte of text (but at least one line).
CREATE OR REPLACE FUNCTION runner.run_log(id bigint, from_seq bigint, lim int) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	WITH rest AS (
		SELECT l.*, sum(octet_length(l.text) + 64) OVER (ORDER BY l.seq) - octet_length(l.text) AS before
			FROM (SELECT * FROM runner.run_log x WHERE x.run = run_log.id AND x.seq >= from_seq
				ORDER BY x.seq LIMIT lim) l
	), page AS (SELECT * FROM rest WHERE before < 1048576)
	SELECT json_build_object('from', from_seq, 'next', coalesce((SELECT max(p.seq) + 1 FROM page p), from_seq),
			'last', r.last_seq, 'done', r.finished_at IS NOT NULL,
			'lines', coalesce((SELECT json_agg(json_build_object('seq', p.seq, 'at', p.at, 'stream', runner.stream_name(p.stream),
				'task', p.task, 'text', p.text) ORDER BY p.seq) FROM page p), '[]'))
		FROM runner.run r WHERE r.id = run_log.id
$$;

GRANT EXECUTE ON FUNCTION runner.run_json(bigint), runner.run_project(bigint), runner.run_server(bigint),
	runner.run_of_request(bigint), runner.public_key(bigint), runner.run_log(bigint, bigint, int)
	TO sps_workflow, sps_hetzner, sps_runner, sps_notifier;
