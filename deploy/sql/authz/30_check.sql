-- The one place where it is decided who may do what.
-- Functions without SECURITY DEFINER are parts of those with it, which fix the search path once:
-- every further SET would cost more than what these do.

-- How @actor stands to the object. No row: there is no such object.
CREATE OR REPLACE FUNCTION authz.relation(actor bigint, kind text, object bigint) RETURNS SETOF authz.relation
LANGUAGE plpgsql STABLE AS $$
BEGIN
	CASE kind
	WHEN '' THEN
		RETURN NEXT (0, false, false, false, NULL)::authz.relation;
	WHEN 'request' THEN
		RETURN QUERY SELECT authz.project_level(actor, r.project), r.requester = actor,
				p.open_for_sales AND p.state = 'active',
				p.manager_limit_minor > 0 AND r.total_minor <= p.manager_limit_minor, r.state
			FROM workflow.request r JOIN workflow.project p ON p.id = r.project WHERE r.id = object;
	WHEN 'project' THEN
		RETURN QUERY SELECT authz.project_level(actor, p.id), false, p.open_for_sales AND p.state = 'active', false, NULL
			FROM workflow.project p WHERE p.id = object;
	WHEN 'server' THEN
		RETURN QUERY SELECT authz.server_level(actor, object), false, false, false, NULL
			WHERE hetzner.server_project(object) IS NOT NULL;
	WHEN 'run' THEN
		RETURN QUERY SELECT greatest(authz.project_level(actor, runner.run_project(object)),
				authz.server_level(actor, runner.run_server(object))), false, false, false, NULL
			WHERE runner.run_project(object) IS NOT NULL;
	END CASE;
END $$;

