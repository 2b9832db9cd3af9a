-- The audit log: written only through one function, in the transaction of the act.
CREATE TABLE audit.log (
	seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	at      timestamptz NOT NULL DEFAULT clock_timestamp(),
	actor   text NOT NULL,                     -- user:7, system:workflow
	user_id bigint,
	action  text NOT NULL,
	object  text,                              -- request:1038
	outcome text NOT NULL CHECK (outcome IN ('ok', 'denied')),
	detail  jsonb,
	corr    uuid
);
CREATE INDEX log_user ON audit.log (user_id, seq DESC);
CREATE INDEX log_object ON audit.log (object, seq DESC);

CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'the audit log only grows' USING ERRCODE = '42501';
END $$;
CREATE TRIGGER log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.log
	FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

CREATE FUNCTION audit.append(actor text, user_id bigint, action text, object text, outcome text, detail jsonb, corr uuid)
RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
	INSERT INTO audit.log (actor, user_id, action, object, outcome, detail, corr)
		VALUES (actor, user_id, action, object, outcome, detail, corr) RETURNING seq
$$;
GRANT EXECUTE ON FUNCTION audit.append(text, bigint, text, text, text, jsonb, uuid)
	TO sps_workflow, sps_hetzner, sps_runner, sps_notifier;
