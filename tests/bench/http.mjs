// A command's round trip: HTTP in, committed effect, HTTP out, one at a time, beside its floor measured in the same
// run: one bare ZeroMQ round trip (CURVE) plus two commits on the same PostgreSQL (fsync on).
// The client is wrk with one connection.
//   node tests/bench/http.mjs [rounds]      needs wrk

import './release.mjs';

import { join } from 'node:path';

import { run } from '../lib/process.mjs';
import { startStack } from '../lib/stack.mjs';
import { ADMINISTRATOR, addAdministrator } from './seed.mjs';
import { BUILD, ROOT, median, needBuild, report, round, wrk } from './lib.mjs';

const ROUNDS = Number(process.argv[2] ?? 5);
needBuild('tests/bench/bus/bus-floor');
const stack = await startStack({ emulator: false, demo: false, services: ['workflow', 'notifier', 'gateway'], fsync: true });
await addAdministrator(stack);
const admin = await stack.client(ADMINISTRATOR);
await stack.execute('CREATE SCHEMA bench; CREATE TABLE bench.effect (id uuid, attempt int)');

const headers = { cookie: admin.cookie, 'x-csrf-token': admin.csrf, origin: stack.url, 'content-type': 'application/json' };
const post = (seconds) => wrk(`${stack.url}/api/v1/notifications/read-all`, { connections: 1, seconds, headers, post: true });

await post(1); // warm
const rows = [];
for (let i = 0; i < ROUNDS; i++) {
  const floor = JSON.parse(await run(join(BUILD, 'tests/bench/bus/bus-floor'), [], { env: { ...process.env, SPS_DB: stack.database.conninfo() } }));
  const http = await post(3);
  rows.push({ floor_us: floor.floor_us, zmq_us: floor.zmq_us, commit_us: floor.commit_us, http_p50_us: http.p50_us, http_p99_us: http.p99_us });
}
const mid = (key) => round(median(rows.map((r) => r[key])), 0);
report('http', [{ what: 'floor: ZeroMQ round trip + 2 commits', p50_us: mid('floor_us') }, { what: 'HTTP to committed effect and back', p50_us: mid('http_p50_us'), p99_us: mid('http_p99_us') },
  { what: 'ratio', p50_us: round(mid('http_p50_us') / mid('floor_us')) }], `ZeroMQ ${mid('zmq_us')} us, one commit ${mid('commit_us')} us`);
await stack.stop();
