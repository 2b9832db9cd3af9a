// Live changes: who watches gets what he may see, whoever does not read keeps nobody waiting, and a socket does not
// outlive the session it was opened with.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startStack, until } from '../lib/stack.mjs';

let stack, ada, mira, own, foreign;
const people = { ada: 'administrator', mira: 'sales_agent' };
const password = (name) => `correct horse battery ${name}`;

before(async () => {
  stack = await startStack({
    emulator: false, demo: false, services: ['workflow', 'notifier', 'gateway'], env: { gateway: { SPS_LIVE_RECHECK_S: '2' } },
  });
  const id = {};
  for (const [name, role] of Object.entries(people)) {
    await stack.spsctl(['user', 'add', '--username', name, '--name', name, '--email', `${name}@example.org`, '--role', role], { input: password(name) });
    id[name] = await stack.value('SELECT workflow.user_id($1)', [name]);
  }
  const insert = async (statement) => Number(await stack.execute(`${statement} RETURNING id`));
  const project = await insert(`INSERT INTO workflow.project (name, created_by, manager_limit_minor, open_for_sales) VALUES ('P', ${id.ada}, 1000, true)`);
  const request = (requester, name) => insert(`INSERT INTO workflow.request (state, project, requester, name, client, server_type, location, image,
    server_minor, ipv4_minor, currency, priced_at, op) VALUES ('pending', ${project}, ${requester}, '${name}', 'Nordwind', 'cx23', 'fsn1', 'debian-12',
    400, 0, 'EUR', now(), gen_random_uuid())`);
  [own, foreign] = [await request(id.mira, 'of-mira'), await request(id.ada, 'of-ada')];
  [ada, mira] = await Promise.all(['ada', 'mira'].map(signIn));
});

after(() => stack?.stop());

const signIn = (username) => stack.client({ username, password: password(username) });
const publish = (topic, frame) => stack.redisCommand('PUBLISH', `live:${topic}`, JSON.stringify({ topic, ...frame }));
// Many at once, through one connection: [[topic, frame], …]
const publishAll = (list) => stack.redis.cli([], {
  input: list.map(([topic, frame]) => `PUBLISH live:${topic} '${JSON.stringify({ topic, ...frame })}'\n`).join(''),
});
const has = (ws, what, test, timeout = 5000) => until(what, () => ws.messages.some(test), { timeout, every: 20 });

async function watching(client, ...topics) {
  const ws = await client.live();
  for (const topic of topics) {
    ws.send({ op: 'sub', topic });
    await has(ws, `${topic} to be subscribed`, (m) => m.op === 'subscribed' && m.topic === topic);
  }
  return ws;
}

const frames = (ws, topic) => ws.messages.filter((m) => m.topic === topic && !m.op);
const closedWith = async (ws, code, timeout = 8000) => {
  await until(`the socket to be closed with ${code}`, () => ws.closed, { timeout, every: 20 });
  assert.equal(ws.closed.code, code);
};

test('two who watch one request both get its frames, in order and as they were said', async () => {
  const sockets = [await watching(ada, `request/${own}`), await watching(mira, `request/${own}`)];
  await publishAll(Array.from({ length: 20 }, (_, i) => [`request/${own}`, { seq: i + 1, kind: 'changed', id: own, state: 'pending', progress: i + 1 }]));
  for (const ws of sockets) {
    await has(ws, 'the last frame', (m) => m.seq === 20);
    assert.deepEqual(frames(ws, `request/${own}`).map((f) => f.progress), Array.from({ length: 20 }, (_, i) => i + 1));
    ws.close();
  }
});

test('what one may not see is denied, and none of its frames arrive', async () => {
  const ws = await watching(mira, 'requests', `request/${own}`);
  for (const topic of [`request/${foreign}`, 'request/999999', 'run/1/log', 'audit', 'me/1', 'request/1/log']) {
    ws.send({ op: 'sub', topic });
    await has(ws, `${topic} to be denied`, (m) => m.op === 'denied' && m.topic === topic);
    await publish(topic, { seq: 1 });
  }
  await publish('requests', { seq: 7 });
  await has(ws, 'the frame after them', (m) => m.seq === 7);
  assert.deepEqual(ws.messages.filter((m) => m.seq === 1), []);
  ws.close();
});

test('whoever may see nothing in a list hears that it changed, and not what', async () => {
  const [hers, his] = [await watching(mira, 'requests', 'servers'), await watching(ada, 'requests')];
  await ada.write(`/requests/${foreign}/cancel`, { version: 1 });
  for (const ws of [hers, his]) {
    await has(ws, 'the list to have changed', (m) => m.topic === 'requests' && !m.op);
    assert.deepEqual(frames(ws, 'requests'), [{ topic: 'requests', kind: 'changed' }]);
    ws.close();
  }
});

// What tells the socket that its session is lost must not be taken from it.
test('nobody stops watching himself', async () => {
  const ws = await watching(mira, 'requests');
  ws.send({ op: 'unsub', topic: 'me' });
  await has(ws, 'the refusal', (m) => m.op === 'denied' && m.topic === 'me');
  await stack.execute('UPDATE workflow."user" SET generation = generation + 1 WHERE username = $1', ['mira']);
  await closedWith(ws, 4401);
  mira = await signIn('mira');
});

