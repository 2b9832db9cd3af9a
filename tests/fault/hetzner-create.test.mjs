// Creating a server while the cloud and we ourselves fail at the worst moments: there is always exactly one server
// at the end, the one that the operation knows, and the saga is told each step once.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { packRecord } from '../lib/msgpack.mjs';
import { run } from '../lib/process.mjs';
import { exchange, startStack, until } from '../lib/stack.mjs';

const KEY = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'B'.repeat(43)} portal`;
const STEPS = ['ssh_key', 'create_server', 'await_action', 'await_running', 'record_address'];

let stack;
let serial = 0;

// An order as the workflow service sends it.
function send(type, record) {
  return stack.execute(
    `SELECT hetzner.submit(ARRAY[bus.uuid7()], ARRAY[$1], ARRAY[$2], ARRAY['system:workflow'], ARRAY[0::bigint],
       ARRAY[$3::uuid], ARRAY[decode($4, 'hex')], ARRAY[NULL::text], ARRAY[NULL::bytea])`,
    [type, `request:${record.request}`, randomUUID(), packRecord(record).toString('hex')]);
}

async function order(extra = {}) {
  serial += 1;
  const record = { op: randomUUID(), request: 9000 + serial, project: stack.projectId, name: `web-${serial}`, server_type: 'cx23',
    location: 'fsn1', image: 'debian-12', ssh_key: KEY, attempt: 1, ...extra };
  await send('server.create', record);
  return record;
}

const operation = async ({ op }) => (await stack.rows('SELECT * FROM hetzner.operation WHERE op = $1::uuid', [op]))[0];
const ends = (record, state) => until(`operation of ${record.name} to be ${state}`, async () => {
  const row = await operation(record);
  return row?.state === state && row;
}, { timeout: 60000 });
const inCloud = async ({ name }) => (await stack.cloud()).servers.filter((s) => s.name === name);
// The cloud's own API, as somebody else with the project's token uses it.
async function cloudApi(method, path, record) {
  const body = record && JSON.stringify(record);
  const headers = { authorization: `Bearer ${stack.emulator.token}`, ...(body && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }) };
  return (await exchange(`${stack.emulator.endpoint}${path}`, { method, body, headers })).body;
}

const fault = (rule) => stack.cloudSend('POST', '/faults', rule);
const onCreate = (kind, more = {}) => fault({ kind, method: 'POST', path: '/servers$', ...more });
const posts = async () => (await stack.cloud('/journal?method=POST&path=/servers$')).entries;

// The order that was sent about this server, and how often each message about it was.
const messages = async ({ op }, type) => Number(await stack.value(
  `SELECT count(*) FROM workflow.inbox WHERE type = $1 AND position(convert_to($2, 'UTF8') IN body) > 0`, [type, op]));
const steps = async ({ op }, step, state) => Number(await stack.value(
  `SELECT count(*) FROM workflow.inbox WHERE type = 'step.progress' AND position(convert_to($1, 'UTF8') IN body) > 0
     AND position(convert_to($2, 'UTF8') IN body) > 0 AND position(convert_to($3, 'UTF8') IN body) > 0`, [op, step, state]));

// The tokens of phone_home that the runner was told to expect, as hashes in that order; and the one a server was given.
async function announced({ op }) {
  const rows = await stack.rows(`SELECT encode(body, 'escape') AS body FROM runner.inbox WHERE type = 'server.creating'
    AND position(convert_to($1, 'UTF8') IN body) > 0 ORDER BY created_at, id`, [op]);
  return rows.map(({ body }) => /[0-9a-f]{64}/.exec(body)[0]);
}
const tokenHash = async ({ user_data: text }) => (await run('python3',
  ['-c', 'import hashlib, sys; print(hashlib.blake2b(sys.argv[1].encode(), digest_size=32).hexdigest())', /phone-home\/([0-9a-f]{40})/.exec(text)[1]])).trim();

async function exactlyOne(record) {
  const row = await ends(record, 'done');
  const servers = await inCloud(record);
  assert.equal(servers.length, 1, 'one server in the cloud');
  assert.equal(servers[0].id, row.provider_server, 'it is the one that the operation knows');
  const [ours] = await stack.rows('SELECT * FROM hetzner.server WHERE op = $1::uuid', [record.op]);
  assert.equal(ours.lifecycle, 'managed');
  assert.equal(ours.provider_id, row.provider_server);
  assert.ok(ours.ipv4);
  assert.equal(await messages(record, 'server.created'), 1);
  for (const step of STEPS) assert.equal(await steps(record, step, 'done'), 1, `${step} is done once`);
  assert.equal((await announced(record)).at(-1), await tokenHash(servers[0]), 'its host key is expected under the token that it has');
  return { row, ours, server: servers[0] };
}

before(async () => {
  stack = await startStack({ demo: false, services: ['workflow', 'hetzner'] });
  // The project of the demo, with its token sealed and checked; the demo itself waits for services that are not here.
  const demo = stack.spsctl(['demo', '--url', stack.url, '--endpoint', stack.emulator.endpoint, '--token-file', join(stack.dir, 'token'),
    '--keys', join(stack.dir, 'keys'), '--out', join(stack.dir, 'demo.json')]);
  demo.catch(() => {});
  stack.projectId = await until('the token to be valid', () => stack.value("SELECT project FROM hetzner.token WHERE state = 'valid'"));
  await until('prices to be there', () => stack.value("SELECT 1 AS yes FROM hetzner.quote('cx23', 'fsn1')"));
});

after(() => stack?.stop());

test('without a fault: one order, the labels, the address of the portal in user_data', async () => {
  const record = await order();
  const { server, ours } = await exactlyOne(record);
  assert.equal((await posts()).length, 1);
  assert.match(server.user_data, new RegExp(`^#cloud-config\\nssh_pwauth: false\\ndisable_root: false\\nphone_home:\\n  url: "${stack.url}/hook/phone-home/[0-9a-f]{40}"\\n`));
  assert.deepEqual([ours.server_minor, ours.ipv4_minor, ours.currency], [349, Number(await stack.value("SELECT ipv4_minor FROM hetzner.quote('cx23', 'fsn1')")), 'EUR']);
  await send('server.create', record);
  await until('the second order to be read', async () => (await stack.value("SELECT count(*) FROM hetzner.inbox WHERE type = 'server.create' AND done_at IS NOT NULL")) >= 2);
  assert.equal((await posts()).length, 1, 'the same order again does nothing');
});

