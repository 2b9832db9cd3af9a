// The bus on bad days. Every command adds one row to a table without a unique constraint, so a lost command is a
// row too few and one done twice is a row too many. Two negative controls take a safety away and must be caught.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startDatabase } from '../lib/database.mjs';
import { Server, run } from '../lib/process.mjs';
import { until } from '../lib/until.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = process.env.SPS_BUILD ?? join(ROOT, 'build/dev');
const WORKER = join(BUILD, 'tests/bench/bus/bus-worker');
const SENDER = join(BUILD, 'tests/bench/bus/bus-sender');
const N = 10000;

const dir = mkdtempSync(join(tmpdir(), 'sps-bus-'));
let db;
let workers = [];

const BENCH = `
  CREATE SCHEMA IF NOT EXISTS bench;
  CREATE TABLE IF NOT EXISTS bench.effect (id uuid, attempt int);
  GRANT USAGE ON SCHEMA bench TO PUBLIC; GRANT ALL ON bench.effect TO PUBLIC;`;

const settings = (role) => ({ SPS_DB: db.conninfo(role), SPS_KEYS: join(dir, 'keys'), SPS_REDIS: join(dir, 'no-redis.sock') });

async function startWorkers(n, extra = {}) {
  for (let i = 0; i < n; i++) {
    const label = `worker-${workers.length}`;
    const worker = new Server(label, WORKER, [], { log: join(dir, `${label}.log`), env: { ...settings('sps_runner'), ...extra } });
    worker.start();
    workers.push(worker);
  }
  await until('the workers to register', async () =>
    (await db.value("SELECT count(*) AS n FROM bus.instance WHERE service = 'ansible-runner' AND lease_until > now()")) >= workers.filter((w) => w.running).length);
}

async function stopWorkers() {
  for (const worker of workers) if (worker.running) await worker.stop();
  workers = [];
  await db.execute('DELETE FROM bus.instance');
}

const send = (extra = {}) => run(SENDER, [], {
  env: { ...process.env, ...settings('sps_gateway'), SPS_LOOK_DB: db.conninfo(), SPS_COUNT: String(N), SPS_INFLIGHT: String(N), SPS_LIMIT_S: '60', ...extra },
}).then(JSON.parse);

// What was done: rows in the journal by state, effects, and how many different commands they belong to.
async function ledger() {
  const [row] = await db.rows(`SELECT count(*)::int AS commands, count(*) FILTER (WHERE state = 2)::int AS done,
      (SELECT count(*)::int FROM bench.effect) AS effects, (SELECT count(DISTINCT id)::int FROM bench.effect) AS distinct_effects
    FROM runner.inbox`);
  return row;
}

async function everythingOnce(n = N) {
  await until('everything to be done', async () => (await ledger()).done >= n, { timeout: 60000 });
  assert.deepEqual(await ledger(), { commands: n, done: n, effects: n, distinct_effects: n });
}

before(async () => {
  if (!existsSync(WORKER)) throw new Error(`${WORKER} is not built: run tests/run once`);
  const spsctl = join(BUILD, 'spsctl');
  chmodSync(dir, 0o711); // PostgreSQL runs as another user
  mkdirSync(join(dir, 'log'));
  db = await startDatabase({ dir: join(dir, 'pg'), log: join(dir, 'log/pg.log'), spsctl, cacheDir: join(ROOT, 'build/test-cluster') });
  await run(spsctl, ['keygen', join(dir, 'keys')]);
  await db.execute(BENCH);
});

after(async () => {
  await stopWorkers();
  await db.stop();
  if (!process.env.SPS_KEEP) rmSync(dir, { recursive: true, force: true });
});

async function fresh() {
  await stopWorkers();
  await db.execute('TRUNCATE runner.inbox, bench.effect');
}

test('ten thousand commands in flight over two replicas are each done once', async () => {
  await fresh();
  await startWorkers(2);
  const report = await send();
  assert.equal(report.done, N);
  await everythingOnce();
});

test('a replica killed in the middle loses nothing and doubles nothing', async () => {
  await fresh();
  await startWorkers(2);
  const sending = send();
  await until('the work to be under way', async () => (await ledger()).done > 1000, { every: 20 });
  await workers[0].kill9();
  await sending;
  await everythingOnce();
});

test('every bell rung twice', async () => {
  await fresh();
  await startWorkers(2);
  await send({ SPS_BELLS: '2' });
  await everythingOnce();
});

test('without any bell the sweeper alone does everything', async () => {
  await fresh();
  await startWorkers(2);
  await send({ SPS_BELLS: '0' });
  await everythingOnce();
});

test('PostgreSQL crashes and comes back in the middle', async () => {
  await fresh();
  await startWorkers(2);
  const sending = send();
  await until('the work to be under way', async () => (await ledger()).done > 500, { every: 20 });
  await db.crash();
  await db.start();
  await sending;
  await everythingOnce();
});