test('whoever stops watching hears no more', async () => {
  const ws = await watching(mira, 'requests', `request/${own}`);
  ws.send({ op: 'unsub', topic: `request/${own}` });
  ws.send({ op: 'ping' });
  await has(ws, 'a pong', (m) => m.op === 'pong');
  await publish(`request/${own}`, { seq: 100 });
  await publish('requests', { seq: 101 });
  await has(ws, 'the other topic', (m) => m.seq === 101);
  assert.deepEqual(frames(ws, `request/${own}`), []);
  ws.close();
});

test('32 topics, the person himself among them, and no more', async () => {
  const ws = await ada.live();
  const more = (await stack.execute(`INSERT INTO workflow.request (state, project, requester, name, client, server_type, location, image, server_minor,
    ipv4_minor, currency, priced_at, op) SELECT state, project, requester, 'more-' || n, client, server_type, location, image, server_minor, ipv4_minor,
    currency, priced_at, gen_random_uuid() FROM workflow.request, generate_series(1, 40) n WHERE id = ${foreign} RETURNING id`)).trim().split('\n');
  for (const id of more) {
    ws.send({ op: 'sub', topic: `request/${id}` });
    await has(ws, `an answer about request ${id}`, (m) => m.op && m.topic === `request/${id}`);
  }
  const answers = more.map((id) => ws.messages.find((m) => m.topic === `request/${id}`).op);
  assert.deepEqual(answers, [...Array(31).fill('subscribed'), ...Array(9).fill('denied')]);
  ws.close();
});

test('a client that does not read is dropped, and the other gets everything', { timeout: 60000 }, async () => {
  const [deaf, good] = [await watching(ada, 'requests'), await watching(mira, 'requests')];
  deaf.socket.pause();
  const text = 'x'.repeat(8000);
  const n = 2500; // 20 MB: more than any kernel keeps for somebody who does not read
  for (let sent = 0; sent < n; sent += 25) { // never more at once than is kept for somebody who does
    await publishAll(Array.from({ length: 25 }, (_, i) => ['requests', { seq: sent + i + 1, text }]));
    await until(`the other one to have ${sent + 25} frames`, () => frames(good, 'requests').length >= sent + 25, { every: 5 });
  }
  assert.equal(frames(good, 'requests').length, n);
  await until('the deaf one to be dropped', async () => /^sps_gateway_live_dropped_total [1-9]/m.test(await metrics()), { timeout: 10000 });
  await until('its socket to be gone', async () => Number(/^sps_gateway_sockets (\d+)/m.exec(await metrics())[1]) === 1, { timeout: 10000 });
  deaf.socket.resume();
  await until('it to notice', () => deaf.closed, { timeout: 10000 });
  assert.ok(frames(deaf, 'requests').length < n);
  assert.equal(good.closed, null);
  good.close();
});

const metrics = async () => (await fetch(`${stack.url}/metrics`)).text();

test('a client that asks and never reads the answers is not remembered', { timeout: 60000 }, async () => {
  const ws = await watching(mira);
  ws.socket.pause();
  const ping = Buffer.from([0x89, 0x80, 0, 0, 0, 0]); // Kore answers these by itself
  const flood = Buffer.concat(Array(5000).fill(ping));
  ws.socket.on('error', () => {});
  for (let i = 0; i < 20 && !ws.socket.destroyed; i++) ws.socket.write(flood);
  const started = Date.now();
  assert.equal((await mira.get('/session')).status, 200);
  assert.ok(Date.now() - started < 2000, 'others are served meanwhile');
  await until('it to be dropped', async () => Number(/^sps_gateway_sockets (\d+)/m.exec(await metrics())[1]) === 0, { timeout: 10000 });
  ws.socket.destroy();
});

test('a session that is deleted takes its sockets along, and no others', async () => {
  const other = await watching(await signIn('mira'), 'requests');
  const gone = await signIn('mira');
  const ws = await watching(gone, 'requests');
  const before = (await stack.redisCommand('KEYS', 'sess:*')).trim().split('\n');
  const stored = await Promise.all(before.map(async (key) => [key, await stack.redisCommand('GET', key)]));
  const [key] = stored.find(([, value]) => value.includes(gone.csrf));
  await stack.redisCommand('DEL', key);
  await closedWith(ws, 4401);
  assert.equal((await gone.get('/requests')).status, 401);
  assert.equal(other.closed, null);
  other.close();
});

test('missed frames are never passed over in silence', { timeout: 60000 }, async () => {
  const ws = await watching(mira, 'requests');
  await stack.redisCommand('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await closedWith(ws, 1013);
  const again = await until('watching to be possible again', () => watching(mira, 'requests'), { timeout: 10000 });
  await publish('requests', { seq: 5 });
  await has(again, 'a frame', (m) => m.seq === 5);
  again.close();
});

test('a right that is lost ends the topic, a lost account the socket', { timeout: 30000 }, async () => {
  const ws = await watching(mira, `request/${own}`);
  await stack.execute(`UPDATE workflow.request SET requester = (SELECT requester FROM workflow.request WHERE id = ${foreign}) WHERE id = ${own}`);
  await has(ws, 'the topic to be denied', (m) => m.op === 'denied' && m.topic === `request/${own}`, 8000);
  await publish(`request/${own}`, { seq: 55 });
  assert.equal(ws.closed, null);
  await stack.execute(`UPDATE workflow."user" SET generation = generation + 1 WHERE username = 'mira'`);
  await closedWith(ws, 4401);
  assert.ok(!ws.messages.some((m) => m.seq === 55));
});
