-- People, their sign-in, projects, and who was given access to what.

CREATE TABLE workflow."user" (
	id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	username      text NOT NULL CHECK (username ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$'),
	name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
	email         text NOT NULL CHECK (length(email) <= 254 AND email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
	role          text NOT NULL CHECK (role IN ('administrator', 'technical_manager', 'technical_agent', 'sales_agent')),
	state         text NOT NULL DEFAULT 'registered'
		CHECK (state IN ('registered', 'active', 'rejected', 'suspended', 'deactivated')),
	password_hash text CHECK (password_hash LIKE '$argon2id$%'),
	generation    bigint NOT NULL DEFAULT 1,     -- a session that knows another one has ended
	totp_secret   bytea CHECK (octet_length(totp_secret) > 40 AND get_byte(totp_secret, 0) = 1), -- see secret_store()
	version       int NOT NULL DEFAULT 1,
	created_at    timestamptz NOT NULL DEFAULT now(),
	updated_at    timestamptz NOT NULL DEFAULT now(),
	signed_in_at  timestamptz
);
-- Ada and ada are one person: names are compared without case.
CREATE UNIQUE INDEX user_username ON workflow."user" (lower(username));
CREATE INDEX user_administrators ON workflow."user" (id) WHERE role = 'administrator' AND state = 'active';

-- Whoever changes a role or a state ends the person's sessions with it, on purpose or not.
CREATE FUNCTION workflow.user_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
	IF (NEW.role, NEW.state) IS DISTINCT FROM (OLD.role, OLD.state) THEN
		NEW.generation := OLD.generation + 1;
	END IF;
	NEW.updated_at := now();
	NEW.version := OLD.version + 1;
	RETURN NEW;
END $$;
CREATE TRIGGER user_changed BEFORE UPDATE OF role, state ON workflow."user"
	FOR EACH ROW EXECUTE FUNCTION workflow.user_changed();

-- Failed sign-ins, per account and per network. Keys of accounts are hashes: people
-- type passwords into the wrong field. Rows grow old and are removed.
CREATE TABLE workflow.login_throttle (
	key       text PRIMARY KEY,
	failures  int NOT NULL DEFAULT 0,
	failed_at timestamptz NOT NULL DEFAULT now(),
	until     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX login_throttle_old ON workflow.login_throttle (failed_at);

-- What the installation's administrators have decided for everybody.
CREATE TABLE workflow.setting (
	key        text PRIMARY KEY,
	value      boolean NOT NULL,
	doc        text NOT NULL,
	updated_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO workflow.setting (key, value, doc) VALUES
	('allow_sole_admin_self_approval', false,
		'An administrator may approve his own request while he is the only active administrator.'),
	('technical_agent_may_request', false, 'Technical agents may request servers in projects they can see.'),
	('sales_sees_costs', false, 'Sales agents see what the projects they were given cost.');

CREATE TABLE workflow.project (
	id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name                text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
	description         text NOT NULL DEFAULT '' CHECK (length(description) <= 1000),
	state               text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'archived')),
	open_for_sales      boolean NOT NULL DEFAULT false,
	environment         text NOT NULL DEFAULT 'production' CHECK (environment IN ('production', 'staging', 'development')),
	currency            text NOT NULL DEFAULT 'EUR' CHECK (currency ~ '^[A-Z]{3}$'),
	budget_minor        bigint CHECK (budget_minor > 0),              -- a month; NULL: no limit
	server_cap          int CHECK (server_cap > 0),                   -- NULL: no limit
	manager_limit_minor bigint NOT NULL DEFAULT 0 CHECK (manager_limit_minor >= 0), -- 0: managers never approve
	auto_provision      boolean NOT NULL DEFAULT true,
	version             int NOT NULL DEFAULT 1,
	created_by          bigint NOT NULL REFERENCES workflow."user",
	created_at          timestamptz NOT NULL DEFAULT now(),
	updated_at          timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX project_name ON workflow.project (lower(name));

-- Levels: 1 read, 2 write, 3 admin. An expired grant is as good as none.
CREATE TABLE workflow.project_grant (
	user_id    bigint NOT NULL REFERENCES workflow."user",
	project    bigint NOT NULL REFERENCES workflow.project,
	level      smallint NOT NULL CHECK (level BETWEEN 1 AND 3),
	expires_at timestamptz,
	granted_by bigint NOT NULL REFERENCES workflow."user",
	granted_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (user_id, project)
);
CREATE INDEX project_grant_project ON workflow.project_grant (project);

CREATE TABLE workflow.server_grant (
	user_id    bigint NOT NULL REFERENCES workflow."user",
	server     bigint NOT NULL,                  -- hetzner.server.id
	level      smallint NOT NULL CHECK (level BETWEEN 1 AND 3),
	expires_at timestamptz,
	granted_by bigint NOT NULL REFERENCES workflow."user",
	granted_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (user_id, server)
);
CREATE INDEX server_grant_server ON workflow.server_grant (server);
