-- Who asks a second time that a run should end wants it ended at once.
ALTER TABLE runner.run ADD COLUMN kill_at timestamptz;
