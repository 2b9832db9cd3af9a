// Graphile Worker, the peer of the bus, doing the same work: a durable command, one row of effect, and whoever sent
// it learns that it was done. Run with: node graphile.mjs '{"conn":…,"count":…,"inflight":…}'
// Its own best settings for this use: one pool, no LISTEN gap (pollInterval only as a net), local queue off because
// version 0.16 has none.

import { makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';

const { conn, count, inflight, concurrency = 8 } = JSON.parse(process.argv[2]);
const pool = new pg.Pool({ connectionString: conn, max: 12 });
const utils = await makeWorkerUtils({ pgPool: pool });
await utils.migrate();
const waiting = new Map();
const quiet = () => () => {};
const runner = await run({
  pgPool: pool,
  concurrency,
  pollInterval: 2000,
  noHandleSignals: true,
  logger: new (await import('graphile-worker')).Logger(quiet),
  taskList: {
    effect: async ({ id }, helpers) => {
      await helpers.query('INSERT INTO bench.effect (id, attempt) VALUES ($1, 1)', [id]);
      waiting.get(id)?.();
    },
  },
});

const { randomUUID } = await import('node:crypto');
const latency = [];
let started = 0;
async function one() {
  const id = randomUUID();
  const t0 = process.hrtime.bigint();
  const done = new Promise((resolve) => waiting.set(id, resolve));
  await utils.addJob('effect', { id });
  await done;
  waiting.delete(id);
  latency.push(Number(process.hrtime.bigint() - t0) / 1e6);
}
async function lane() {
  while (started < count) {
    started += 1;
    await one();
  }
}
await Promise.all(Array.from({ length: 5 }, one)); // warm: connections, prepared statements, JIT
latency.length = 0;
const cpu0 = process.cpuUsage();
const t0 = process.hrtime.bigint();
await Promise.all(Array.from({ length: inflight }, lane));
const seconds = Number(process.hrtime.bigint() - t0) / 1e9;
const cpu = process.cpuUsage(cpu0);
latency.sort((a, b) => a - b);
const at = (q) => latency[Math.min(latency.length - 1, Math.floor(latency.length * q))];
console.log(JSON.stringify({ done: latency.length, seconds, per_second: latency.length / seconds, p50_ms: at(0.5), p99_ms: at(0.99), cpu_s: (cpu.user + cpu.system) / 1e6 }));
await runner.stop();
await utils.release();
await pool.end();
