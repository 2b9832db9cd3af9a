-- The permission matrix as data: deploy/sql/authz/10_rules.sql fills it. What is not in it is refused.

CREATE TABLE authz.action (
	action text PRIMARY KEY,
	object text NOT NULL CHECK (object IN ('', 'request', 'project', 'server', 'run')) -- kind its id is of
);

-- A need in words: ways in ("always", "own", "open", a level of the project P1-P3 or of the
-- server S1-S3), any of which will do, and conditions that must hold as well.
CREATE TABLE authz.rule (
	action       text NOT NULL REFERENCES authz.action,
	role         text NOT NULL,
	need         text NOT NULL CHECK (need ~
		'^(never|(always|own|open|[PS][1-3])( or (own|open|[PS][1-3]))*( and (not_own|within_limit|agents_may_request))*)$'),
	level        smallint GENERATED ALWAYS AS (CASE WHEN need ~ '\malways\M' THEN 0
		ELSE substring(need FROM '\m[PS]([1-3])\M')::smallint END) STORED,
	own          boolean GENERATED ALWAYS AS (need ~ '\mown\M') STORED,
	open         boolean GENERATED ALWAYS AS (need ~ '\mopen\M') STORED,
	not_own      boolean GENERATED ALWAYS AS (need ~ '\mnot_own\M') STORED,
	within_limit boolean GENERATED ALWAYS AS (need ~ '\mwithin_limit\M') STORED,
	agents_may_request boolean GENERATED ALWAYS AS (need ~ '\magents_may_request\M') STORED,
	PRIMARY KEY (action, role)
);

-- How a person stands to an object; what a rule is held against.
CREATE TYPE authz.relation AS (
	level int,      -- effective level on its project or server
	own   boolean,  -- asked for it
	open  boolean,  -- its project takes requests of sales agents
	fits  boolean,  -- costs no more than a technical manager may approve there
	state text      -- of a request
);
