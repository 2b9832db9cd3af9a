-- The provider's side: tokens, the catalogue, servers, and operations that create and delete them.
-- States of an operation and what moves them: services/hetzner/operation.c.

-- A project's API token, stored under the service's own key (secret_store, context
-- "hetzner.token/token/<project>"). The row's version fences checks of an older token.
CREATE TABLE hetzner.token (
	project    bigint PRIMARY KEY,
	token      bytea NOT NULL CHECK (octet_length(token) BETWEEN 50 AND 512 AND get_byte(token, 0) = 1),
	version    int NOT NULL DEFAULT 1,
	state      text NOT NULL DEFAULT 'unchecked' CHECK (state IN ('unchecked', 'valid', 'invalid', 'readonly')),
	check_at   timestamptz DEFAULT now(),      -- NULL: nothing to check
	checked_at timestamptz,
	tries      int NOT NULL DEFAULT 0,
	set_at     timestamptz NOT NULL DEFAULT now(),
	swept_at   timestamptz NOT NULL DEFAULT now() -- the project's servers were looked at
);
CREATE INDEX token_check ON hetzner.token (check_at) WHERE check_at IS NOT NULL;

-- What a project may still ask of the provider this hour (it counts per project, not per token).
CREATE TABLE hetzner.bucket (
	project  bigint PRIMARY KEY,
	tokens   double precision NOT NULL,
	"limit"  int NOT NULL CHECK ("limit" > 0),
	ts       timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

-- ---- catalogue: as the provider tells it, replaced as a whole ----

CREATE TABLE hetzner.account (
	one         boolean PRIMARY KEY DEFAULT true CHECK (one),
	currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
	vat_rate    numeric(6, 2) NOT NULL,
	synced_at   timestamptz NOT NULL,
	stock_at    timestamptz NOT NULL
);

CREATE TABLE hetzner.location (
	name        text PRIMARY KEY,
	city        text NOT NULL,
	country     text NOT NULL,
	ipv4_minor  bigint                         -- a month; NULL: no price known
);

CREATE TABLE hetzner.server_type (
	name         text PRIMARY KEY,
	provider_id  bigint NOT NULL,
	description  text NOT NULL,
	category     text NOT NULL DEFAULT '',
	cores        int NOT NULL,
	memory_mb    bigint NOT NULL,
	disk_gb      bigint NOT NULL,
	architecture text NOT NULL
);

CREATE TABLE hetzner.price (
	server_type   text NOT NULL,
	location      text NOT NULL,
	monthly_minor bigint NOT NULL CHECK (monthly_minor >= 0),
	hourly_micro  bigint NOT NULL CHECK (hourly_micro >= 0),
	available     boolean NOT NULL,            -- a hint, changing by the hour
	unavailable_after timestamptz,             -- deprecated: not to be ordered after this
	PRIMARY KEY (server_type, location)
);

CREATE TABLE hetzner.image (
	name         text NOT NULL,
	architecture text NOT NULL,
	description  text NOT NULL,
	deprecated   boolean NOT NULL DEFAULT false,
	PRIMARY KEY (name, architecture)
);

-- ---- servers ----

CREATE TABLE hetzner.ssh_key (
	project     bigint NOT NULL,
	public_key  text NOT NULL,
	provider_id bigint NOT NULL,
	PRIMARY KEY (project, public_key)
);

CREATE TABLE hetzner.server (
	id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	project     bigint NOT NULL,
	provider_id bigint NOT NULL,
	name        text NOT NULL,
	lifecycle   text NOT NULL CHECK (lifecycle IN ('provisioning', 'managed', 'deleting', 'deleted', 'gone')),
	status      text NOT NULL,                 -- the provider's word: running, off, initializing …
	ipv4        inet,
	ipv6        inet,
	server_type text NOT NULL,
	location    text NOT NULL,
	op          uuid UNIQUE,
	request     bigint,
	server_minor bigint,
	ipv4_minor  bigint,
	currency    text,
	version     int NOT NULL DEFAULT 1,        -- grows with every change; numbers the live frames
	created_at  timestamptz NOT NULL DEFAULT now(),
	updated_at  timestamptz NOT NULL DEFAULT now(),
	gone_at     timestamptz,                   -- deleted by us or by somebody else
	UNIQUE (project, provider_id),
	CHECK ((lifecycle IN ('deleted', 'gone')) = (gone_at IS NOT NULL))
);
CREATE INDEX server_by_name ON hetzner.server (name, id) WHERE lifecycle <> 'deleted';
CREATE INDEX server_by_created ON hetzner.server (created_at, id) WHERE lifecycle <> 'deleted';
CREATE INDEX server_by_project ON hetzner.server (project, lifecycle, id);

-- How many servers each project has, so that no list counts ten thousand rows.
CREATE TABLE hetzner.server_count (
	project   bigint NOT NULL,
	lifecycle text NOT NULL,
	running   boolean NOT NULL,
	n         bigint NOT NULL,
	PRIMARY KEY (project, lifecycle, running)
) WITH (fillfactor = 50);

CREATE FUNCTION hetzner.count_servers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	IF TG_OP <> 'INSERT' THEN
		INSERT INTO hetzner.server_count AS c (project, lifecycle, running, n)
			SELECT o.project, o.lifecycle, o.status = 'running', -count(*) FROM before o GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
			ON CONFLICT (project, lifecycle, running) DO UPDATE SET n = c.n + excluded.n;
	END IF;
	IF TG_OP <> 'DELETE' THEN
		INSERT INTO hetzner.server_count AS c (project, lifecycle, running, n)
			SELECT o.project, o.lifecycle, o.status = 'running', count(*) FROM after o GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
			ON CONFLICT (project, lifecycle, running) DO UPDATE SET n = c.n + excluded.n;
	END IF;
	RETURN NULL;
END $$;

CREATE TRIGGER count_new AFTER INSERT ON hetzner.server REFERENCING NEW TABLE AS after
	FOR EACH STATEMENT EXECUTE FUNCTION hetzner.count_servers();
CREATE TRIGGER count_changed AFTER UPDATE ON hetzner.server REFERENCING OLD TABLE AS before NEW TABLE AS after
	FOR EACH STATEMENT EXECUTE FUNCTION hetzner.count_servers();
CREATE TRIGGER count_removed AFTER DELETE ON hetzner.server REFERENCING OLD TABLE AS before
	FOR EACH STATEMENT EXECUTE FUNCTION hetzner.count_servers();

-- ---- operations ----

-- One row per operation of a saga: it creates one server, and later deletes that one.
CREATE TABLE hetzner.operation (
	op          uuid PRIMARY KEY,
	request     bigint NOT NULL,
	project     bigint NOT NULL,
	name        text NOT NULL,
	server_type text NOT NULL,
	location    text NOT NULL,
	image       text NOT NULL,
	ssh_key     text NOT NULL,
	attempt     int NOT NULL,
	corr        uuid,
	state       text NOT NULL DEFAULT 'key' CHECK (state IN ('key', 'create', 'sent', 'action', 'running', 'done', 'failed',
		'delete_find', 'delete_send', 'delete_wait', 'deleted', 'delete_failed')),
	-- who works on it: a replica, fenced
	owner       uuid,
	fence       int NOT NULL DEFAULT 0,
	due_at      timestamptz DEFAULT now(),     -- NULL: at an end
	entered_at  timestamptz NOT NULL DEFAULT now(), -- since when it is in this state
	tries       int NOT NULL DEFAULT 0,        -- failed ones in this state
	polls       int NOT NULL DEFAULT 0,        -- looks in this state
	-- what is known of the outcome
	key_id      bigint,
	key_again   boolean NOT NULL DEFAULT false, -- the remembered key was lost once
	posted_at   timestamptz,                   -- a creating POST went out whose outcome is not known to be "no"
	provider_server bigint,
	actions     bigint[] NOT NULL DEFAULT '{}',
	announced   boolean NOT NULL DEFAULT false, -- server.creating was sent
	error_code  text,
	error_text  text,
	created_at  timestamptz NOT NULL DEFAULT now(),
	updated_at  timestamptz NOT NULL DEFAULT now(),
	CHECK ((state IN ('done', 'failed', 'deleted', 'delete_failed')) = (due_at IS NULL))
);
CREATE INDEX operation_due ON hetzner.operation (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX operation_request ON hetzner.operation (request);
