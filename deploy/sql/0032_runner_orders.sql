-- Servers whose first answer was not what they reported.
ALTER TABLE runner.host_key_expected
	ADD COLUMN other_fingerprint text,         -- the server has answered with this one instead: flagged
	ADD COLUMN flagged_at timestamptz,
	ADD CHECK ((other_fingerprint IS NULL) = (flagged_at IS NULL));

-- Functions that now ask for more; what takes their place is in runner/moves.sql.
DROP FUNCTION IF EXISTS runner.take_over(uuid, uuid);