for (const [kind, more] of [['drop_before', {}], ['drop_after', {}], ['error', { status: 504 }], ['error_after', { status: 504, code: 'timeout', message: 'x' }],
  ['non_json_after', { status: 502 }], ['truncated', {}], ['wrong_type', {}], ['error', { status: 429, code: 'rate_limit_exceeded', message: 'limit' }],
  ['error', { status: 409, code: 'conflict', message: 'conflict' }]])
  test(`${kind} ${more.status ?? ''} at the order: one server`, async () => {
    await onCreate(kind, more);
    await exactlyOne(await order());
  });

test('the lost answer, and the look-up fails twice: one server', async () => {
  await onCreate('drop_after');
  await fault({ kind: 'error', method: 'GET', path: '/servers', status: 503, code: 'unavailable', message: 'x', times: 2 });
  await exactlyOne(await order());
});

test('the answer is lost, and the list does not show the server yet: the second order is the same one', async () => {
  await onCreate('drop_after');
  await fault({ kind: 'page_missing', method: 'GET', path: '/servers', times: 4 });
  const record = await order();
  await exactlyOne(record);
  await stack.cloudSend('DELETE', '/faults');
  assert.equal((await announced(record)).length, 1, 'both orders carry the token that was announced');
});

for (const [when, kind] of [['before the order has arrived', 'hang_before'], ['after the order was carried out', 'hang_after']])
  test(`killed ${when}: one server`, async () => {
    await stack.cloudSend('DELETE', '/journal');
    await onCreate(kind);
    const record = await order();
    await until('the order to be on its way', async () => (await posts()).length > 0 || (await stack.cloud('/faults')).faults.some((f) => f.kind === kind && f.struck));
    assert.equal((await operation(record)).state, 'sent', 'what is intended was recorded first');
    await stack.services.hetzner.kill9();
    stack.services.hetzner.start();
    await exactlyOne(record);
  });

