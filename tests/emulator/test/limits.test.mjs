import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { code, Emulator } from './support.mjs';

let emu;
before(async () => {
  emu = await Emulator.start();
});
after(async () => {
  await emu.stop();
});

const remaining = ({ headers }) => Number(headers.get('ratelimit-remaining'));

test('two tokens of a project share its bucket; /actions has its own, twice the size', async () => {
  await emu.tell('DELETE', '/buckets');
  const first = await emu.get('/servers');
  assert.equal(first.headers.get('ratelimit-limit'), '3600');
  assert.equal(remaining(first), 3599);
  assert.equal(remaining(await emu.get('/servers', { token: emu.ro })), 3598);
  assert.equal(remaining(await emu.get('/servers', { token: emu.two })), 3599, 'another project');
  const actions = await emu.get('/actions?id=1');
  assert.equal(actions.headers.get('ratelimit-limit'), '7200');
  assert.equal(remaining(await emu.get('/actions/1')), 7198);
});

test('an empty bucket answers 429, says when it will be full, and refills', async () => {
  await emu.tell('POST', '/buckets', { project: 'one', tokens: 1.2 });
  assert.equal((await emu.get('/servers')).status, 200);
  const refused = await emu.get('/servers');
  assert.deepEqual(
    [refused.status, code(refused), refused.body.error.message],
    [429, 'rate_limit_exceeded', 'limit of 3600 requests per hour reached'],
  );
  assert.equal(remaining(refused), 0);
  const { now } = await emu.tell('GET', '/clock');
  const wait = Number(refused.headers.get('ratelimit-reset')) - Date.parse(now) / 1000;
  assert.ok(wait > 3590 && wait <= 3601, `full in ${wait} s`);
  assert.equal(refused.headers.get('retry-after'), null);

  await emu.tell('POST', '/clock', { advance: 10 });
  const again = await emu.get('/servers');
  assert.equal(again.status, 200);
  assert.ok(remaining(again) >= 9 && remaining(again) <= 10);
});

test('requests without a token are limited too', async () => {
  await emu.tell('PUT', '/settings', { limit: 3 });
  await emu.tell('DELETE', '/buckets');
  const statuses = [];
  for (let i = 0; i < 5; i += 1) statuses.push((await emu.get('/servers', { token: null })).status);
  assert.deepEqual(statuses, [401, 401, 401, 429, 429]);
  assert.equal((await emu.get('/servers')).status, 200, 'a project does not pay for strangers');
  await emu.tell('PUT', '/settings', { limit: 3600 });
});

test('a project may have a limit of its own', async () => {
  await emu.tell('POST', '/projects', {
    name: 'big',
    tokens: [{ token: 'b'.repeat(64) }],
    limit: 7200,
  });
  const { headers } = await emu.get('/servers', { token: 'b'.repeat(64) });
  assert.equal(headers.get('ratelimit-limit'), '7200');
});

test('the virtual clock ends actions at once', async () => {
  await emu.tell('PUT', '/settings', {
    durations: { create_server: 3_600_000, start_server: 3_600_000 },
  });
  const made = await emu.post('/servers', {
    name: 'slow',
    server_type: 'cx23',
    image: 'debian-12',
  });
  await emu.tell('POST', '/clock', { advance: 1800 });
  const half = (await emu.get(`/actions/${made.body.action.id}`)).body.action;
  assert.deepEqual([half.status, half.progress], ['running', 50]);
  await emu.tell('POST', '/clock', { advance: 1801 });
  assert.equal((await emu.get(`/actions/${made.body.action.id}`)).body.action.status, 'success');
  assert.equal((await emu.get(`/servers/${made.body.server.id}`)).body.server.status, 'starting');
  await emu.tell('POST', '/clock', { advance: 3601 });
  assert.equal((await emu.get(`/servers/${made.body.server.id}`)).body.server.status, 'running');
});

test('a revoked token is invalid at once', async () => {
  await emu.tell('POST', '/tokens/revoke', { token: emu.ro });
  assert.equal((await emu.get('/servers', { token: emu.ro })).status, 401);
});
