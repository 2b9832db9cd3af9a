// Nobody takes the portal away from the others: neither somebody who is signed in, nor an address, nor one command
// that the journal refuses.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '../lib/process.mjs';
import { Client, exchange, startStack, until } from '../lib/stack.mjs';

const people = { ada: 'administrator', mira: 'sales_agent' };
const password = (name) => `correct horse battery ${name}`;
let stack, ada, mira, wide;

const signIn = (username, url = stack.url) => new Client(url).signIn({ username, password: password(username) });
const counter = async (url, name) => Number(new RegExp(`^sps_gateway_${name}_total (\\d+)$`, 'm').exec((await exchange(`${url}/metrics`)).text)[1]);
const times = (n, what) => Promise.all(Array.from({ length: n }, (_, i) => what(i)));
const count = (answers, status) => answers.filter((a) => a.status === status).length;

// Commands for it now wait two seconds for a result.
function freezeNotifier(t) {
  stack.services.notifier.freeze();
  t.after(() => stack.services.notifier.thaw());
}

before(async () => {
  stack = await startStack({ emulator: false, demo: false, services: ['workflow', 'notifier', 'gateway'], env: { gateway: { SPS_ADDRESS_CONNECTIONS: '100', SPS_PERSON_REQUESTS: '16' } } });
  for (const [name, role] of Object.entries(people))
    await stack.spsctl(['user', 'add', '--username', name, '--name', name, '--email', `${name}@example.org`, '--role', role], { input: password(name) });
  [ada, mira] = [await signIn('ada'), await signIn('mira')];
  // a second one beside it, for what needs many requests at once
  const port = await freePort();
  wide = `http://127.0.0.1:${port}`;
  stack.addService('gateway', { SPS_LISTEN: `127.0.0.1:${port}`, SPS_RUNTIME: join(stack.dir, 'gateway-wide'), SPS_PERSON_REQUESTS: '2000', SPS_ADDRESS_CONNECTIONS: '2000' }, 'gateway-wide').start();
  await until('the second gateway to be ready', () => exchange(`${wide}/readyz`).then((a) => a.status === 200), { timeout: 30000 });
});

after(() => stack?.stop());

test('a person who asks for too much at once is told to wait, and nobody else', async (t) => {
  freezeNotifier(t);
  const flood = times(30, () => ada.post('/notifications/read-all'));
  await sleep(300);
  const refused = await ada.get('/session');
  const started = Date.now();
  const other = await mira.get('/session');
  const ms = Date.now() - started;
  const open = await exchange(`${stack.url}/healthz`);
  const answers = await flood;
  assert.deepEqual([refused.status, refused.headers['retry-after'], refused.body.code], [429, '1', 'too_many']);
  assert.deepEqual([other.status, open.status], [200, 200]);
  assert.ok(ms < 1000, `${ms} ms`);
  assert.deepEqual([count(answers, 202), count(answers, 429)], [16, 14]);
  assert.equal((await ada.get('/session')).status, 200, 'what is answered makes room');
  assert.equal(await counter(stack.url, 'crowded'), 15);
});

test('whoever leaves while he waits makes room too', async (t) => {
  freezeNotifier(t);
  const head = `POST /api/v1/notifications/read-all HTTP/1.1\r\nHost: a\r\nCookie: ${ada.cookie}\r\nOrigin: ${stack.url}\r\nX-CSRF-Token: ${ada.csrf}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
  const sockets = Array.from({ length: 32 }, () => connect(stack.port, '127.0.0.1', function () { this.write(head); }).on('error', () => {}));
  const answered = sockets.map((socket) => new Promise((resolve) => { socket.once('data', resolve); }));
  await Promise.race(answered); // the first that finds no room; the others wait for two seconds
  await until('the person to have no room left', async () => (await ada.get('/session')).status === 429, { every: 5 });
  sockets.forEach((socket) => socket.destroy());
  await until('room again', async () => (await ada.get('/session')).status === 200, { timeout: 1500, every: 50 });
});

test('an address has so many connections and no more; others still get in', async () => {
  const from = (localAddress) => new Promise((resolve) => {
    const socket = connect({ port: stack.port, host: '127.0.0.1', localAddress });
    socket.on('error', () => {});
    socket.once('connect', () => resolve(socket));
    socket.ended = false;
    socket.on('close', () => { socket.ended = true; });
    socket.resume();
  });
  const sockets = await times(150, () => from('127.0.0.2'));
  await until('those above the limit to be closed', () => count(sockets.map((s) => ({ status: s.ended })), true) === 50);
  assert.equal((await mira.get('/session')).status, 200);
  const served = await new Promise((resolve) => {
    const socket = sockets.find((s) => !s.ended);
    socket.once('data', (data) => resolve(data.toString()));
    socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
  });
  assert.match(served, /^HTTP\/1\.1 200 /, 'the first ones are served as before');
  sockets.forEach((socket) => socket.destroy());
  const again = await until('the address to get in again', async () => {
    const socket = await from('127.0.0.2');
    await sleep(100);
    if (!socket.ended) return socket;
    return null;
  });
  again.destroy();
});

test('live sockets count as connections, and are given back', async () => {
  for (let round = 0; round < 3; round++) {
    const sockets = await times(40, () => mira.live());
    assert.equal((await exchange(`${stack.url}/healthz`)).status, 200);
    sockets.forEach((ws) => ws.close());
    await until('they to be closed', async () => /^sps_gateway_sockets 0$/m.test((await exchange(`${stack.url}/metrics`)).text));
  }
});

// A call of up to 256 commands that is refused goes again one by one; what came after it still goes together.
test('one command that the journal refuses slows down those of its own call only', async () => {
  const client = await signIn('ada', wide);
  const [row] = await stack.rows("SELECT type, target, event, senders::text FROM bus.route WHERE type = 'notification.read'");
  await stack.execute("DELETE FROM bus.route WHERE type = 'notification.read'");
  const [before, submits] = [await counter(wide, 'submit_calls'), await counter(wide, 'submits')];
  const unlock = await stack.database.lock('notifier.inbox');
  const first = client.post('/notifications/read-all');
  await until('a call to be under way', async () => (await counter(wide, 'submit_calls')) > before, { every: 20 });
  const bad = client.post('/notifications/1/read');
  await until('it to wait', async () => (await counter(wide, 'submits')) === submits + 2, { every: 20 });
  const sending = times(600, () => client.post('/notifications/read-all'));
  await until('all others to wait', async () => (await counter(wide, 'submits')) === submits + 602, { every: 20 });
  await unlock();
  const answers = await sending;
  assert.equal((await bad).status, 500);
  assert.ok([await first, ...answers].every((a) => a.status === 200 || a.status === 202), JSON.stringify(answers.map((a) => a.status)));
  const calls = (await counter(wide, 'submit_calls')) - before;
  await stack.execute('INSERT INTO bus.route (type, target, event, senders) VALUES ($1, $2, $3, $4)', [row.type, row.target, row.event, row.senders]);
  assert.ok(calls >= 256 && calls < 350, `${calls} calls for 602 commands`);
});