test('killed again and again: one server', async () => {
  const record = await order();
  for (let i = 0; i < 4; i += 1) {
    await new Promise((resolve) => { setTimeout(resolve, 150 + 170 * i); });
    await stack.services.hetzner.kill9();
    stack.services.hetzner.start();
  }
  await exactlyOne(record);
});

test('two replicas, and the one with the order under way dies: the other takes over, one server', async () => {
  const second = stack.addService('hetzner', {}, 'hetzner-2');
  second.start();
  await until('the second replica to register', () => second.output().includes('service.ready'));
  await onCreate('hang_after');
  const record = await order();
  await until('the server to exist', async () => (await inCloud(record)).length === 1);
  const { owner } = await operation(record);
  const holder = [stack.services.hetzner, second].find((s) => s.output().includes(owner));
  await holder.kill9();
  await exactlyOne(record);
  if (holder !== second) {
    stack.services.hetzner.start();
    await second.stop();
  }
});

test('a name that somebody else has taken: refused, and nothing is touched', async () => {
  const theirs = await order();
  const { server } = await exactlyOne(theirs);
  const record = await order({ name: theirs.name });
  const row = await ends(record, 'failed');
  assert.equal(row.error_code, 'uniqueness_error');
  assert.equal(await messages(record, 'server.failed'), 1);
  assert.deepEqual((await inCloud(theirs)).map((s) => s.id), [server.id]);
});

test('the name is taken, yet nobody has it: a few looks, one order, and an end', async () => {
  await stack.cloudSend('DELETE', '/journal');
  await onCreate('error', { status: 409, code: 'uniqueness_error', message: 'server name is already used', times: 100 });
  const record = await order();
  const row = await ends(record, 'failed');
  await stack.cloudSend('DELETE', '/faults');
  assert.equal(row.error_code, 'uniqueness_error');
  assert.equal((await posts()).length, 1, 'an order is never repeated after this answer by itself');
  await send('server.create', { ...record, attempt: 2 });
  await ends(record, 'done');
  assert.equal((await inCloud(record)).length, 1);
});

test('the answer is lost, and somebody renames the server before we look: one server', async () => {
  await onCreate('hang_after');
  const record = await order();
  const server = await until('the server to exist', async () => (await inCloud(record))[0]);
  await stack.services.hetzner.kill9();
  await stack.cloudSend('POST', `/servers/${server.id}/out_of_band`, { do: 'rename', name: `${record.name}-renamed` });
  stack.services.hetzner.start();
  const row = await ends(record, 'done');
  assert.equal(row.provider_server, server.id);
  const ours = (await stack.cloud()).servers.filter((s) => s.labels['sps-op'] === record.op);
  assert.deepEqual(ours.map((s) => s.id), [server.id]);
});

test('no stock: said at once, with one order, and a retry goes on', async () => {
  await stack.cloudSend('DELETE', '/journal');
  await stack.cloudSend('POST', '/stock', { server_type: 'cx33', location: 'fsn1', available: true, orderable: false });
  const record = await order({ server_type: 'cx33' });
  const row = await ends(record, 'failed');
  assert.equal(row.error_code, 'resource_unavailable');
  assert.match(row.error_text, /no free server of this type.*lists free ones in: .*(nbg1|hel1)/);
  assert.equal((await posts()).length, 1);
  await stack.cloudSend('POST', '/stock', { server_type: 'cx33', location: 'fsn1', available: true, orderable: true });
  await send('server.create', { ...record, attempt: 2 });
  await ends(record, 'done');
  assert.equal((await inCloud(record)).length, 1);
});

