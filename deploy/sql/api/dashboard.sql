-- GET /dashboard: what is going on in what the person may see.

-- "Ada approved web-1": history rows as people read them.
CREATE OR REPLACE FUNCTION workflow.activity_text(event text, to_state text, who text, name text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
	SELECT CASE event
		WHEN 'submit' THEN format('%s asked for %s', who, name)
		WHEN 'approve' THEN format('%s approved %s', who, name)
		WHEN 'reject' THEN format('%s rejected %s', who, name)
		WHEN 'cancel' THEN format('%s cancelled %s', who, name)
		WHEN 'abort' THEN format('%s stopped the deployment of %s', who, name)
		WHEN 'provision' THEN format('The deployment of %s began', name)
		WHEN 'finish' THEN format('%s is ready', name)
		WHEN 'fail' THEN format('The deployment of %s failed', name)
		WHEN 'retry' THEN format('%s started the deployment of %s again', who, name)
		WHEN 'roll_back' THEN format('%s is rolling back %s', who, name)
		WHEN 'undone' THEN format('%s was rolled back', name)
		ELSE format('%s: %s', name, to_state) END
$$;

-- Of the requests that changed last, what happened last.
CREATE OR REPLACE FUNCTION workflow.activity(actor bigint) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_custom_plan AS $$
DECLARE projects bigint[] := authz.request_projects(actor);
BEGIN
	RETURN (SELECT coalesce(json_agg(json_build_object('at', a.at, 'text', a.text, 'link', a.link) ORDER BY a.at DESC), '[]')
		FROM (SELECT h.at, workflow.activity_text(h.event, h.to_state, coalesce(u.name, 'System'), r.name) AS text,
				'/requests/' || r.id AS link
			FROM (SELECT r.id, r.name FROM workflow.request r
				WHERE projects IS NULL OR r.requester = activity.actor OR r.project = ANY (projects)
				ORDER BY r.updated_at DESC, r.id DESC LIMIT 20) r
			JOIN workflow.request_history h ON h.request = r.id AND h.event <> 'step'
			LEFT JOIN workflow."user" u ON u.id = h.actor
			ORDER BY h.at DESC LIMIT 10) a);
END $$;

-- Pending requests that wait for this very person, the oldest first. What authz would refuse anyway
-- is left out by indexes before it is asked.
CREATE OR REPLACE FUNCTION workflow.needs_decision(actor bigint) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_custom_plan AS $$
DECLARE
	who text := authz.role(actor);
	own boolean := authz.sole_administrator(actor);
	mine bigint[] := ARRAY(SELECT s.project FROM authz.projects(actor) s JOIN workflow.project p ON p.id = s.project
		WHERE s.level = 3 AND (who = 'administrator' OR p.manager_limit_minor > 0));
BEGIN
	IF who NOT IN ('administrator', 'technical_manager') THEN
		RETURN '[]';
	END IF;
	RETURN (SELECT coalesce(json_agg(workflow.request_json(actor, r) ORDER BY r.created_at), '[]')
		FROM (SELECT r.* FROM workflow.request r JOIN workflow.project p ON p.id = r.project
			WHERE r.state = 'pending' AND r.project = ANY (mine)
				AND (who = 'administrator' OR r.total_minor <= p.manager_limit_minor)
				AND (own OR r.requester <> needs_decision.actor)
				AND authz.may(actor, 'request.approve', r.id)
			ORDER BY r.created_at LIMIT 5) r);
END $$;

CREATE OR REPLACE FUNCTION workflow.deployments(actor bigint) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_custom_plan AS $$
DECLARE projects bigint[] := authz.request_projects(actor);
BEGIN
	RETURN (SELECT coalesce(json_agg(workflow.request_json(actor, r) ORDER BY r.updated_at DESC), '[]')
		FROM (SELECT r.* FROM workflow.request r
			WHERE r.state = 'deploying' AND (projects IS NULL OR r.requester = actor OR r.project = ANY (projects))
			ORDER BY r.updated_at DESC LIMIT 5) r);
END $$;

CREATE OR REPLACE FUNCTION workflow.costs(projects bigint[]) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT json_build_object('committed_minor', coalesce(sum(m.committed_minor), 0), 'reserved_minor', coalesce(sum(m.reserved_minor), 0),
			'budget_minor', sum(p.budget_minor), 'currency', coalesce(min(p.currency), 'EUR'))
		FROM workflow.project p, workflow.project_money(p.id) m WHERE p.id = ANY (projects)
$$;

CREATE OR REPLACE FUNCTION api.dashboard_get(actor bigint, generation bigint, args jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	projects bigint[];
BEGIN
	PERFORM authz.require(actor, generation, 'dashboard', 0);
	projects := ARRAY(SELECT p.project FROM authz.projects(actor) p WHERE p.level >= 1);
	RETURN json_build_object(
		'requests', (SELECT json_object_agg(s.state, coalesce(c.n, 0)) FROM unnest(ARRAY['pending', 'approved', 'deploying',
			'deployed', 'failed', 'rejected', 'cancelled']) s(state) LEFT JOIN workflow.request_counts(actor, authz.request_projects(actor), NULL, NULL) c USING (state)),
		'servers', (SELECT json_build_object('running', coalesce(sum(n.running), 0), 'total', coalesce(sum(n.total), 0))
			FROM hetzner.server_counts(projects) n),
		'cost', CASE WHEN authz.role(actor) <> 'sales_agent' OR authz.setting('sales_sees_costs')
			THEN workflow.costs(projects) END,
		'needs_decision', workflow.needs_decision(actor),
		'deployments', workflow.deployments(actor),
		'activity', workflow.activity(actor));
END $$;

GRANT EXECUTE ON FUNCTION api.dashboard_get(bigint, bigint, jsonb) TO sps_gateway;
