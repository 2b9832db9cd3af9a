-- Runs of playbooks: identities, host keys, runs, their logs.
-- States of a run and what moves them: services/ansible-runner/run_fsm.c.

-- One SSH key pair per project. The private half is stored under the service's own key
-- (secret_store, context "runner.identity/private_key/<project>") and never leaves it as a file.
CREATE TABLE runner.identity (
	project     bigint PRIMARY KEY,
	public_key  text NOT NULL CHECK (public_key ~ '^ssh-ed25519 [A-Za-z0-9+/]{68} '),
	private_key bytea NOT NULL CHECK (octet_length(private_key) > 48 AND get_byte(private_key, 0) = 1),
	created_at  timestamptz NOT NULL DEFAULT now()
);

-- A server is about to exist and will report its host key, once, with a token. The row
-- outlives the report: what was reported is compared with what our own handshake sees.
CREATE TABLE runner.host_key_expected (
	op          uuid PRIMARY KEY,
	request     bigint NOT NULL,
	project     bigint NOT NULL,
	token_hash  text NOT NULL UNIQUE CHECK (token_hash ~ '^[0-9a-f]{64}$'),
	created_at  timestamptz NOT NULL DEFAULT now(),
	reported_key text,                         -- "ssh-ed25519 AAAA…", without comment
	reported_at timestamptz,
	CHECK ((reported_key IS NULL) = (reported_at IS NULL))
);

-- Pinned host keys: the only ones a run accepts.
CREATE TABLE runner.host_key (
	server      bigint PRIMARY KEY,            -- hetzner.server.id
	op          uuid NOT NULL,
	address     inet NOT NULL,
	key         text NOT NULL CHECK (key ~ '^ssh-ed25519 [A-Za-z0-9+/]{68}$'),
	fingerprint text NOT NULL,                 -- SHA256:… as ssh prints it
	how         text NOT NULL CHECK (how IN ('reported')),
	pinned_at   timestamptz NOT NULL DEFAULT now(),
	other_fingerprint text,                    -- the server has answered with this one instead: flagged
	flagged_at  timestamptz,
	CHECK ((other_fingerprint IS NULL) = (flagged_at IS NULL))
);
CREATE INDEX host_key_op ON runner.host_key (op);

CREATE TABLE runner.run (
	id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	op          uuid NOT NULL,
	attempt     int NOT NULL,
	request     bigint NOT NULL,
	project     bigint NOT NULL,
	server      bigint NOT NULL,
	name        text NOT NULL CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
	address     inet NOT NULL,
	playbook    text NOT NULL CHECK (playbook ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
	purpose     text NOT NULL,
	timeout_s   int NOT NULL CHECK (timeout_s BETWEEN 1 AND 86400),
	corr        uuid,
	version     int NOT NULL DEFAULT 1,        -- grows with every change; numbers the live frames
	state       text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'waiting_lock', 'starting', 'running', 'cancelling',
		'succeeded', 'failed', 'cancelled', 'timed_out', 'lost')),
	reason      text,                          -- unreachable, host_key_mismatch, output_limit …
	message     text,                          -- a sentence for people, when it has ended
	-- who works on it: a replica, fenced; the run directory is on one machine only
	owner       uuid,
	fence       int NOT NULL DEFAULT 0,
	place       uuid,                          -- which run directory its supervisor was started in
	launched_at timestamptz,                   -- from here on a supervisor may exist
	cancel_at   timestamptz,
	cancel_by   text,                          -- actor
	cancel_reason text,
	-- what came of it so far
	last_seq    int NOT NULL DEFAULT 0,        -- number of the newest line in run_log
	spool_offset bigint NOT NULL DEFAULT 0,    -- bytes of the supervisor's spool that are in the database
	tasks_done  int NOT NULL DEFAULT 0,
	ok          int NOT NULL DEFAULT 0,
	changed     int NOT NULL DEFAULT 0,
	failed      int NOT NULL DEFAULT 0,
	unreachable int NOT NULL DEFAULT 0,
	skipped     int NOT NULL DEFAULT 0,
	exit_code   int,
	created_at  timestamptz NOT NULL DEFAULT now(),
	claimed_at  timestamptz,                   -- since when we wait for SSH
	started_at  timestamptz,
	finished_at timestamptz,
	UNIQUE (op, attempt),
	CHECK ((state IN ('succeeded', 'failed', 'cancelled', 'timed_out', 'lost')) = (finished_at IS NOT NULL)),
	CHECK (state NOT IN ('starting', 'running', 'cancelling') OR owner IS NOT NULL)
);
-- One run at a time on a server; whoever comes second waits.
CREATE UNIQUE INDEX run_one_per_server ON runner.run (server) WHERE state IN ('starting', 'running', 'cancelling');
CREATE INDEX run_open ON runner.run (id) WHERE finished_at IS NULL;
CREATE INDEX run_request ON runner.run (request, id DESC);
CREATE INDEX run_server ON runner.run (server, id DESC);
CREATE INDEX run_project ON runner.run (project, id DESC);

-- One row per task of a run, written when it begins and when its result is known.
CREATE TABLE runner.run_task (
	run         bigint NOT NULL REFERENCES runner.run,
	task        int NOT NULL,
	name        text NOT NULL,
	state       text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'ok', 'changed', 'failed', 'ignored', 'unreachable',
		'skipped')),
	started_at  timestamptz NOT NULL,
	finished_at timestamptz,
	PRIMARY KEY (run, task)
);

-- The log: append only, numbered from 1 without a gap. stream: o out, e err, v event, s system.
CREATE TABLE runner.run_log (
	run    bigint NOT NULL REFERENCES runner.run,
	at     timestamptz NOT NULL,
	seq    int NOT NULL,
	task   int NOT NULL,
	stream "char" NOT NULL CHECK (stream IN ('o', 'e', 'v', 's')),
	text   text NOT NULL,
	PRIMARY KEY (run, seq)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.1);
