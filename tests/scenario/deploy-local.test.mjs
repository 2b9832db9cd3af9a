// The first command of the README, as root: everything runs, each service as a user of its own that cannot get at what
// belongs to another, and everything ends when told. Servers do not boot here (that is another scenario).

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Client, exchange } from '../lib/client.mjs';
import { freePort, run } from '../lib/process.mjs';
import { until } from '../lib/until.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LOCAL = join(ROOT, 'deploy/local');
const SERVICES = ['workflow', 'hetzner', 'ansible-runner', 'notifier', 'gateway'];
const skip = process.getuid() === 0 ? false : 'NEEDS ROOT: the users of the services cannot be had without';

let dir;
let env;
let first;

const local = (...args) => run(LOCAL, args, { env, timeout: 600000 });
const uidOf = (pid) => Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const pidOf = (name) => Number(readFileSync(join(dir, 'service', name, 'supervise/pid'), 'utf8'));
const demo = () => JSON.parse(readFileSync(join(dir, 'demo.json'), 'utf8'));

// Runs a program as the user of a service; resolves with what it printed or throws.
const as = (name, ...command) => run('setpriv', [`--reuid=${uidOf(pidOf(name))}`, '--regid=58800', '--clear-groups', ...command], { cwd: '/' });

before(async () => {
  if (skip) return;
  dir = mkdtempSync('/var/tmp/sps-local-');
  chmodSync(dir, 0o711); // the services' users walk through it
  env = { ...process.env, SPS_VAR: dir, SPS_PORT: String(await freePort()), SPS_EMU_BOOT: 'none' };
  first = await local();
});

after(async () => {
  if (!skip) await local('reset', '--yes');
});

test('it starts, prints the address and the accounts once, and writes them to demo.json', { skip }, async () => {
  const { url, users, emulator } = demo();
  assert.match(first, new RegExp(`The portal is at ${url}`));
  assert.equal(statSync(join(dir, 'demo.json')).mode & 0o777, 0o600);
  assert.deepEqual(Object.keys(users).sort(), ['administrator', 'sales_agent', 'technical_agent', 'technical_manager']);
  assert.match(emulator.endpoint, /^http:\/\/127\.0\.0\.1:\d+\/v1$/);
  for (const [role, user] of Object.entries(users)) {
    assert.ok(first.includes(user.password), `the password of ${role} is printed`);
    const client = await new Client(url).signIn(user);
    assert.equal(client.session.user.role, role);
  }
  assert.equal((await exchange(`${url}/readyz`)).status, 200);
});

test('starting it again changes nothing and prints no password', { skip }, async () => {
  const before = SERVICES.map(pidOf);
  const again = await local();
  assert.match(again, /running already/);
  assert.deepEqual(SERVICES.map(pidOf), before);
  for (const { password } of Object.values(demo().users)) assert.ok(!again.includes(password));
});

test('no password and no token is in a log, an environment or a command line', { skip }, async () => {
  const secrets = [...Object.values(demo().users).map((u) => u.password), demo().emulator.token];
  for (const name of readdirSync(join(dir, 'secrets'))) secrets.push(readFileSync(join(dir, 'secrets', name), 'utf8').trim().split(':').pop());
  const texts = [];
  for (const name of readdirSync(join(dir, 'log')))
    for (const file of readdirSync(join(dir, 'log', name))) texts.push([`log/${name}/${file}`, readFileSync(join(dir, 'log', name, file), 'latin1')]);
  for (const name of SERVICES) {
    texts.push([`${name}'s environment`, readFileSync(`/proc/${pidOf(name)}/environ`, 'latin1')]);
    texts.push([`${name}'s command line`, readFileSync(`/proc/${pidOf(name)}/cmdline`, 'latin1')]);
  }
  for (const [where, text] of texts) for (const secret of secrets) assert.ok(!text.includes(secret), `a secret is in ${where}`);
});

test('each service is a user of its own and reads no other one\'s keys, passwords or logs', { skip }, async () => {
  const uids = new Set(SERVICES.map((name) => uidOf(pidOf(name))));
  assert.equal(uids.size, SERVICES.length);
  assert.ok(!uids.has(0));
  for (const name of SERVICES) {
    const others = SERVICES.filter((other) => other !== name);
    await as(name, 'test', '-r', join(dir, `keys/private/${name}.key`));
    for (const other of others)
      for (const file of [`keys/private/${other}.key`, `secrets/${other}.pgpass`, `secrets/${other}.redis`, 'redis.acl', `log/${other}/current`, 'emulator/token', 'demo.json'])
        await assert.rejects(as(name, 'test', '-r', join(dir, file)), `${name} can read ${file}`);
  }
});

