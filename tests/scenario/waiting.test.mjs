// What a request waits for may be slow, silent or gone, and so may the client: nobody waits for ever, nothing is done
// twice, and the worker is the same at the end.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { exchange, startStack, until } from '../lib/stack.mjs';

const person = { username: 'ada', password: 'correct horse battery ada' };
let stack, ada;

before(async () => {
  stack = await startStack({ emulator: false, demo: false, services: ['workflow', 'notifier', 'gateway'], env: { gateway: { SPS_PROXY: '127.0.0.1' } } });
  await stack.spsctl(['user', 'add', '--username', person.username, '--name', 'Ada', '--email', 'ada@example.org', '--role', 'administrator'], { input: person.password });
  ada = await stack.client(person);
});

after(() => stack?.stop());

const metrics = async () => (await fetch(`${stack.url}/metrics`)).text();
const metric = async (name) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(await metrics())[1]);

// A table that everybody needs is locked for a while.
function lockUsers(seconds) {
  return stack.execute(`BEGIN; LOCK TABLE workflow."user" IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(${seconds}); COMMIT`);
}

// Sends a request and leaves after @ms without waiting for the answer; @how: destroy, reset or half.
async function vanish(method, path, body, ms, how) {
  const text = body ? JSON.stringify(body) : '';
  const headers = `Host: a\r\nOrigin: ${stack.url}\r\nCookie: ${ada.cookie}\r\nX-CSRF-Token: ${ada.csrf}\r\n${body ? `Content-Type: application/json\r\nContent-Length: ${text.length}\r\n` : ''}`;
  const socket = connect(stack.port, '127.0.0.1', () => socket.write(`${method} /api/v1${path} HTTP/1.1\r\n${headers}\r\n${text}`));
  socket.on('error', () => {});
  await sleep(ms);
  if (how === 'half') socket.end();
  else if (how === 'reset') socket.resetAndDestroy?.();
  socket.destroy();
}

const ways = ['destroy', 'reset', 'half'];

test('the client behind the proxy is known, and what it claims itself is not believed', async () => {
  await exchange(`${stack.url}/healthz`, { headers: { 'x-forwarded-for': '6.6.6.6, 203.0.113.9' } });
  await until('the line in the log', () => stack.services.gateway.output().includes('"203.0.113.9"'));
  assert.ok(!stack.services.gateway.output().includes('6.6.6.6'));
});

test('clients leave while the database sleeps', async () => {
  const locked = lockUsers(3);
  await sleep(300);
  await Promise.all(Array.from({ length: 150 }, (_, i) =>
    vanish('GET', ['/requests', '/session', '/dashboard', '/live', '/projects/1'][i % 5], null, 5 + (i * 13) % 400, ways[i % 3])));
  assert.equal((await exchange(`${stack.url}/healthz`)).status, 200);
  await locked;
  assert.equal((await ada.get('/requests')).status, 200);
});

test('clients leave while a service thinks; what they asked for is done', { timeout: 60000 }, async () => {
  stack.services.workflow.freeze();
  const before = await stack.value('SELECT count(*)::int FROM workflow.project');
  await Promise.all(Array.from({ length: 40 }, (_, i) =>
    vanish('POST', '/projects', { name: `left-${i}`, token: 'x'.repeat(64) }, 300 + (i * 17) % 900, ways[i % 3])));
  await Promise.all(Array.from({ length: 10 }, (_, i) =>
    vanish('POST', '/session', { username: 'ada', password: 'not his password' }, 100 + i * 50, ways[i % 3])));
  await until('nobody to be waited for', async () => (await metric('sps_gateway_bus_waiting')) === 0);
  stack.services.workflow.thaw();
  await until('all to be done', async () => (await stack.value('SELECT count(*)::int FROM workflow.project')) === before + 40, { timeout: 30000 });
});

