// A command's round trip: HTTP in, committed effect, HTTP out, one at a time, beside its floor measured in the same
// run: one bare ZeroMQ round trip (CURVE) plus two commits on the same PostgreSQL (fsync on).
//   node tests/bench/http.mjs [rounds]

import { Agent, request } from 'node:http';
import { join } from 'node:path';

import { run } from '../lib/process.mjs';
import { startStack } from '../lib/stack.mjs';
import { ADMINISTRATOR, addAdministrator } from './seed.mjs';
import { BUILD, ROOT, median, needBuild, report, round } from './lib.mjs';

process.env.SPS_BUILD ??= join(ROOT, 'build/release');
const ROUNDS = Number(process.argv[2] ?? 5);
needBuild('tests/bench/bus/bus-floor');
const stack = await startStack({ emulator: false, demo: false, services: ['workflow', 'notifier', 'gateway'], fsync: true });
await addAdministrator(stack);
const admin = await stack.client(ADMINISTRATOR);
await stack.execute('CREATE SCHEMA bench; CREATE TABLE bench.effect (id uuid, attempt int)');

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
function post() {
  const t0 = process.hrtime.bigint();
  return new Promise((resolve, reject) => {
    const rq = request(`${stack.url}/api/v1/notifications/read-all`, {
      method: 'POST', agent,
      headers: { cookie: admin.cookie, 'x-csrf-token': admin.csrf, origin: stack.url, 'content-type': 'application/json', 'content-length': 2 },
    }, (response) => {
      response.resume();
      response.on('end', () => (response.statusCode === 200 ? resolve(Number(process.hrtime.bigint() - t0) / 1000) : reject(new Error(`status ${response.statusCode}`))));
    });
    rq.on('error', reject);
    rq.end('{}');
  });
}

const rows = [];
for (let i = 0; i < ROUNDS; i++) {
  const floor = JSON.parse(await run(join(BUILD, 'tests/bench/bus/bus-floor'), [], { env: { ...process.env, SPS_DB: stack.database.conninfo() } }));
  const times = [];
  for (let n = 0; n < 1200; n++) times.push(await post());
  const warm = times.slice(200).sort((a, b) => a - b);
  rows.push({ floor_us: floor.floor_us, zmq_us: floor.zmq_us, commit_us: floor.commit_us, http_p50_us: warm[500], http_p99_us: warm[990] });
}
const mid = (key) => round(median(rows.map((r) => r[key])), 0);
report('http', [{ what: 'floor: ZeroMQ round trip + 2 commits', p50_us: mid('floor_us') }, { what: 'HTTP to committed effect and back', p50_us: mid('http_p50_us'), p99_us: mid('http_p99_us') },
  { what: 'ratio', p50_us: round(mid('http_p50_us') / mid('floor_us')) }], `ZeroMQ ${mid('zmq_us')} us, one commit ${mid('commit_us')} us`);
agent.destroy();
await stack.stop();
