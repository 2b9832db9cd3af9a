// A cloud whose lists never end, and an hour of requests that is used up: nothing is read for ever, every request is
// counted, and what people wait for comes to its end.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { packRecord } from '../lib/msgpack.mjs';
import { exchange, startStack, until } from '../lib/stack.mjs';

const sshKey = (letter) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${letter.repeat(43)} portal`;

let stack, between;
let serial = 0;

// Stands between the service and the emulator. What `answer(method, url)` makes is the answer (an error is a 401);
// undefined: the emulator's.
async function startBetween() {
  const self = { asked: [], answer: () => undefined };
  const server = createServer(async (rq, res) => {
    const chunks = [];
    for await (const chunk of rq) chunks.push(chunk);
    const url = new URL(rq.url, 'http://x');
    self.asked.push(`${rq.method} ${rq.url}`);
    const made = await self.answer(rq.method, url);
    if (made) {
      res.writeHead(made.error ? 401 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(made));
      return;
    }
    const there = await exchange(`${stack.emulator.endpoint}${rq.url.slice(3)}`, { method: rq.method, headers: { ...rq.headers, 'accept-encoding': '' }, body: Buffer.concat(chunks) });
    res.writeHead(there.status, there.headers).end(there.text);
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  self.endpoint = `http://127.0.0.1:${server.address().port}/v1`;
  self.close = () => { server.closeAllConnections(); server.close(); };
  self.count = (what) => self.asked.filter((line) => what.test(line)).length;
  return self;
}

const pages = (page, name, list) => ({ [name]: list, meta: { pagination: { page, per_page: 50, previous_page: null, next_page: page + 1, last_page: null, total_entries: null } } });
const key = (id) => ({ id, name: `key-${id}`, fingerprint: 'x', public_key: `ssh-ed25519 AAAA${id}`, labels: {}, created: '2026-01-01T00:00:00Z' });

function send(type, record) {
  return stack.execute(
    `SELECT hetzner.submit(ARRAY[bus.uuid7()], ARRAY[$1], ARRAY[$2], ARRAY['system:workflow'], ARRAY[0::bigint],
       ARRAY[$3::uuid], ARRAY[decode($4, 'hex')], ARRAY[NULL::text], ARRAY[NULL::bytea])`,
    [type, `request:${record.request}`, randomUUID(), packRecord(record).toString('hex')]);
}

async function order(extra = {}) {
  serial += 1;
  const record = { op: randomUUID(), request: 8000 + serial, project: stack.projectId, name: `page-${serial}`, server_type: 'cx23',
    location: 'fsn1', image: 'debian-12', ssh_key: sshKey('C'), attempt: 1, ...extra };
  await send('server.create', record);
  return record;
}

const operation = async ({ op }) => (await stack.rows('SELECT * FROM hetzner.operation WHERE op = $1::uuid', [op]))[0];
const ends = (record, state) => until(`operation of ${record.name} to be ${state}`, async () => (await operation(record))?.state === state, { timeout: 60000 });
const remove = ({ op, request, project }) => send('server.delete', { op, request, project });

before(async () => {
  between = await startBetween();
  stack = await startStack({ demo: false, services: ['workflow', 'hetzner'], env: { hetzner: { SPS_HETZNER_ENDPOINT: between.endpoint, SPS_SYNC_S: '1' } } });
  const demo = stack.spsctl(['demo', '--url', stack.url, '--endpoint', between.endpoint, '--token-file', join(stack.dir, 'token'),
    '--keys', join(stack.dir, 'keys'), '--out', join(stack.dir, 'demo.json')]);
  demo.catch(() => {});
  stack.projectId = await until('the token to be valid', () => stack.value("SELECT project FROM hetzner.token WHERE state = 'valid'"));
  await until('prices to be there', () => stack.value("SELECT 1 AS yes FROM hetzner.quote('cx23', 'fsn1')"));
});

after(async () => {
  await stack?.stop();
  between?.close();
});

test('SSH keys that are listed in a circle: a few questions, and it goes on when the list has an end', async () => {
  between.answer = (method, url) => (method === 'GET' && url.pathname === '/v1/ssh_keys'
    ? pages(Number(url.searchParams.get('page')), 'ssh_keys', [key(7), key(8)]) : undefined);
  between.asked.length = 0;
  const record = await order();
  await until('it to be tried again', async () => (await operation(record)).tries >= 2);
  assert.ok(between.count(/ssh_keys/) <= 2 * ((await operation(record)).tries + 1), 'two pages each time');
  assert.equal((await operation(record)).state, 'key');
  assert.equal(between.count(/POST \/v1\/ssh_keys/), 0, 'nothing is uploaded on the word of such a list');
  between.answer = () => undefined;
  await ends(record, 'done');
});

