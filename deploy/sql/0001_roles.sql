-- run as: superuser
-- Roles and schemas. One login role per service with the least it needs; the
-- owner of everything cannot log in. Passwords are set by deployment, never here.
DO $$
DECLARE r text;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sps_owner') THEN
		CREATE ROLE sps_owner NOLOGIN;
	END IF;
	FOREACH r IN ARRAY ARRAY['sps_gateway', 'sps_workflow', 'sps_hetzner', 'sps_runner', 'sps_notifier'] LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
			EXECUTE format('CREATE ROLE %I LOGIN', r);
		END IF;
		EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', r, '10s');
		EXECUTE format('ALTER ROLE %I SET lock_timeout = %L', r, '2s');
		-- a frozen process must not keep row locks (BUS T-matrix: SIGSTOP inside a transaction)
		EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', r, '5s');
		EXECUTE format('ALTER ROLE %I SET search_path = pg_catalog', r);
		EXECUTE format('ALTER ROLE %I SET timezone = %L', r, 'UTC'); -- JSON writes times in the session's zone
	END LOOP;
	EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
	EXECUTE format('GRANT CONNECT ON DATABASE %I TO sps_gateway, sps_workflow, sps_hetzner, sps_runner, sps_notifier',
		current_database());
	EXECUTE format('GRANT CREATE ON DATABASE %I TO sps_owner', current_database());
END $$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE sps_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE SCHEMA bus AUTHORIZATION sps_owner;
CREATE SCHEMA audit AUTHORIZATION sps_owner;
CREATE SCHEMA authz AUTHORIZATION sps_owner;
CREATE SCHEMA api AUTHORIZATION sps_owner;
CREATE SCHEMA workflow AUTHORIZATION sps_owner;
CREATE SCHEMA hetzner AUTHORIZATION sps_owner;
CREATE SCHEMA runner AUTHORIZATION sps_owner;
CREATE SCHEMA notifier AUTHORIZATION sps_owner;

GRANT USAGE ON SCHEMA bus, api, authz, audit TO sps_workflow, sps_hetzner, sps_runner, sps_notifier;
GRANT USAGE ON SCHEMA bus, api, workflow, hetzner, runner, notifier TO sps_gateway;
-- Functions of another schema may be called when granted; tables stay closed.
GRANT USAGE ON SCHEMA workflow, hetzner, runner, notifier TO sps_workflow, sps_hetzner, sps_runner, sps_notifier;

-- What a service writes, it alone writes.
ALTER DEFAULT PRIVILEGES FOR ROLE sps_owner IN SCHEMA workflow GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO sps_workflow;
ALTER DEFAULT PRIVILEGES FOR ROLE sps_owner IN SCHEMA workflow GRANT USAGE ON SEQUENCES TO sps_workflow;
ALTER DEFAULT PRIVILEGES FOR ROLE sps_owner IN SCHEMA hetzner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO sps_hetzner;
ALTER DEFAULT PRIVILEGES FOR ROLE sps_owner IN SCHEMA hetzner GRANT USAGE ON SEQUENCES TO sps_hetzner;
ALTER DEFAULT PRIVILEGES FOR ROLE sps_owner IN SCHEMA runner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO sps_runner;
ALTER DEFAULT PRIVILEGES FOR ROLE sps_owner IN SCHEMA runner GRANT USAGE ON SEQUENCES TO sps_runner;
ALTER DEFAULT PRIVILEGES FOR ROLE sps_owner IN SCHEMA notifier GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO sps_notifier;
ALTER DEFAULT PRIVILEGES FOR ROLE sps_owner IN SCHEMA notifier GRANT USAGE ON SEQUENCES TO sps_notifier;
