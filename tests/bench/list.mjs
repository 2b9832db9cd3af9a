// A list of 20 servers for a signed-in person, with 10,000 servers in 50 projects: our gateway beside nginx serving
// the same bytes from a file and Flask under gunicorn doing the same work. Two cores for everybody, load generator
// included; interleaved rounds; CPU per request of the server and of PostgreSQL.
//   node tests/bench/list.mjs [rounds]      needs wrk, nginx, gunicorn, python3-flask, python3-psycopg2, python3-redis

import './release.mjs';

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Server, freePort } from '../lib/process.mjs';
import { exchange, startStack } from '../lib/stack.mjs';
import { until } from '../lib/until.mjs';
import { ROOT, cpuOfTree, median, report, round, wrk } from './lib.mjs';
import { ADMINISTRATOR, addAdministrator, seedServers } from './seed.mjs';

const ROUNDS = Number(process.argv[2] ?? 5);
const PATH = '/api/v1/servers?size=20&page=1';

const stack = await startStack({ emulator: false, demo: false, services: ['workflow', 'notifier', 'gateway'] });
await addAdministrator(stack);
await seedServers(stack, { projects: 50, servers: 10000 });
const admin = await stack.client(ADMINISTRATOR);
const bytes = (await exchange(`${stack.url}${PATH}`, { headers: { cookie: admin.cookie } })).text;

async function startNginx() {
  const dir = join(stack.dir, 'nginx');
  const port = await freePort();
  mkdirSync(join(dir, 'www/api/v1'), { recursive: true });
  writeFileSync(join(dir, 'www/api/v1/servers'), bytes);
  writeFileSync(join(dir, 'nginx.conf'), `user root; daemon off; worker_processes 2; pid ${dir}/pid; error_log ${dir}/error.log;
events { worker_connections 1024; }
http { access_log off; default_type application/json; keepalive_requests 1000000;
  client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
  server { listen 127.0.0.1:${port}; root ${dir}/www; } }\n`);
  const server = new Server('nginx', 'nginx', ['-p', dir, '-c', join(dir, 'nginx.conf')], { log: stack.log('nginx') });
  server.start();
  return { server, url: `http://127.0.0.1:${port}` };
}

async function startFlask() {
  const port = await freePort();
  const who = { user: admin.session.user.id, generation: await stack.value('SELECT generation FROM workflow."user" WHERE id = $1', [admin.session.user.id]) };
  await stack.redisCommand('SET', 'bench:abc', JSON.stringify(who));
  const server = new Server('flask', 'gunicorn', ['-w', '2', '-b', `127.0.0.1:${port}`, '--chdir', join(ROOT, 'tests/bench'), 'flask_app:app'],
    { log: stack.log('flask'), env: { BENCH_REDIS: stack.redis.socket, BENCH_DB: stack.database.conninfo('sps_gateway') } });
  server.start();
  return { server, url: `http://127.0.0.1:${port}`, cookie: 'sid=abc' };
}

async function load({ server, url, cookie }) {
  const pg = cpuOfTree(stack.database.server.pid);
  const own = cpuOfTree(server.pid);
  const r = await wrk(`${url}${PATH}`, { connections: 32, seconds: 4, headers: { cookie: cookie ?? 'x=1' } });
  return {
    per_second: r.per_second, p50_ms: r.p50_us / 1000, p99_ms: r.p99_us / 1000,
    cpu_us: ((cpuOfTree(server.pid) - own) / r.requests) * 1e6, pg_us: ((cpuOfTree(stack.database.server.pid) - pg) / r.requests) * 1e6,
  };
}

const nginx = await startNginx();
const flask = await startFlask();
const gateway = { server: stack.services.gateway, url: stack.url, cookie: admin.cookie };
for (const { url, cookie } of [nginx, flask])
  await until(`${url} to answer`, async () => (await exchange(`${url}${PATH}`, { headers: { cookie: cookie ?? '' } })).status === 200);
const seen = { gateway: [], nginx: [], flask: [] };
for (let i = 0; i < ROUNDS + 1; i++)
  for (const [name, target] of Object.entries({ gateway, nginx, flask })) {
    const r = await load(target);
    if (i) seen[name].push(r); // the first round is for warming up
  }
const row = (what, list) => ({ what, ...Object.fromEntries(['per_second', 'p50_ms', 'p99_ms', 'cpu_us', 'pg_us'].map((k) => [k, round(median(list.map((r) => r[k])), k === 'per_second' ? 0 : 2)])) });
const rows = [row('gateway', seen.gateway), row('Flask + gunicorn', seen.flask), row('nginx, same bytes from a file', seen.nginx)];
rows.push({ what: 'ratio gateway / Flask', per_second: round(rows[0].per_second / rows[1].per_second, 1), cpu_us: round(rows[0].cpu_us / rows[1].cpu_us, 3) });
report('list', rows, `${bytes.length} bytes an answer; cpu_us: server's own CPU a request, pg_us: PostgreSQL's`);
await flask.server.stop();
await nginx.server.stop();
await stack.stop();