test('servers that are listed in a circle: the sweep ends, and nothing is said to be gone', async () => {
  const record = await order();
  await ends(record, 'done');
  await stack.execute("UPDATE hetzner.server SET updated_at = now() - interval '1 h'");
  const list = (await exchange(`${stack.emulator.endpoint}/servers`, { headers: { authorization: `Bearer ${stack.emulator.token}` } })).body.servers;
  between.answer = (method, url) => (url.pathname === '/v1/servers' && url.searchParams.has('page')
    ? pages(Number(url.searchParams.get('page')), 'servers', list.slice(0, 1).map((s) => ({ ...s, id: 999999 }))) : undefined);
  between.asked.length = 0;
  await until('three sweeps', () => between.count(/page=1$/) >= 3);
  assert.ok(between.count(/page=2$/) <= between.count(/page=1$/));
  assert.equal(between.count(/page=3$/), 0);
  between.answer = () => undefined;
  assert.equal(await stack.value('SELECT lifecycle FROM hetzner.server WHERE op = $1::uuid', [record.op]), 'managed');
});

test('every request is taken from the hour, also the second and third of one look', async () => {
  between.answer = (method, url) => { // thirty pages that are full of other keys
    const page = Number(url.searchParams.get('page'));
    if (method !== 'GET' || url.pathname !== '/v1/ssh_keys' || page > 30) return undefined;
    return pages(page, 'ssh_keys', Array.from({ length: 50 }, (_, i) => key(page * 1000 + i)));
  };
  const budget = async () => Number(await stack.value(`SELECT tokens + extract(epoch FROM clock_timestamp() - ts) AS n
    FROM hetzner.bucket WHERE project = $1 AND name = 'main'`, [stack.projectId]));
  await stack.execute("UPDATE hetzner.bucket SET tokens = 1000, ts = clock_timestamp() WHERE name = 'main'");
  const started = Date.now();
  between.asked.length = 0;
  const record = await order({ ssh_key: sshKey('D') });
  await until('thirty pages', () => between.count(/ssh_keys\?.*page=31$/) > 0, { timeout: 60000 });
  const spent = 1000 + (Date.now() - started) / 1000 - await budget();
  const asked = between.asked.filter((line) => !line.includes('/actions')).length;
  assert.ok(Math.abs(spent - asked) < 10, `asked ${asked} times, counted ${spent}`);
  between.answer = () => undefined;
  await ends(record, 'done');
});

test('an hour that is used up: one request a second, and what takes two of them is done all the same', async () => {
  const records = [await order(), await order()];
  for (const record of records) await ends(record, 'done');
  await stack.execute("UPDATE hetzner.bucket SET tokens = 0, ts = clock_timestamp() WHERE name = 'main'");
  between.asked.length = 0;
  const started = Date.now();
  for (const record of records) await remove(record);
  for (const record of records) await ends(record, 'deleted');
  const seconds = (Date.now() - started) / 1000;
  assert.ok(between.asked.length <= seconds + 2, `${between.asked.length} requests in ${seconds} s`);
});

test('after a token of another project at Hetzner nothing is said to be gone, after one of the same project it is', async () => {
  const [kept, lost] = [await order(), await order()];
  for (const record of [kept, lost]) await ends(record, 'done');
  await stack.execute("UPDATE hetzner.server SET updated_at = now() - interval '1 h'");
  await stack.execute("UPDATE hetzner.bucket SET tokens = 3000, ts = clock_timestamp() WHERE name = 'main'");
  // The project has another token now, and that shows no server at all; each one asked about is unknown.
  await stack.execute("UPDATE hetzner.token SET version = version + 1");
  const fault = { kind: 'error', method: 'GET', path: '/servers/[0-9]', status: 404, code: 'not_found', message: 'x', times: 1000 };
  await stack.cloudSend('POST', '/faults', fault);
  between.answer = (method, url) => (url.pathname === '/v1/servers' && url.searchParams.has('page')
    ? { servers: [], meta: { pagination: { page: 1, per_page: 50, previous_page: null, next_page: null, last_page: 1, total_entries: 0 } } } : undefined);
  between.asked.length = 0;
  await until('three sweeps', () => between.count(/page=1$/) >= 3);
  assert.equal(await stack.value("SELECT count(*) FROM hetzner.server WHERE lifecycle = 'gone'"), 0);
  between.answer = () => undefined;
  await stack.cloudSend('DELETE', '/faults');
  await until('the token to have shown a server', () => stack.value('SELECT trusted = version AS yes FROM hetzner.token'));
  const { provider_server: id } = await operation(lost);
  await stack.cloudSend('POST', `/servers/${id}/out_of_band`, { do: 'delete' });
  await until('it to be gone', () => stack.value("SELECT 1 AS yes FROM hetzner.server WHERE op = $1::uuid AND lifecycle = 'gone'", [lost.op]), { timeout: 40000 });
  assert.equal(await stack.value('SELECT lifecycle FROM hetzner.server WHERE op = $1::uuid', [kept.op]), 'managed');
});

test('the answer about a token comes after it was replaced: the new one is not blamed, the order goes on with it', async () => {
  let answer;
  const late = new Promise((resolve) => { answer = resolve; });
  between.answer = (method, url) => (method === 'POST' && url.pathname === '/v1/servers' ? late : undefined);
  between.asked.length = 0;
  const record = await order();
  await until('the order to be on its way', () => between.count(/POST \/v1\/servers$/) > 0);
  await stack.execute("UPDATE hetzner.token SET version = version + 1");
  between.answer = () => undefined;
  answer({ error: { code: 'unauthorized', message: 'the token you have provided is invalid', details: null } });
  await ends(record, 'done');
  assert.equal(await stack.value('SELECT state FROM hetzner.token'), 'valid');
});