test('a frozen replica is taken over, and when it wakes up nothing is done twice', async () => {
  await fresh();
  await startWorkers(2);
  const sending = send();
  await until('the work to be under way', async () => (await ledger()).done > 1000, { every: 20 });
  workers[0].signal('SIGSTOP');
  await sending;
  await everythingOnce();
  workers[0].signal('SIGCONT');
  await until('the sleeper to work again', async () =>
    (await db.value("SELECT count(*) AS n FROM bus.instance WHERE lease_until > now() + interval '14 s'")) === 2, { timeout: 15000 });
  await everythingOnce();
});

test('what a rejected command wrote is rolled back, its answer stays, its neighbours are done', async () => {
  await fresh();
  await startWorkers(1);
  await Promise.all([
    send({ SPS_COUNT: '200', SPS_INFLIGHT: '200' }),
    send({ SPS_COUNT: '20', SPS_INFLIGHT: '20', SPS_KEY: 'ssh-ed25519 reject-after-write' }),
  ]);
  const states = await db.rows('SELECT state, count(*)::int AS n, bool_and(result IS NOT NULL) AS answered FROM runner.inbox GROUP BY 1 ORDER BY 1');
  assert.deepEqual(states, [{ state: 2, n: 200, answered: true }, { state: 3, n: 20, answered: true }]);
  assert.equal((await ledger()).effects, 200);
});

test('a command that kills its service ends as a dead letter and takes no other with it', async () => {
  await fresh();
  await startWorkers(1, { SPS_BENCH_MODE: 'poison' });
  await send({ SPS_COUNT: '100', SPS_INFLIGHT: '100' });
  let deaths = 0;
  const poison = send({ SPS_COUNT: '1', SPS_KEY: 'ssh-ed25519 poisoned-command', SPS_LIMIT_S: '40' }).catch(() => null);
  await until('the poison to arrive', async () => (await ledger()).commands === 101);
  await db.execute("UPDATE runner.inbox SET max_attempts = 2 WHERE state < 2");
  await until('the dead letter', async () => {
    if (!workers[0].running) {
      deaths++;
      workers[0].start();
    }
    return (await db.value('SELECT count(*)::int AS n FROM runner.inbox WHERE state = 4')) === 1;
  }, { timeout: 60000, every: 200 });
  await send({ SPS_COUNT: '100', SPS_INFLIGHT: '100' });
  await poison;
  assert.ok(deaths >= 2, `it died ${deaths} times`);
  assert.equal(await db.value('SELECT attempt FROM runner.inbox WHERE state = 4'), 2);
  assert.equal((await ledger()).effects, 200);
});

test('a row leased by a replica that lost count of it is done all the same', async () => {
  await fresh();
  await startWorkers(1);
  await send({ SPS_COUNT: '1', SPS_INFLIGHT: '1' });
  await db.execute(`UPDATE runner.inbox SET state = 1, attempt = 1, result = NULL, done_at = NULL,
    owner = (SELECT id FROM bus.instance WHERE service = 'ansible-runner' AND lease_until > now())`);
  await until('the lost row to be done', async () => (await ledger()).done === 1, { timeout: 5000 });
  assert.equal((await ledger()).effects, 2); // the first turn's, which the test undid by hand, and this one's
  assert.match(workers[0].output(), /"event":"bus.taken_back"/);
});

test('a backlog does not keep a replica from hearing that it should stop', async () => {
  await fresh();
  await send({ SPS_COUNT: '20000', SPS_INFLIGHT: '20000', SPS_LIMIT_S: '3' }).catch(() => null); // nobody is there
  await startWorkers(1);
  await until('the sweeper to be at work', async () => (await ledger()).done > 0, { every: 10 });
  const started = Date.now();
  await workers[0].stop();
  const took = Date.now() - started;
  assert.ok((await ledger()).done < 20000, 'the backlog was done before the signal came: the test sees nothing');
  assert.ok(took < 2500, `it took ${took} ms to stop`);
});

test('a backlog whose database goes away is asked for now and then, not a thousand times a second', async () => {
  await fresh();
  await send({ SPS_COUNT: '20000', SPS_INFLIGHT: '20000', SPS_LIMIT_S: '3' }).catch(() => null); // nobody is there
  await startWorkers(1);
  await until('the sweeper to be at work', async () => (await ledger()).done > 0, { every: 10 });
  await db.crash();
  await new Promise((resolve) => { setTimeout(resolve, 2000); });
  const asked = workers[0].output().match(/"event":"db.away"/g)?.length ?? 0;
  await db.start();
  assert.ok(asked > 0 && asked < 100, `${asked} times in two seconds`);
});

test('a message that no replica knows waits an hour for one that does, and costs no attempt', async () => {
  await fresh();
  await startWorkers(1);
  const put = (age) => db.execute(`INSERT INTO runner.inbox (id, type, actor, body, created_at, run_at)
    VALUES (gen_random_uuid(), 'from.the.future', 'system:workflow', '\\x80', now() - $1::interval, now() - interval '2 s')`, [age]);
  await put('1 minute');
  await put('2 hours');
  const rows = () => db.rows('SELECT state, attempt, error, run_at > now() AS later FROM runner.inbox ORDER BY created_at');
  await until('both to be looked at', async () => (await rows()).every((r) => r.error));
  const [old, young] = await rows();
  assert.deepEqual({ state: old.state, attempt: old.attempt }, { state: 4, attempt: 0 });
  assert.deepEqual({ state: young.state, attempt: young.attempt, later: young.later }, { state: 0, attempt: 0, later: true });
  assert.match(young.error, /no replica that is running knows this message/);
});