test('no stock in the evening, tried again in the morning: the new order\'s token is announced anew', async () => {
  await stack.cloudSend('POST', '/stock', { server_type: 'cx33', location: 'hel1', available: true, orderable: false });
  const record = await order({ server_type: 'cx33', location: 'hel1' });
  await ends(record, 'failed');
  await stack.execute(`UPDATE hetzner.operation SET created_at = created_at - interval '9 h', entered_at = entered_at - interval '9 h',
    updated_at = updated_at - interval '9 h', posted_at = posted_at - interval '9 h' WHERE op = $1::uuid`, [record.op]);
  await stack.cloudSend('POST', '/stock', { server_type: 'cx33', location: 'hel1', available: true, orderable: true });
  await send('server.create', { ...record, attempt: 2 });
  await ends(record, 'done');
  const hashes = await announced(record);
  assert.equal(hashes.length, 2);
  assert.equal(hashes[1], await tokenHash((await inCloud(record))[0]));
  assert.notEqual(hashes[0], hashes[1], 'a token that was out in the world is not used for another order');
});

test('somebody deletes the server while it is being set up: a retry makes another machine with a token of its own', async () => {
  await fault({ kind: 'error', method: 'GET', path: '/servers/[0-9]', status: 503, code: 'unavailable', message: 'x', times: 1000 });
  const record = await order();
  await ends(record, 'running');
  const [first] = await inCloud(record);
  await stack.cloudSend('POST', `/servers/${first.id}/out_of_band`, { do: 'delete' });
  await stack.cloudSend('DELETE', '/faults');
  assert.equal((await ends(record, 'failed')).error_code, 'server_gone');
  await send('server.create', { ...record, attempt: 2 });
  await ends(record, 'done');
  const [second] = await inCloud(record);
  const hashes = await announced(record);
  assert.deepEqual(hashes, [await tokenHash(first), await tokenHash(second)]);
  assert.notEqual(hashes[0], hashes[1]);
});

test('the database cannot say what the token is: nothing is decided about an order or a token', async () => {
  const columns = await stack.value(`SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
    WHERE attrelid = 'hetzner.token'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'token'`);
  await stack.execute(`REVOKE SELECT ON hetzner.token FROM sps_hetzner; GRANT SELECT (${columns}) ON hetzner.token TO sps_hetzner`);
  const record = await order();
  await stack.execute("UPDATE hetzner.token SET state = 'unchecked', check_at = now()");
  await until('the order to be looked at', async () => (await operation(record)).polls >= 2);
  await until('the token to be looked at', () => stack.value('SELECT tries > 0 AS yes FROM hetzner.token'));
  assert.ok((await operation(record)).due_at, 'the order is due again');
  assert.deepEqual(await stack.rows('SELECT state, check_at > now() AS due FROM hetzner.token'), [{ state: 'unchecked', due: true }]);
  await stack.execute('GRANT SELECT ON hetzner.token TO sps_hetzner; UPDATE hetzner.token SET check_at = now()');
  await exactlyOne(record);
  await until('the token to be valid', () => stack.value("SELECT 1 AS yes FROM hetzner.token WHERE state = 'valid'"));
});

