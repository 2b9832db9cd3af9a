-- Requests for servers: the request, the steps of its provisioning, its history, its money.
-- States and what moves them: services/workflow/request_fsm.c.

CREATE TABLE workflow.request (
	id            bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
	version       int NOT NULL DEFAULT 1,        -- grows with each transition
	state         text NOT NULL CHECK (state IN ('pending', 'approved', 'deploying', 'deployed', 'failed',
		'rejected', 'cancelled')),
	project       bigint NOT NULL REFERENCES workflow.project,
	requester     bigint NOT NULL REFERENCES workflow."user",
	-- what was asked for
	name          text NOT NULL CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
	client        text NOT NULL CHECK (length(client) BETWEEN 1 AND 120),
	server_type   text NOT NULL,
	location      text NOT NULL,
	image         text NOT NULL,
	subdomain     text CHECK (subdomain ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
	usage         text NOT NULL DEFAULT '' CHECK (length(usage) <= 200),
	priority      text NOT NULL DEFAULT 'normal' CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
	justification text NOT NULL DEFAULT '' CHECK (length(justification) <= 2000),
	-- what it cost a month when it was asked for
	server_minor  bigint NOT NULL CHECK (server_minor >= 0),
	ipv4_minor    bigint NOT NULL CHECK (ipv4_minor >= 0),
	total_minor   bigint GENERATED ALWAYS AS (server_minor + ipv4_minor) STORED,
	currency      text NOT NULL,
	priced_at     timestamptz NOT NULL,
	-- the decision
	decided_by    bigint REFERENCES workflow."user",
	decided_at    timestamptz,
	reason        text,
	-- the provisioning saga
	op            uuid NOT NULL UNIQUE,          -- the one operation; the label sps-op at the provider
	attempt       int NOT NULL DEFAULT 1,        -- the fence: events of an older attempt are ignored
	tries         smallint NOT NULL DEFAULT 1,   -- how often a person started it
	reruns        smallint NOT NULL DEFAULT 0,   -- lost runs started again by themselves in this try
	ordered       boolean NOT NULL DEFAULT false, -- a server was ordered: undoing means deleting it
	undoing       boolean NOT NULL DEFAULT false, -- the deletion is on its way
	progress      smallint NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
	server_id     bigint,                        -- hetzner.server.id
	address       inet,
	failure_step  text,
	failure_code  text,
	failure_text  text,
	cost_running  boolean NOT NULL DEFAULT false,
	-- counters of history rows and live frames
	history_seq   int NOT NULL DEFAULT 0,
	live_seq      bigint NOT NULL DEFAULT 0,
	created_at    timestamptz NOT NULL DEFAULT now(),
	updated_at    timestamptz NOT NULL DEFAULT now(),
	CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
	CHECK (decided_by IS NOT NULL OR state IN ('pending', 'cancelled')),
	CHECK (state <> 'rejected' OR length(reason) BETWEEN 5 AND 1000),
	CHECK (state <> 'failed' OR (failure_step IS NOT NULL AND failure_code IS NOT NULL AND failure_text IS NOT NULL)),
	CHECK (state <> 'deployed' OR (server_id IS NOT NULL AND progress = 100)),
	CHECK (NOT undoing OR (ordered AND state = 'failed'))
);
-- A name is taken while a request that wants it may still become a server.
CREATE UNIQUE INDEX request_name ON workflow.request (project, name)
	WHERE state NOT IN ('deployed', 'rejected', 'cancelled');
CREATE UNIQUE INDEX request_subdomain ON workflow.request (project, subdomain)
	WHERE subdomain IS NOT NULL AND state NOT IN ('deployed', 'rejected', 'cancelled');
CREATE INDEX request_deployed_name ON workflow.request (project, name) WHERE state = 'deployed';
CREATE INDEX request_created ON workflow.request (created_at DESC, id DESC);
CREATE INDEX request_updated ON workflow.request (updated_at DESC, id DESC);
CREATE INDEX request_requester ON workflow.request (requester, updated_at DESC);
CREATE INDEX request_project ON workflow.request (project, updated_at DESC);
CREATE INDEX request_state ON workflow.request (state, created_at);
CREATE INDEX request_server ON workflow.request (server_id) WHERE server_id IS NOT NULL;

CREATE TABLE workflow.request_step (
	request     bigint NOT NULL REFERENCES workflow.request,
	seq         smallint NOT NULL,               -- order, from the table in services/workflow/saga_steps.c
	step        text NOT NULL,
	label       text NOT NULL,
	progress    smallint NOT NULL,               -- of the whole, when this step is done
	state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed', 'skipped')),
	attempt     smallint NOT NULL DEFAULT 0,     -- how often it was begun
	started_at  timestamptz,
	finished_at timestamptz,
	deadline    timestamptz,                     -- running: when it counts as failed
	due_at      timestamptz,                     -- when the timer takes it up (again)
	detail      text,
	PRIMARY KEY (request, step),
	UNIQUE (request, seq)
);
CREATE INDEX request_step_deadline ON workflow.request_step (deadline) WHERE state = 'running';
CREATE INDEX request_step_due ON workflow.request_step (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE workflow.request_history (
	request    bigint NOT NULL REFERENCES workflow.request,
	seq        int NOT NULL,
	at         timestamptz NOT NULL DEFAULT clock_timestamp(),
	actor      bigint REFERENCES workflow."user", -- NULL: the system
	event      text NOT NULL,
	from_state text,
	to_state   text NOT NULL,
	detail     text,
	PRIMARY KEY (request, seq)
);

-- A project's money: reserved when approved, committed when deployed, released when cancelled.
CREATE TABLE workflow.reservation (
	request      bigint PRIMARY KEY REFERENCES workflow.request,
	project      bigint NOT NULL REFERENCES workflow.project,
	amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
	currency     text NOT NULL,
	state        text NOT NULL DEFAULT 'reserved' CHECK (state IN ('reserved', 'committed', 'released')),
	created_at   timestamptz NOT NULL DEFAULT now(),
	updated_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reservation_held ON workflow.reservation (project, state) INCLUDE (amount_minor) WHERE state <> 'released';
