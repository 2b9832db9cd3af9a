-- Few rows say "denied", and whoever looks for them must not read all others on the way.
CREATE INDEX log_denied ON audit.log (seq DESC) WHERE outcome = 'denied';