test('the same command twice at once: both hear of it, it is done once', { timeout: 30000 }, async () => {
  stack.services.workflow.freeze();
  const send = (key) => ada.post('/projects', { name: 'once', token: 'x'.repeat(64) }, { 'idempotency-key': key });
  const started = Date.now();
  const answers = [send('the-same-key'), send('the-same-key')];
  await sleep(300);
  answers.push(send('the-same-key'));
  await sleep(200);
  stack.services.workflow.thaw();
  const got = await Promise.all(answers);
  assert.deepEqual(got.map((a) => a.status), [201, 201, 201], got.map((a) => a.text).join('\n'));
  assert.equal(new Set(got.map((a) => a.body.id)).size, 1);
  assert.ok(Date.now() - started < 2000, 'nobody had to look into the journal');
  assert.equal(await stack.value("SELECT count(*)::int FROM workflow.project WHERE name = 'once'"), 1);
});

test('a key that was used for something else is refused', async () => {
  const answer = await ada.post('/projects', { name: 'twice', token: 'x'.repeat(64) }, { 'idempotency-key': 'the-same-key' });
  assert.equal(answer.status, 422, answer.text);
  assert.equal(answer.body.code, 'idempotency_mismatch');
});

test('a command takes no parameters in its address', async () => {
  assert.equal((await ada.post('/projects?name=x', { name: 'y', token: 'x'.repeat(64) })).status, 400);
});

test('a service that is away: 202, and the result later', { timeout: 60000 }, async () => {
  stack.services.workflow.freeze();
  const answer = await ada.post('/projects', { name: 'later', token: 'x'.repeat(64) });
  assert.equal(answer.status, 202, answer.text);
  assert.equal(answer.headers.location, `/api/v1/commands/${answer.body.command}`);
  assert.equal((await ada.read(`/commands/${answer.body.command}`)).state, 'ready');
  stack.services.workflow.thaw();
  assert.equal((await ada.result(answer.body.command)).name, 'later');
});

test('a database that says nothing at all: 503 in the end, and the portal comes back', { timeout: 90000 }, async () => {
  const backends = (await stack.execute("SELECT pid FROM pg_stat_activity WHERE usename = 'sps_gateway'")).trim().split('\n').map(Number);
  assert.ok(backends.length >= 3);
  for (const pid of backends) process.kill(pid, 'SIGSTOP');
  try {
    const started = Date.now();
    const answers = await Promise.all([
      ...Array.from({ length: 9 }, () => exchange(`${stack.url}/api/v1/requests`, { headers: { cookie: ada.cookie }, timeout: 40000 })),
      ada.post('/projects', { name: 'silence', token: 'x'.repeat(64) }).catch((error) => ({ status: 0, text: error.message })),
    ]);
    assert.ok(Date.now() - started < 30000);
    assert.ok(answers.slice(0, 9).every((a) => a.status === 503 || a.status === 200), answers.map((a) => a.status).join());
    assert.ok(answers.some((a) => a.status === 503));
    await until('reads to work over new connections', async () => (await ada.get('/requests')).status === 200, { timeout: 20000 });
  } finally {
    for (const pid of backends) process.kill(pid, 'SIGCONT');
  }
});

test('asked to leave, it answers what it has begun', { timeout: 60000 }, async () => {
  stack.services.workflow.freeze();
  const slow = ada.post('/projects', { name: 'draining', token: 'x'.repeat(64) });
  const ws = await ada.live();
  await sleep(300);
  const stopped = stack.services.gateway.stop();
  const answer = await slow;
  assert.equal(answer.status, 202, answer.text);
  assert.equal(answer.headers.connection, 'close');
  await until('the socket to be closed', () => ws.closed);
  assert.equal(ws.closed.code, 1001);
  stack.services.workflow.thaw();
  assert.equal((await stopped).code, 0);
  stack.services.gateway.start();
  await stack.ready(['gateway']);
  assert.equal((await ada.result(answer.body.command)).name, 'draining', 'the session and the command have outlived the gateway');
});
