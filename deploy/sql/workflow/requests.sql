-- Requests as JSON, in the one shape that lists, details and answers of commands share.

-- What a notice about a request needs.
CREATE OR REPLACE FUNCTION workflow.request_brief(id bigint) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT json_build_object('id', r.id, 'state', r.state, 'name', r.name, 'client', r.client, 'project', r.project,
			'requester', r.requester, 'decided_by', r.decided_by, 'server_type', r.server_type, 'location', r.location,
			'total_minor', r.total_minor, 'currency', r.currency, 'server', r.server_id, 'ipv4', host(r.address))
		FROM workflow.request r WHERE r.id = request_brief.id
$$;

-- What this person may do now: the rule allows it and the state has such a transition.
CREATE OR REPLACE FUNCTION workflow.request_can(actor bigint, r workflow.request) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT json_build_object(
			'approve', r.state = 'pending' AND 'request.approve' = ANY (a),
			'reject', r.state = 'pending' AND 'request.reject' = ANY (a),
			'cancel', r.state IN ('pending', 'approved', 'deploying') AND 'request.cancel' = ANY (a),
			'provision', r.state = 'approved' AND 'request.provision' = ANY (a),
			'retry', r.state = 'failed' AND NOT r.undoing AND r.tries < 5 AND 'request.retry' = ANY (a),
			'rollback', r.state = 'failed' AND NOT r.undoing AND 'request.rollback' = ANY (a))
		FROM authz.allowed(actor, r.id, ARRAY['request.approve', 'request.reject', 'request.cancel',
			'request.provision', 'request.retry', 'request.rollback']) a
$$;

CREATE OR REPLACE FUNCTION workflow.request_server(r workflow.request) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT json_build_object('id', r.server_id, 'name', coalesce(s.j ->> 'name', r.name),
			'ipv4', coalesce(s.j ->> 'ipv4', host(r.address)), 'state', s.j ->> 'state')
		FROM (SELECT hetzner.server_json(r.server_id)) s(j) WHERE r.server_id IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION workflow.request_run(r workflow.request) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT json_build_object('id', n.id, 'state', runner.run_json(n.id) ->> 'state')
		FROM (SELECT runner.run_of_request(r.id)) n(id) WHERE n.id IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION workflow.request_json(actor bigint, r workflow.request) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	RETURN jsonb_build_object('id', r.id, 'version', r.version, 'state', r.state, 'name', r.name, 'client', r.client,
		'project', (SELECT jsonb_build_object('id', p.id, 'name', p.name) FROM workflow.project p WHERE p.id = r.project),
		'requester', workflow.user_json(r.requester),
		'server_type', r.server_type, 'location', r.location, 'image', r.image, 'subdomain', r.subdomain,
		'usage', r.usage, 'priority', r.priority, 'justification', r.justification,
		'price', jsonb_build_object('server_minor', r.server_minor, 'ipv4_minor', r.ipv4_minor,
			'total_minor', r.total_minor, 'currency', r.currency))
	|| jsonb_build_object('progress', r.progress, 'created_at', r.created_at, 'updated_at', r.updated_at,
		'decided_at', r.decided_at, 'decided_by', workflow.user_json(r.decided_by), 'reason', r.reason,
		'failure', CASE WHEN r.state = 'failed' THEN jsonb_build_object('step', r.failure_step, 'code', r.failure_code,
			'message', r.failure_text, 'cost_running', r.cost_running) END,
		'attempt', r.tries, 'undoing', r.undoing,
		'server', workflow.request_server(r), 'run', workflow.request_run(r), 'can', workflow.request_can(actor, r));
END $$;

CREATE OR REPLACE FUNCTION workflow.request_steps(id bigint) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT coalesce(json_agg(json_build_object('step', s.step, 'label', s.label, 'state', s.state, 'progress', s.progress,
			'started_at', s.started_at, 'finished_at', s.finished_at, 'attempt', s.attempt, 'detail', s.detail)
			ORDER BY s.seq), '[]')
		FROM workflow.request_step s WHERE s.request = request_steps.id
$$;

CREATE OR REPLACE FUNCTION workflow.request_story(id bigint) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT coalesce(json_agg(json_build_object('seq', h.seq, 'at', h.at, 'actor', workflow.actor_json(h.actor),
			'event', h.event, 'from', h.from_state, 'to', h.to_state, 'detail', h.detail) ORDER BY h.seq), '[]')
		FROM workflow.request_history h WHERE h.request = request_story.id
$$;

GRANT EXECUTE ON FUNCTION workflow.request_brief(bigint) TO sps_workflow, sps_hetzner, sps_runner, sps_notifier;

-- Is there a server of this name that came from a request? Discovered ones are the provider's to refuse.
CREATE OR REPLACE FUNCTION workflow.name_in_use(project bigint, name text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT EXISTS (SELECT FROM workflow.request r
		WHERE r.project = name_in_use.project AND r.name = name_in_use.name AND r.state = 'deployed'
			AND hetzner.server_json(r.server_id) ->> 'state' NOT IN ('deleted', 'gone'))
$$;
GRANT EXECUTE ON FUNCTION workflow.name_in_use(bigint, text) TO sps_workflow;
