// The bus alone (CURVE and fsync on) beside Graphile Worker on the same PostgreSQL, in interleaved rounds.
//   node tests/bench/bus.mjs [rounds]

import './release.mjs';

import { run, Server } from '../lib/process.mjs';
import { until } from '../lib/until.mjs';
import { join } from 'node:path';
import { BUILD, ROOT, cpuOfTree, durableDatabase, median, needBuild, report, round, scratch } from './lib.mjs';

const ROUNDS = Number(process.argv[2] ?? 5);
const WORKER = join(BUILD, 'tests/bench/bus/bus-worker');
const SENDER = join(BUILD, 'tests/bench/bus/bus-sender');

needBuild('spsctl', 'tests/bench/bus/bus-worker', 'tests/bench/bus/bus-sender');
const { dir, remove } = scratch('bench-bus');
const db = await durableDatabase(dir);
await run(join(BUILD, 'spsctl'), ['keygen', join(dir, 'keys')]);
await db.execute(`CREATE SCHEMA bench; CREATE TABLE bench.effect (id uuid, attempt int);
  GRANT USAGE ON SCHEMA bench TO PUBLIC; GRANT ALL ON bench.effect TO PUBLIC;`);

const settings = (role) => ({ SPS_DB: db.conninfo(role), SPS_KEYS: join(dir, 'keys'), SPS_REDIS: join(dir, 'none.sock') });
let workers = [];

async function startWorkers(n) {
  for (let i = 0; i < n; i++) {
    const worker = new Server(`worker-${i}`, WORKER, [], { log: join(dir, `worker-${i}.log`), env: settings('sps_runner') });
    worker.start();
    workers.push(worker);
  }
  await until('workers', async () => (await db.value("SELECT count(*)::int FROM bus.instance WHERE lease_until > now()")) >= n);
}

async function stopWorkers() {
  await Promise.all(workers.map((w) => w.running && w.stop()));
  workers = [];
  await db.execute('TRUNCATE runner.inbox, bench.effect; DELETE FROM bus.instance');
}

const send = (count, inflight) => run(SENDER, [], { env: { ...process.env, ...settings('sps_gateway'), SPS_LOOK_DB: db.conninfo(), SPS_COUNT: String(count), SPS_INFLIGHT: String(inflight), SPS_LIMIT_S: '120' }, timeout: 200000 }).then(JSON.parse);

async function ours(count, inflight) {
  const cpu = () => cpuOfTree(db.server.pid) + workers.reduce((sum, w) => sum + cpuOfTree(w.pid), 0);
  const before = cpu();
  const r = await send(count, inflight);
  return { ...r, cpu_us: ((cpu() - before + r.cpu_s) / count) * 1e6 };
}

async function graphile(count, inflight) {
  const before = cpuOfTree(db.server.pid);
  const conn = `postgres://postgres@/sps?host=${encodeURIComponent(db.dir)}`;
  const r = JSON.parse(await run(process.execPath, ['graphile.mjs', JSON.stringify({ conn, count, inflight })], { cwd: join(ROOT, 'tests/bench'), timeout: 300000 }));
  return { ...r, cpu_us: ((cpuOfTree(db.server.pid) - before + r.cpu_s) / count) * 1e6 };
}

async function recovery() {
  await db.execute('TRUNCATE bench.effect'); // Graphile's jobs write there too
  await startWorkers(2);
  const sending = send(10000, 10000);
  await until('the work to be under way', async () => (await db.value('SELECT count(*)::int FROM runner.inbox WHERE state = 2')) > 1000, { every: 10 });
  const killed = Date.now();
  await workers[0].kill9();
  await sending;
  const seconds = (Date.now() - killed) / 1000;
  const row = (await db.rows('SELECT count(*)::int AS effects, count(DISTINCT id)::int AS commands FROM bench.effect'))[0];
  await stopWorkers();
  return { seconds, lost: 10000 - row.commands, doubled: row.effects - row.commands };
}

const seen = { o1: [], o64: [], g1: [], g64: [], rec: [] };
for (let i = 0; i < ROUNDS; i++) {
  await startWorkers(2);
  await send(500, 8); // warm
  seen.o1.push(await ours(2000, 1));
  seen.o64.push(await ours(30000, 64));
  await stopWorkers();
  seen.g1.push(await graphile(300, 1));
  seen.g64.push(await graphile(2000, 64));
  seen.rec.push(await recovery());
}
const mid = (list, key) => median(list.map((r) => r[key]));
const row = (name, list) => ({ what: name, per_second: round(mid(list, 'per_second'), 0), p50_ms: round(mid(list, 'p50_ms')), p99_ms: round(mid(list, 'p99_ms')), cpu_us: round(mid(list, 'cpu_us'), 0) });
report('bus', [
  row('ours, 1 in flight', seen.o1),
  row('Graphile Worker, 1 in flight', seen.g1),
  row('ours, 64 in flight, 2 replicas', seen.o64),
  row('Graphile Worker, 64 in flight', seen.g64),
  { what: 'ratio p50, ours / Graphile', p50_ms: round(mid(seen.o1, 'p50_ms') / mid(seen.g1, 'p50_ms'), 3) },
  { what: 'ratio commands/s, ours / Graphile', per_second: round(mid(seen.o64, 'per_second') / mid(seen.g64, 'per_second'), 1) },
], `kill -9 of one of two replicas with 10,000 in flight: all done after ${round(mid(seen.rec, 'seconds'))} s (median), lost ${Math.max(...seen.rec.map((r) => r.lost))}, doubled ${Math.max(...seen.rec.map((r) => r.doubled))}; CPU is sender, service and PostgreSQL together, per command`);
await db.stop();
remove();