test('connections to the database are cut again and again: late, but nothing fails', async () => {
  const records = [];
  for (let i = 0; i < 30; i += 1) {
    if (i % 5 === 0) records.push(await order());
    await stack.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'sps_hetzner'");
    await new Promise((resolve) => { setTimeout(resolve, 20 * (i % 7)); });
  }
  // What was claimed and could not be recorded is taken up again after a minute.
  await until('all to be created', async () => {
    await stack.execute("UPDATE hetzner.operation SET updated_at = updated_at - interval '61 s' WHERE owner IS NOT NULL AND updated_at < now() - interval '2 s'");
    const states = await Promise.all(records.map(async (record) => (await operation(record))?.state));
    assert.ok(!states.includes('failed'), states.join(' '));
    return states.every((state) => state === 'done');
  }, { timeout: 60000, every: 1000 });
  for (const record of records) await exactlyOne(record);
  assert.equal(await stack.value('SELECT state FROM hetzner.token'), 'valid');
});

test('deleting: the operation\'s own server, once; and none when there is none', async () => {
  const record = await order();
  await exactlyOne(record);
  await fault({ kind: 'drop_after', method: 'DELETE', path: '/servers/' });
  await send('server.delete', { op: record.op, request: record.request, project: record.project });
  await ends(record, 'deleted');
  assert.equal((await inCloud(record)).length, 0);
  assert.equal(await messages(record, 'server.deleted'), 1);
  assert.equal(await stack.value('SELECT lifecycle FROM hetzner.server WHERE op = $1::uuid', [record.op]), 'deleted');
  const never = { op: randomUUID(), request: 9999, project: stack.projectId };
  await send('server.delete', never);
  await until('the answer', async () => (await messages(never, 'server.deleted')) === 1);
});

test('deleting what was ordered without an answer: it is found by its label', async () => {
  await onCreate('hang_after');
  const record = await order();
  await until('the server to exist', async () => (await inCloud(record)).length === 1);
  await send('server.delete', { op: record.op, request: record.request, project: record.project });
  await ends(record, 'deleted');
  assert.equal((await inCloud(record)).length, 0);
});

test('deleting: protection is taken off first; a server without our label is left alone', async () => {
  const record = await order();
  const { server } = await exactlyOne(record);
  await cloudApi('POST', `/servers/${server.id}/actions/change_protection`, { delete: true, rebuild: true });
  assert.equal((await cloudApi('GET', `/servers/${server.id}`)).server.protection.delete, true);
  await stack.cloudSend('POST', `/servers/${server.id}/out_of_band`, { do: 'labels', labels: {} });
  await send('server.delete', { op: record.op, request: record.request, project: record.project });
  assert.equal((await ends(record, 'delete_failed')).error_code, 'not_ours');
  assert.equal((await inCloud(record)).length, 1);
  await stack.cloudSend('POST', `/servers/${server.id}/out_of_band`, { do: 'labels', labels: { 'sps-op': record.op } });
  await send('server.delete', { op: record.op, request: record.request, project: record.project });
  await ends(record, 'deleted');
  assert.equal((await inCloud(record)).length, 0);
});

test('questions about actions are counted apart from the others', async () => {
  const rows = await stack.rows('SELECT name, "limit" FROM hetzner.bucket WHERE project = $1 ORDER BY name', [stack.projectId]);
  assert.deepEqual(rows, [{ name: 'actions', limit: 7200 }, { name: 'main', limit: 3600 }]);
});

test('somebody deletes a server at Hetzner: it is seen and said to be gone', async () => {
  const record = await order();
  const { server } = await exactlyOne(record);
  await stack.cloudSend('POST', `/servers/${server.id}/out_of_band`, { do: 'delete' });
  await until('it to be gone', () => stack.value("SELECT 1 AS yes FROM hetzner.server WHERE op = $1::uuid AND lifecycle = 'gone'", [record.op]), { timeout: 40000 });
});

test('a token that Hetzner does not take any more: the project is told', async () => {
  await stack.cloudSend('POST', '/tokens/revoke', { token: stack.emulator.token });
  const record = await order();
  const row = await ends(record, 'failed');
  assert.equal(row.error_code, 'unauthorized');
  assert.equal(await stack.value('SELECT state FROM hetzner.token WHERE project = $1', [stack.projectId]), 'invalid');
});
