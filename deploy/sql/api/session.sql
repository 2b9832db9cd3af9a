-- GET /session: who am I and what may I do anywhere. The gateway adds csrf and expires_at.

-- Rights that decide which pages and buttons there are; each act is checked again.
CREATE OR REPLACE FUNCTION workflow.rights(actor bigint) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT json_build_object(
		'request_create', EXISTS (SELECT FROM workflow.projects_seen(actor) s JOIN workflow.project p ON p.id = s.project
			WHERE p.state = 'active' AND authz.may(actor, 'request.create', p.id)),
		'request_approve', u.role = 'administrator' OR (u.role = 'technical_manager' AND EXISTS (
			SELECT FROM authz.projects(actor) s JOIN workflow.project p ON p.id = s.project
			WHERE s.level = 3 AND p.manager_limit_minor > 0)),
		'project_create', authz.may(actor, 'project.create', 0),
		'project_view', u.role <> 'sales_agent',
		'server_view', true,
		'run_view', authz.may(actor, 'run.list', 0),
		'audit_read', authz.may(actor, 'audit.read', 0))
	FROM workflow."user" u WHERE u.id = actor
$$;

CREATE OR REPLACE FUNCTION api.session_get(actor bigint, generation bigint, args jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	PERFORM authz.require(actor, generation, 'self', 0);
	RETURN (SELECT json_build_object('user', json_build_object('id', u.id, 'username', u.username, 'name', u.name,
			'role', u.role, 'email', u.email), 'rights', workflow.rights(u.id), 'unread', notifier.unread(u.id),
			'server_time', now())
		FROM workflow."user" u WHERE u.id = actor);
END $$;

GRANT EXECUTE ON FUNCTION api.session_get(bigint, bigint, jsonb) TO sps_gateway;
