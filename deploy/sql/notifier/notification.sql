-- Telling people, and what they have not read yet.

-- Of @people, those who are active and may see this request.
CREATE OR REPLACE FUNCTION notifier.may_know(people bigint[], request bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
	SELECT DISTINCT p FROM unnest(people) p
		WHERE p IS NOT NULL AND authz.may(p, 'request.view', request)
$$;

-- Whom an event concerns: the kinds of people its rule names, without the one who did it.
CREATE OR REPLACE FUNCTION notifier.recipients(request bigint, project bigint, requester bigint, doer bigint,
	to_requester boolean, to_approvers boolean, to_decider boolean, to_managers boolean) RETURNS bigint[]
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
	SELECT coalesce(array_agg(k), '{}') FROM notifier.may_know(ARRAY(
			SELECT recipients.requester WHERE to_requester
			UNION SELECT a FROM workflow.approvers(recipients.project) a WHERE to_approvers
			UNION SELECT (workflow.request_brief(recipients.request) ->> 'decided_by')::bigint WHERE to_decider
			UNION SELECT m FROM workflow.project_admins(recipients.project) m WHERE to_managers
		), recipients.request) k
		WHERE k IS DISTINCT FROM doer
$$;

-- Tells each of @people once, with a letter where @mail says so and the person has an address.
-- Answers whom it told now, with the number each has not read.
CREATE OR REPLACE FUNCTION notifier.tell(people bigint[], event_id uuid, event text, severity text, title text, body text,
	link text, request bigint, mail boolean) RETURNS TABLE (id bigint, user_id bigint, unread bigint)
LANGUAGE sql SET search_path = pg_catalog AS $$
	WITH told AS (
		INSERT INTO notifier.notification AS n (user_id, event_id, event, severity, title, body, link, request_id)
			SELECT p, tell.event_id, tell.event, tell.severity, left(tell.title, 200), left(tell.body, 4000), tell.link, tell.request
				FROM unnest(people) p ORDER BY p
			ON CONFLICT (user_id, event_id) DO NOTHING
			RETURNING n.id, n.user_id
	), letter AS (
		INSERT INTO notifier.delivery (notification, channel)
			SELECT t.id, 'email' FROM told t JOIN LATERAL workflow.user_contact(t.user_id) c ON c.active AND c.email <> ''
			WHERE tell.mail
	)
	SELECT t.id, t.user_id, 1 + (SELECT count(*) FROM notifier.notification u WHERE u.user_id = t.user_id AND u.read_at IS NULL)
		FROM told t
$$;

-- Letters that nobody is sending any more wait again: their replica has crashed, or it is @me and does
-- not hold them, because it never heard that its claim was committed.
CREATE OR REPLACE FUNCTION notifier.release_abandoned(me uuid, held bigint[]) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog AS $$
	WITH freed AS (
		UPDATE notifier.delivery d SET state = 'waiting', owner = NULL, due_at = now()
			WHERE d.state = 'sending' AND CASE WHEN d.owner = me THEN d.id <> ALL (held) ELSE NOT bus.alive(d.owner) END
			RETURNING 1)
	SELECT count(*) FROM freed
$$;

-- Takes up to @lim due letters for replica @me, with what is needed to write them. The letter's
-- reader must still be active and may still see what it is about; else email is NULL.
CREATE OR REPLACE FUNCTION notifier.claim_letters(me uuid, lim int)
	RETURNS TABLE (id bigint, tries smallint, message_id uuid, user_id bigint, name text, email text, title text, body text,
		link text, created_at timestamptz)
LANGUAGE sql SET search_path = pg_catalog AS $$
	WITH due AS (
		SELECT d.id FROM notifier.delivery d WHERE d.state = 'waiting' AND d.due_at <= now()
			ORDER BY d.due_at LIMIT lim FOR UPDATE SKIP LOCKED
	), mine AS (
		UPDATE notifier.delivery d SET state = 'sending', owner = me, tries = d.tries + 1
			FROM due WHERE d.id = due.id RETURNING d.id, d.tries, d.message_id, d.notification
	)
	SELECT m.id, m.tries, m.message_id, n.user_id, c.name,
			CASE WHEN c.active AND c.email <> ''
				AND (n.request_id IS NULL OR authz.may(n.user_id, 'request.view', n.request_id))
				THEN c.email END,
			n.title, n.body, n.link, n.created_at
		FROM mine m JOIN notifier.notification n ON n.id = m.notification
		LEFT JOIN LATERAL workflow.user_contact(n.user_id) c ON true
$$;

-- Ends one try: only the replica that took this try may.
CREATE OR REPLACE FUNCTION notifier.end_try(letter bigint, me uuid, try smallint, new_state text, wait interval, why text)
	RETURNS boolean
LANGUAGE sql SET search_path = pg_catalog AS $$
	WITH ended AS (
		UPDATE notifier.delivery d SET state = new_state, owner = NULL, error = left(why, 500),
				due_at = CASE WHEN new_state = 'waiting' THEN now() + wait ELSE d.due_at END,
				ended_at = CASE WHEN new_state <> 'waiting' THEN now() END
			WHERE d.id = letter AND d.state = 'sending' AND d.owner = me AND d.tries = try RETURNING 1)
	SELECT EXISTS (SELECT FROM ended)
$$;

-- What the reader of a dead letter is told in the portal; one unread notice of this kind is enough.
CREATE OR REPLACE FUNCTION notifier.tell_undelivered(letter bigint, why text)
	RETURNS TABLE (id bigint, user_id bigint, unread bigint)
LANGUAGE sql SET search_path = pg_catalog AS $$
	SELECT t.id, t.user_id, t.unread
		FROM notifier.delivery d JOIN notifier.notification n ON n.id = d.notification,
		LATERAL notifier.tell(ARRAY[n.user_id], d.message_id, 'mail.undelivered', 'warning', 'Mail to you could not be delivered',
			'We could not send you the message "' || n.title || '" by e-mail: ' || why ||
			' Ask an administrator to check your e-mail address.', n.link, n.request_id, false) t
		WHERE d.id = letter AND NOT EXISTS (SELECT FROM notifier.notification o
			WHERE o.user_id = n.user_id AND o.event = 'mail.undelivered' AND o.read_at IS NULL)
$$;

-- For the session and for live frames.
CREATE OR REPLACE FUNCTION notifier.unread(reader bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN -- asked at every page: as plain SQL it would be planned anew each time
	RETURN (SELECT count(*) FROM notifier.notification n WHERE n.user_id = reader AND n.read_at IS NULL);
END $$;

CREATE OR REPLACE FUNCTION notifier.notification_json(n notifier.notification) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
	SELECT jsonb_build_object('id', n.id, 'event', n.event, 'severity', n.severity, 'title', n.title, 'body', n.body,
		'link', nullif(n.link, ''), 'created_at', n.created_at, 'read_at', n.read_at)
$$;

GRANT EXECUTE ON FUNCTION notifier.may_know(bigint[], bigint),
	notifier.recipients(bigint, bigint, bigint, bigint, boolean, boolean, boolean, boolean),
	notifier.tell(bigint[], uuid, text, text, text, text, text, bigint, boolean), notifier.release_abandoned(uuid, bigint[]),
	notifier.claim_letters(uuid, int), notifier.end_try(bigint, uuid, smallint, text, interval, text),
	notifier.tell_undelivered(bigint, text), notifier.unread(bigint), notifier.notification_json(notifier.notification)
	TO sps_notifier;
GRANT EXECUTE ON FUNCTION notifier.unread(bigint) TO sps_workflow;