CREATE OR REPLACE FUNCTION authz.setting(key text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN coalesce((SELECT s.value FROM workflow.setting s WHERE s.key = setting.key), false);
END $$;

-- The only administrator there is may decide about his own request, if the setting says so.
CREATE OR REPLACE FUNCTION authz.sole_administrator(actor bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT authz.setting('allow_sole_admin_self_approval') AND
		(SELECT array_agg(u.id) = ARRAY[actor] FROM workflow."user" u WHERE u.role = 'administrator' AND u.state = 'active')
$$;

-- A way in, and every condition. A rule that is not there (all NULL) never holds.
CREATE OR REPLACE FUNCTION authz.holds(r authz.rule, o authz.relation, actor bigint) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF NOT coalesce(coalesce(o.level >= r.level, false) OR (r.own AND o.own) OR (r.open AND o.open), false) THEN
		RETURN false;
	ELSIF r.within_limit AND NOT o.fits THEN
		RETURN false;
	ELSIF r.agents_may_request AND NOT authz.setting('technical_agent_may_request') THEN
		RETURN false;
	ELSIF r.not_own AND o.own THEN
		RETURN authz.sole_administrator(actor);
	END IF;
	RETURN true;
END $$;

-- Who may cancel depends on how far the request has come.
CREATE OR REPLACE FUNCTION authz.in_state(action text, state text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN action = 'request.cancel' AND state IN ('pending', 'approved', 'deploying')
		THEN 'request.cancel_' || state ELSE action END
$$;

-- NULL: allowed; 'forbidden'; 'not_found': no such object, or none this person may know of.
CREATE OR REPLACE FUNCTION authz.verdict(actor bigint, role text, action text, object bigint) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
	kind text;
	rule authz.rule;
	view authz.rule;
	rel authz.relation;
BEGIN
	SELECT a.object INTO kind FROM authz.action a WHERE a.action = verdict.action;
	SELECT r.* INTO rule FROM authz.rule r WHERE r.action = verdict.action AND r.role = verdict.role;
	IF rule.need IS NULL OR rule.need = 'never' THEN
		RETURN 'forbidden';
	ELSIF rule.need = 'always' AND kind = '' THEN -- most reads
		RETURN NULL;
	END IF;
	SELECT * INTO rel FROM authz.relation(actor, kind, object);
	IF NOT FOUND THEN
		RETURN 'not_found';
	END IF;
	IF authz.in_state(action, rel.state) <> action THEN
		SELECT r.* INTO rule FROM authz.rule r WHERE r.action = authz.in_state(verdict.action, rel.state) AND r.role = verdict.role;
	END IF;
	IF authz.holds(rule, rel, actor) THEN
		RETURN NULL;
	END IF;
	SELECT r.* INTO view FROM authz.rule r WHERE r.action = kind || '.view' AND r.role = verdict.role;
	RETURN CASE WHEN kind = '' OR authz.holds(view, rel, actor) THEN 'forbidden' ELSE 'not_found' END;
END $$;

-- For services and api functions: also 'stale' when the session is no longer good.
CREATE OR REPLACE FUNCTION authz.check(actor bigint, generation bigint, action text, object bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE u record;
BEGIN
	SELECT x.role, x.generation INTO u FROM workflow."user" x WHERE x.id = actor AND x.state = 'active';
	IF u.generation IS DISTINCT FROM generation OR generation IS NULL THEN
		RETURN 'stale';
	END IF;
	RETURN authz.verdict(actor, u.role, action, object);
END $$;

-- The same without a session: may this person, as things stand now?
CREATE OR REPLACE FUNCTION authz.may(actor bigint, action text, object bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT authz.role(actor) IS NOT NULL AND authz.verdict(actor, authz.role(actor), action, object) IS NULL
$$;

-- Which of @actions the person may do with one object: the object is looked at once.
CREATE OR REPLACE FUNCTION authz.allowed(actor bigint, object bigint, actions text[]) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	who text := authz.role(actor);
	rel authz.relation;
BEGIN
	SELECT o.* INTO rel FROM authz.action a, authz.relation(actor, a.object, allowed.object) o WHERE a.action = actions[1];
	IF NOT FOUND THEN
		RETURN '{}';
	END IF;
	RETURN ARRAY(SELECT w.action FROM unnest(actions) w(action)
		JOIN authz.rule r ON r.action = authz.in_state(w.action, rel.state) AND r.role = who
		WHERE authz.holds(r, rel, actor));
END $$;

-- Why not, in a sentence for the person who was refused.
CREATE OR REPLACE FUNCTION authz.why(actor bigint, action text, object bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	rule authz.rule;
	rel authz.relation;
BEGIN
	SELECT r.* INTO rule FROM authz.rule r WHERE r.action = why.action AND r.role = authz.role(actor);
	SELECT o.* INTO rel FROM authz.action a, authz.relation(actor, a.object, why.object) o WHERE a.action = why.action;
	IF rule.not_own AND rel.own THEN
		RETURN 'You asked for this server yourself, so somebody else has to decide about it.';
	ELSIF rule.within_limit AND NOT rel.fits AND rel.level >= rule.level THEN
		RETURN 'It costs more a month than technical managers may approve in this project. An administrator can.';
	END IF;
	RETURN 'You are not allowed to do this. Ask an administrator if you should be.';
END $$;

CREATE OR REPLACE FUNCTION authz.require(actor bigint, generation bigint, action text, object bigint) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	CASE authz.check(actor, generation, action, object)
	WHEN 'stale' THEN
		RAISE EXCEPTION 'Your session has ended. Sign in again.' USING ERRCODE = 'SP401';
	WHEN 'forbidden' THEN
		RAISE EXCEPTION '%', authz.why(actor, action, object) USING ERRCODE = 'SP403';
	WHEN 'not_found' THEN
		RAISE EXCEPTION 'There is no such %, or you were not given access to it.',
			coalesce((SELECT nullif(a.object, '') FROM authz.action a WHERE a.action = require.action), 'object')
			USING ERRCODE = 'SP404';
	ELSE
		NULL;
	END CASE;
END $$;

GRANT EXECUTE ON FUNCTION authz.check(bigint, bigint, text, bigint), authz.may(bigint, text, bigint),
	authz.allowed(bigint, bigint, text[]), authz.why(bigint, text, bigint), authz.require(bigint, bigint, text, bigint),
	authz.sole_administrator(bigint)
	TO sps_workflow, sps_hetzner, sps_runner, sps_notifier;
