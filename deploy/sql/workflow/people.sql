-- People, for the other services and for the operator's tool.

-- {"id", "name"}, or null for nobody.
CREATE OR REPLACE FUNCTION workflow.user_json(id bigint) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT json_build_object('id', u.id, 'name', u.name) FROM workflow."user" u WHERE u.id = user_json.id
$$;

-- Who acted: a person, or the system when there is none.
CREATE OR REPLACE FUNCTION workflow.actor_json(id bigint) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT coalesce(workflow.user_json(actor_json.id), json_build_object('id', NULL, 'name', 'System'))
$$;

CREATE OR REPLACE FUNCTION workflow.user_contact(id bigint) RETURNS TABLE (name text, email text, active boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT u.name, u.email, u.state = 'active' FROM workflow."user" u WHERE u.id = user_contact.id
$$;

CREATE OR REPLACE FUNCTION workflow.user_generation(id bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT u.generation FROM workflow."user" u WHERE u.id = user_generation.id
$$;

-- Active people who may decide about requests of a project (their own excepted).
CREATE OR REPLACE FUNCTION workflow.approvers(project bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT u.id FROM workflow."user" u WHERE u.role = 'administrator' AND u.state = 'active'
	UNION ALL
	SELECT u.id FROM workflow.project_grant g JOIN workflow."user" u ON u.id = g.user_id
		JOIN workflow.project p ON p.id = g.project
		WHERE g.project = approvers.project AND g.level = 3 AND (g.expires_at IS NULL OR g.expires_at > now())
			AND u.role = 'technical_manager' AND u.state = 'active'
			AND p.state = 'active' AND p.manager_limit_minor > 0
$$;

-- Active technical managers who run a project (level 3); administrators are not listed.
CREATE OR REPLACE FUNCTION workflow.project_admins(project bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT u.id FROM workflow.project_grant g JOIN workflow."user" u ON u.id = g.user_id
		WHERE g.project = project_admins.project AND g.level = 3 AND (g.expires_at IS NULL OR g.expires_at > now())
			AND u.role = 'technical_manager' AND u.state = 'active'
$$;

GRANT EXECUTE ON FUNCTION workflow.user_json(bigint), workflow.actor_json(bigint), workflow.user_contact(bigint),
	workflow.user_generation(bigint), workflow.approvers(bigint), workflow.project_admins(bigint)
	TO sps_workflow, sps_hetzner, sps_runner, sps_notifier;

-- ---- for the operator (spsctl), who connects as the owner of everything -------------------------

CREATE OR REPLACE FUNCTION workflow.user_id(username text) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
	SELECT u.id FROM workflow."user" u WHERE lower(u.username) = lower(user_id.username)
$$;

-- Rules for passwords live in spsctl; here arrives only the hash.
CREATE OR REPLACE FUNCTION workflow.user_create(username text, name text, email text, role text, password_hash text,
	state text DEFAULT 'active') RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE new_id bigint;
BEGIN
	INSERT INTO workflow."user" AS u (username, name, email, role, password_hash, state)
		VALUES (user_create.username, user_create.name, user_create.email, user_create.role, user_create.password_hash,
			user_create.state)
		RETURNING u.id INTO new_id;
	PERFORM audit.append('operator', NULL, 'user.create', 'user:' || new_id, 'ok',
		jsonb_build_object('username', user_create.username, 'role', user_create.role, 'state', user_create.state), NULL);
	RETURN new_id;
END $$;

-- Level 0 takes a grant away.
CREATE OR REPLACE FUNCTION workflow.project_grant_set(user_id bigint, project bigint, level int, granted_by bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
	IF level = 0 THEN
		DELETE FROM workflow.project_grant g WHERE g.user_id = project_grant_set.user_id AND g.project = project_grant_set.project;
	ELSE
		INSERT INTO workflow.project_grant AS g (user_id, project, level, granted_by)
			VALUES (project_grant_set.user_id, project_grant_set.project, project_grant_set.level, project_grant_set.granted_by)
			ON CONFLICT ON CONSTRAINT project_grant_pkey
			DO UPDATE SET level = excluded.level, granted_by = excluded.granted_by, granted_at = now(), expires_at = NULL;
	END IF;
	PERFORM audit.append('operator', NULL, 'grant.set', 'project:' || project_grant_set.project, 'ok',
		jsonb_build_object('user', project_grant_set.user_id, 'level', project_grant_set.level), NULL);
END $$;

GRANT EXECUTE ON FUNCTION workflow.user_id(text), workflow.user_create(text, text, text, text, text, text),
	workflow.project_grant_set(bigint, bigint, int, bigint) TO sps_owner;
