import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { code, Emulator, sleep } from './support.mjs';

let emu;
before(async () => {
  emu = await Emulator.start();
});
afterEach(() => emu.tell('DELETE', '/faults'));
after(async () => {
  await emu.stop();
});

const order = (name) => ({ name, server_type: 'cx23', image: 'debian-12' });
const fault = (rule) => emu.tell('POST', '/faults', rule);
const exists = async (name) => (await emu.get(`/servers?name=${name}`)).body.servers.length === 1;

async function raw(path, options = {}) {
  return fetch(emu.endpoint + path, { headers: { authorization: `Bearer ${emu.rw}` }, ...options });
}

test('an error before the effect, counted and skipped as told', async () => {
  await fault({
    kind: 'error',
    method: 'POST',
    path: '^/servers$',
    skip: 1,
    times: 2,
    status: 503,
    code: 'unavailable',
    message: 'try later',
  });
  assert.equal((await emu.post('/servers', order('skipped'))).status, 201);
  for (const name of ['struck-1', 'struck-2']) {
    const answer = await emu.post('/servers', order(name));
    assert.deepEqual([answer.status, answer.body.error.message], [503, 'try later']);
    assert.equal(await exists(name), false);
  }
  assert.equal((await emu.post('/servers', order('after'))).status, 201);
  assert.equal((await emu.tell('GET', '/faults')).faults[0].struck, 2);
});

test('a fault strikes only the project it names', async () => {
  await fault({ kind: 'error', project: 'two', status: 500, times: 9 });
  assert.equal((await emu.get('/servers')).status, 200);
  assert.equal((await emu.get('/servers', { token: emu.two })).status, 500);
});

test('a connection reset before and after the effect', async () => {
  await fault({ kind: 'drop_before', method: 'POST' });
  await assert.rejects(emu.post('/servers', order('never')));
  assert.equal(await exists('never'), false);
  await fault({ kind: 'drop_after', method: 'POST' });
  await assert.rejects(emu.post('/servers', order('lost-answer')));
  assert.equal(await exists('lost-answer'), true);
  const { entries } = await emu.tell('GET', '/journal?method=POST&path=%5E/servers$');
  assert.equal(entries.at(-1).fault, 'drop_after');
});

test('an error after the effect', async () => {
  await fault({ kind: 'error_after', method: 'POST', status: 504, code: 'timeout' });
  assert.equal(code(await emu.post('/servers', order('timed-out'))), 'timeout');
  assert.equal(await exists('timed-out'), true);
  await fault({ kind: 'non_json_after', method: 'POST' });
  const page = await raw('/servers', {
    method: 'POST',
    body: JSON.stringify(order('gateway')),
    headers: { authorization: `Bearer ${emu.rw}` },
  });
  assert.deepEqual([page.status, page.headers.get('content-type')], [502, 'text/html']);
  assert.equal(await exists('gateway'), true);
});

test('no answer at all', async () => {
  await fault({ kind: 'hang_before' });
  await assert.rejects(
    raw('/servers', {
      signal: AbortSignal.timeout(200),
      headers: { authorization: `Bearer ${emu.rw}` },
    }),
  );
  await fault({ kind: 'hang_after', method: 'POST' });
  await assert.rejects(
    raw('/servers', {
      method: 'POST',
      body: JSON.stringify(order('silent')),
      signal: AbortSignal.timeout(300),
      headers: { authorization: `Bearer ${emu.rw}` },
    }),
  );
  assert.equal(await exists('silent'), true);
});

test('late, broken, huge, slow and mislabelled answers', async () => {
  await fault({ kind: 'delay', ms: 200 });
  const before = Date.now();
  await emu.get('/locations');
  assert.ok(Date.now() - before >= 195);
  await fault({ kind: 'non_json' });
  const page = await raw('/servers');
  assert.deepEqual([page.status, (await page.text()).startsWith('<html>')], [502, true]);
  await fault({ kind: 'truncated' });
  await assert.rejects(raw('/pricing').then((answer) => answer.text()));
  await fault({ kind: 'huge', bytes: 3_000_000 });
  const huge = await (await raw('/locations')).text();
  assert.ok(huge.length > 3_000_000 && JSON.parse(huge).locations.length === 6);
  await fault({ kind: 'slow', bytes: 200, ms: 25 });
  const start = Date.now();
  assert.equal((await emu.get('/locations')).status, 200);
  assert.ok(Date.now() - start > 80);
  await fault({ kind: 'wrong_type' });
  assert.match((await raw('/locations')).headers.get('content-type'), /^text\/html/);
});

test('pages that miss a row or repeat one', async () => {
  await fault({ kind: 'page_missing', path: '^/locations$' });
  assert.deepEqual((await emu.get('/locations')).body.locations[0].name, 'nbg1');
  await fault({ kind: 'page_duplicate', path: '^/locations$' });
  assert.equal((await emu.get('/locations')).body.locations.length, 7);
  await emu.tell('PUT', '/settings', { endless_pages: true });
  assert.equal((await emu.get('/locations?page=9')).body.meta.pagination.next_page, 10);
  await emu.tell('PUT', '/settings', { endless_pages: false });
});

test('actions that fail or never end', async () => {
  const { server } = await emu.server('acting');
  await fault({
    kind: 'action_error',
    command: 'reboot_server',
    code: 'unknown_error',
    message: '',
  });
  const failed = await emu.done(
    (await emu.post(`/servers/${server.id}/actions/reboot`)).body.action,
  );
  assert.deepEqual(
    [failed.status, failed.error],
    ['error', { code: 'unknown_error', message: '' }],
  );

  await fault({ kind: 'action_error', command: 'create_server' });
  const made = await emu.post('/servers', order('still-born'));
  assert.equal((await emu.done(made.body.action)).status, 'error');
  assert.equal(
    (await emu.done(made.body.next_actions[0])).status,
    'error',
    'the start that depended on it',
  );

  await fault({ kind: 'action_stuck', command: 'reboot_server' });
  const stuck = (await emu.post(`/servers/${server.id}/actions/reboot`)).body.action;
  await sleep(200);
  await emu.tell('POST', '/clock', { advance: 86_400 });
  assert.equal((await emu.get(`/actions/${stuck.id}`)).body.action.status, 'running');
});

test('a wrong fault is refused', async () => {
  const post = (body) =>
    fetch(`${emu.admin}/faults`, { method: 'POST', body: JSON.stringify(body) });
  assert.equal((await post({ kind: 'eror' })).status, 422);
  assert.equal((await post({ kind: 'error', methd: 'GET' })).status, 422);
});
