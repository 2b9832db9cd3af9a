-- Orders of one operation are counted, and a token that replaces another has to prove itself.

-- Every order that may become another machine has a phone_home token of its own, made from its number.
ALTER TABLE hetzner.operation ADD COLUMN orders int NOT NULL DEFAULT 0;
UPDATE hetzner.operation SET orders = 1 WHERE announced;
ALTER TABLE hetzner.operation DROP COLUMN announced;

-- The version of the token that may say that a server is gone: the first one, and each that has shown
-- one of the project's servers. A new token may belong to another project at the provider by mistake.
ALTER TABLE hetzner.token ADD COLUMN trusted int NOT NULL DEFAULT 1;
UPDATE hetzner.token SET trusted = version;