test('a body that is not what its type says is tried as often as anything else, then it is a dead letter', async () => {
  await fresh();
  await startWorkers(1);
  await db.execute(`INSERT INTO runner.inbox (id, type, actor, body, max_attempts) VALUES (gen_random_uuid(), 'hostkey.report', 'system:gateway', '\\x80', 2)`);
  await until('the dead letter', async () => (await db.value('SELECT count(*)::int AS n FROM runner.inbox WHERE state = 4 AND attempt = 2')) === 1, { timeout: 15000 });
});

test('a replica lives on while its old connection still holds its lock', async () => {
  await fresh();
  await startWorkers(1);
  const instance = () => db.rows(`SELECT i.lock_key, i.lease_until, l.pid FROM bus.instance i
    LEFT JOIN pg_locks l ON l.locktype = 'advisory' AND l.classid = 7283 AND l.objid = i.lock_key::oid AND l.granted`).then((r) => r[0]);
  const { lock_key, pid } = await instance();
  const keeper = db.execute('SELECT pg_advisory_lock(7283, $1::int); SELECT pg_sleep(10)', [lock_key]); // waits for the replica's connection to end
  await until('the keeper to wait', async () => (await db.value("SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")) === 1);
  await db.execute('SELECT pg_terminate_backend($1)', [pid]);
  await until('the keeper to have it', async () => (await instance()).pid !== pid);
  const { lease_until } = await instance();
  await until('the lease to be renewed', async () => (await instance()).lease_until > lease_until, { timeout: 8000 });
  await send({ SPS_COUNT: '10', SPS_INFLIGHT: '10' });
  assert.equal((await ledger()).effects, 10);
  await keeper;
});

test('old idempotency keys go, and those of commands that can still be looked up stay', async () => {
  await db.execute(`INSERT INTO bus.idem (actor, key, id, digest, created_at) VALUES
    ('user:1', 'older-than-the-journal', gen_random_uuid(), '\\x00', now() - interval '30 days'),
    ('user:1', 'of-last-week', gen_random_uuid(), '\\x00', now() - interval '7 days')`);
  assert.equal(Number(await db.value('SELECT bus.purge_idem(1000) AS n')), 1);
  assert.equal(await db.value('SELECT key FROM bus.idem'), 'of-last-week');
});

test('a stranger with unknown keys can ring nobody', async () => {
  await fresh();
  await run(join(BUILD, 'spsctl'), ['keygen', join(dir, 'strange-keys')]);
  await startWorkers(1);
  const pub = (keys) => join(dir, keys, 'public/ansible-runner.pub');
  await run('cp', [pub('keys'), pub('strange-keys')]); // it even knows the service's public key
  await send({ SPS_COUNT: '10', SPS_INFLIGHT: '10', SPS_KEYS: join(dir, 'strange-keys') });
  assert.match(workers[0].output(), /"event":"bus.refused","why":"unknown key"/);
  assert.match(workers[0].output(), /"event":"bus.swept"/); // done by the sweeper, not by its bells
});

test('negative control: without the guard on the state, commands are doubled', async () => {
  await fresh();
  const guarded = await db.value("SELECT pg_get_functiondef('runner.claim(uuid[])'::regprocedure) AS f");
  await db.execute(`CREATE OR REPLACE FUNCTION runner.claim(ids uuid[]) RETURNS SETOF runner.inbox LANGUAGE sql AS
    'SELECT * FROM runner.inbox c WHERE c.id = ANY (ids) ORDER BY c.seq'`);
  try {
    await startWorkers(2);
    await send({ SPS_BELLS: '2' });
    const { effects, distinct_effects } = await ledger();
    assert.ok(effects > distinct_effects, `${effects} effects of ${distinct_effects} commands: the test does not see doubles`);
  } finally {
    await stopWorkers();
    await db.execute(guarded);
  }
});

test('negative control: without sweeper and second bell, a killed replica loses commands', async () => {
  await fresh();
  const whole = await db.value("SELECT pg_get_functiondef('runner.sweep(uuid,interval,int,boolean)'::regprocedure) AS f");
  await db.execute(`CREATE OR REPLACE FUNCTION runner.sweep(me uuid, grace interval, lim int, fresh boolean)
    RETURNS SETOF runner.inbox LANGUAGE sql AS 'SELECT * FROM runner.inbox WHERE false'`);
  try {
    await startWorkers(2);
    const sending = send({ SPS_RERING: 'no', SPS_LIMIT_S: '8' }).catch(() => null);
    await until('the work to be under way', async () => (await ledger()).done > 1000, { every: 20 });
    await workers[0].kill9();
    await sending;
    const { done } = await ledger();
    assert.ok(done < N, `${done} of ${N} were done: the test does not see losses`);
  } finally {
    await stopWorkers();
    await db.execute(whole);
  }
});
