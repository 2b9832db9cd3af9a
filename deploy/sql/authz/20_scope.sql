-- Effective levels (DOMAIN 2) and the scopes that lists start from. Nobody who is not active has any.
-- What is asked many times a second is plpgsql: the plan of an SQL function is made anew at every call.

-- The most a role can have, whatever was granted.
CREATE OR REPLACE FUNCTION authz.cap(role text) RETURNS int LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
	SELECT CASE cap.role WHEN 'administrator' THEN 3 WHEN 'technical_manager' THEN 3 WHEN 'technical_agent' THEN 3
		WHEN 'sales_agent' THEN 1 ELSE 0 END
$$;

-- The projects in which a person has a level, and which. An archived project can only be read.
CREATE OR REPLACE FUNCTION authz.projects(actor bigint) RETURNS TABLE (project bigint, level int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT p.id, CASE p.state WHEN 'active' THEN 3 ELSE 1 END
		FROM workflow."user" u CROSS JOIN workflow.project p
		WHERE u.id = actor AND u.state = 'active' AND u.role = 'administrator'
	UNION ALL
	SELECT p.id, least(authz.cap(u.role), g.level, CASE p.state WHEN 'active' THEN 3 ELSE 1 END)
		FROM workflow."user" u JOIN workflow.project_grant g ON g.user_id = u.id JOIN workflow.project p ON p.id = g.project
		WHERE u.id = actor AND u.state = 'active' AND u.role <> 'administrator'
			AND (g.expires_at IS NULL OR g.expires_at > now());
END $$;

CREATE OR REPLACE FUNCTION authz.project_level(actor bigint, project bigint) RETURNS int
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	RETURN coalesce((SELECT least(CASE p.state WHEN 'active' THEN 3 ELSE 1 END,
			CASE u.role WHEN 'administrator' THEN 3 ELSE least(authz.cap(u.role), coalesce((
				SELECT g.level FROM workflow.project_grant g WHERE g.user_id = u.id AND g.project = p.id
					AND (g.expires_at IS NULL OR g.expires_at > now())), 0)) END)
		FROM workflow."user" u CROSS JOIN workflow.project p
		WHERE u.id = actor AND u.state = 'active' AND p.id = project_level.project), 0);
END $$;

-- Single servers somebody was given; those of his projects come on top.
CREATE OR REPLACE FUNCTION authz.server_grants(actor bigint) RETURNS TABLE (server bigint, level int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT g.server, least(authz.cap(u.role), g.level)
		FROM workflow."user" u JOIN workflow.server_grant g ON g.user_id = u.id
		WHERE u.id = actor AND u.state = 'active' AND (g.expires_at IS NULL OR g.expires_at > now());
END $$;

CREATE OR REPLACE FUNCTION authz.server_level(actor bigint, server bigint) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT coalesce((SELECT greatest(authz.project_level(actor, p.id),
			least(coalesce((SELECT g.level FROM authz.server_grants(actor) g WHERE g.server = server_level.server), 0),
				CASE p.state WHEN 'active' THEN 3 ELSE 1 END)) -- coalesce: least() does not see a NULL
		FROM workflow.project p WHERE p.id = hetzner.server_project(server_level.server)), 0)
$$;

CREATE OR REPLACE FUNCTION authz.role(actor bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	RETURN (SELECT u.role FROM workflow."user" u WHERE u.id = actor AND u.state = 'active');
END $$;

-- The projects whose requests somebody may view although he did not ask for them
-- (NULL: all). Lists put it into their WHERE, so that indexes serve the scope.
CREATE OR REPLACE FUNCTION authz.request_projects(actor bigint) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT CASE authz.role(actor)
		WHEN 'administrator' THEN NULL
		WHEN 'technical_manager' THEN ARRAY(SELECT p.project FROM authz.projects(actor) p WHERE p.level >= 1)
		ELSE '{}' END
$$;

CREATE OR REPLACE FUNCTION authz.requests(actor bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT r.id FROM workflow.request r, authz.request_projects(actor) s(projects)
		WHERE authz.role(actor) IS NOT NULL AND (s.projects IS NULL OR r.requester = actor OR r.project = ANY (s.projects))
$$;

GRANT EXECUTE ON FUNCTION authz.projects(bigint), authz.project_level(bigint, bigint), authz.server_grants(bigint),
	authz.server_level(bigint, bigint), authz.role(bigint), authz.request_projects(bigint), authz.requests(bigint)
	TO sps_workflow, sps_hetzner, sps_runner, sps_notifier;