test('a role of the database opens with its own password only, and only its own tables', { skip }, async () => {
  const conninfo = (role, passfile) => `host=${dir}/run/pg dbname=sps user=${role} passfile=${dir}/secrets/${passfile}.pgpass`;
  const ask = (who, role, passfile, sql) => as(who, 'psql', '-XAtw', conninfo(role, passfile), '-c', sql);
  assert.equal((await ask('notifier', 'sps_notifier', 'notifier', 'SELECT count(*) >= 0 FROM notifier.notification')).trim(), 't');
  await assert.rejects(ask('notifier', 'sps_workflow', 'notifier', 'SELECT 1'), /no password supplied/);
  await assert.rejects(ask('notifier', 'postgres', 'notifier', 'SELECT 1'), /Peer authentication failed/);
  await assert.rejects(ask('notifier', 'sps_notifier', 'notifier', 'SELECT password_hash FROM workflow."user"'), /permission denied/);
  await assert.rejects(ask('gateway', 'sps_gateway', 'gateway', 'SELECT * FROM notifier.notification'), /permission denied/);
});

test('with the real cloud it asks for an address that servers can reach, before anything is touched', async () => {
  const other = mkdtempSync('/var/tmp/sps-local-');
  chmodSync(other, 0o711);
  const refused = async (settings, why) => assert.rejects(run(LOCAL, [], { env: { ...process.env, SPS_VAR: other, SPS_DEMO: '0', ...settings } }), why);
  try {
    await refused({}, /Set it: SPS_DEMO=0 SPS_PUBLIC_URL=https:\/\/portal\.example\.org/);
    for (const url of ['http://127.0.0.1:8080', 'http://localhost', 'https://[::1]:8443/']) await refused({ SPS_PUBLIC_URL: url }, /needs an address they can reach/);
    await refused({ SPS_PUBLIC_URL: 'portal.example.org' }, /is not an address like/);
    await refused({ SPS_PUBLIC_URL: 'https://portal.example.org', SPS_PROXY: 'nginx' }, /SPS_PROXY=nginx is not the address/);
    assert.deepEqual(readdirSync(other).filter((name) => !['log', '.sps-var'].includes(name)), []);
  } finally {
    rmSync(other, { recursive: true });
  }
});

test('a killed service comes back by itself', { skip }, async () => {
  const killed = pidOf('notifier');
  process.kill(killed, 'SIGKILL');
  await until('another notifier', () => {
    const now = pidOf('notifier');
    return now && now !== killed;
  });
  assert.match(await local('status'), /notifier +runs/);
});

test('down ends every process and frees the port; the data stays', { skip }, async () => {
  const pids = ['postgresql', 'redis', ...SERVICES].map(pidOf);
  await local('down');
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  await assert.rejects(exchange(`${demo().url}/readyz`), /ECONNREFUSED/);
  assert.ok(statSync(join(dir, 'pg/PG_VERSION')));
  await assert.rejects(local('status'), /Nothing is running/);
});

test('behind a TLS proxy people and servers use its address, also after the next start', { skip }, async () => {
  const proxied = { ...env, SPS_PUBLIC_URL: 'https://Portal.example.org:443/', SPS_PROXY: '127.0.0.1' };
  assert.match(await run(LOCAL, [], { env: proxied, timeout: 600000 }), /The portal is at https:\/\/portal\.example\.org\n.*listens at http:\/\/127/);
  for (const service of ['hetzner', 'notifier'])
    assert.match(readFileSync(`/proc/${pidOf(service)}/environ`, 'latin1'), /SPS_PUBLIC_URL=https:\/\/portal\.example\.org\0/, service);
  const signIn = (origin, address) => exchange(`${demo().url}/api/v1/session`, { method: 'POST', body: JSON.stringify({ username: 'nobody', password: 'wrong all the same' }),
    headers: { 'content-type': 'application/json', origin, 'x-forwarded-for': address } });
  assert.equal((await signIn('https://portal.example.org', '198.51.100.7')).status, 401);
  assert.equal((await signIn('https://elsewhere.example.org', '198.51.100.7')).status, 403);
  await local('restart'); // without the settings in the environment
  assert.equal((await signIn('https://portal.example.org', '198.51.100.7')).status, 401);
  assert.match(readFileSync(join(dir, 'service/gateway/run'), 'utf8'), /^export SPS_PROXY=127\.0\.0\.1$/m);
});
