-- Functions that now ask for more; what takes their place is in runner/moves.sql.
DROP FUNCTION IF EXISTS runner.take_over(uuid, uuid);
