-- What was ordered for an operation up to this attempt is not to be run, even if the order comes
-- later: one that lay in the journal as a dead letter may be sent on after months.
CREATE TABLE runner.revoked (
	op         uuid PRIMARY KEY,
	attempt    int NOT NULL,
	revoked_at timestamptz NOT NULL DEFAULT now()
);

-- Of two runs that could begin, the one of higher priority does, then the older one.
ALTER TABLE runner.run ADD COLUMN priority text NOT NULL DEFAULT 'normal' CHECK (priority IN ('low', 'normal', 'high', 'urgent'));
CREATE INDEX run_busy ON runner.run (project) WHERE state IN ('starting', 'running', 'cancelling');

-- Servers whose first answer was not what they reported.
ALTER TABLE runner.host_key_expected
	ADD COLUMN other_fingerprint text,         -- the server has answered with this one instead: flagged
	ADD COLUMN flagged_at timestamptz,
	ADD CHECK ((other_fingerprint IS NULL) = (flagged_at IS NULL));

-- Functions that now ask for more; what takes their place is in runner/moves.sql.
DROP FUNCTION IF EXISTS runner.claim(uuid), runner.take_over(uuid, uuid);
