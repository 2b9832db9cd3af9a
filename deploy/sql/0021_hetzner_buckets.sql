-- The provider counts questions about actions apart from everything else.

ALTER TABLE hetzner.bucket ADD COLUMN name text NOT NULL DEFAULT 'main' CHECK (name IN ('main', 'actions'));
ALTER TABLE hetzner.bucket DROP CONSTRAINT bucket_pkey;
ALTER TABLE hetzner.bucket ADD PRIMARY KEY (project, name);
DROP FUNCTION IF EXISTS hetzner.spend(bigint, double precision);
DROP FUNCTION IF EXISTS hetzner.lower_bucket(bigint, bigint, bigint);
