// The other tests run builds with sanitizers, which need a worker without its sandbox. Here the gateway runs as it is
// shipped: a system call that the filter lacks ends the thread that makes it and says nothing, so everything is tried once.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { run } from '../lib/process.mjs';
import { Client, exchange, startStack, until } from '../lib/stack.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RELEASE = process.env.SPS_RELEASE ?? join(ROOT, 'build/release');
const person = { username: 'eve', password: 'correct horse battery eve' };
let stack, eve;

const text = (file) => readFileSync(file, 'utf8');

// The worker is the child of Kore's parent that has the most threads.
function worker() {
  const { pid } = stack.services.gateway;
  const children = text(`/proc/${pid}/task/${pid}/children`).trim().split(' ');
  return children.sort((a, b) => readdirSync(`/proc/${b}/task`).length - readdirSync(`/proc/${a}/task`).length)[0];
}

before(async () => {
  if (!process.env.SPS_RELEASE) {
    await run('cmake', ['-S', ROOT, '-B', RELEASE, '-DCMAKE_BUILD_TYPE=Release', '-DSPS_SANITIZE=OFF']);
    await run('cmake', ['--build', RELEASE, '--target', 'gateway', 'sps-gateway'], { timeout: 300000 });
  }
  stack = await startStack({ emulator: false, demo: false, services: ['workflow', 'notifier'] });
  const gateway = stack.addService('gateway');
  gateway.command = join(RELEASE, 'services/gateway/sps-gateway');
  gateway.start();
  await stack.ready(['gateway']);
  await stack.spsctl(['user', 'add', '--username', person.username, '--name', 'Eve', '--email', 'eve@example.org', '--role', 'administrator'], { input: person.password });
  eve = await new Client(stack.url).signIn(person);
}, { timeout: 400000 });

after(() => stack?.stop());

test('the worker has a seccomp filter, and can gain no rights', () => {
  const status = text(`/proc/${worker()}/status`);
  assert.match(status, /^Seccomp:\s+2$/m);
  assert.match(status, /^NoNewPrivs:\s+1$/m);
});

test('reads, commands, live changes and files all work inside it', async () => {
  const ws = await eve.live();
  for (const path of ['/session', '/requests', '/projects', '/servers', '/runs', '/notifications', '/audit', '/dashboard', '/search?q=a'])
    await eve.read(path);
  const project = await eve.write('/projects', { name: 'Sandboxed', token: 'x'.repeat(64) }, { 'idempotency-key': 'a-key-of-its-own' });
  await eve.write('/notifications/read-all');
  ws.send({ op: 'sub', topic: 'requests' });
  await until('the subscription', () => ws.messages.some((m) => m.op === 'subscribed' && m.topic === 'requests'));
  assert.ok(project.id);
  assert.equal((await exchange(`${stack.url}/readyz`)).status, 200);
  assert.equal((await exchange(`${stack.url}/metrics`)).status, 200);
  ws.close();
});

test('services, Redis and the database may be restarted', async () => {
  await stack.services.notifier.kill9();
  stack.services.notifier.start();
  await stack.redis.server.stop();
  await stack.redis.start();
  await stack.database.crash();
  await stack.database.start();
  await until('the portal to be ready', () => exchange(`${stack.url}/readyz`).then((a) => a.status === 200), { timeout: 20000 });
  eve = await until('signing in again', () => new Client(stack.url).signIn(person).catch(() => null), { timeout: 20000, every: 500 });
  await eve.write('/notifications/read-all');
});

test('no thread was ended on the way', () => {
  const pid = worker();
  const names = readdirSync(`/proc/${pid}/task`).map((task) => text(`/proc/${pid}/task/${task}/comm`).trim());
  assert.ok(names.some((name) => name.startsWith('ZMQbg/IO')), names.join(' '));
  assert.ok(names.some((name) => name.startsWith('ZMQbg/Reaper')), names.join(' '));
});
