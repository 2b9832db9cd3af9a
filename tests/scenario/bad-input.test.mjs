// Bad input gets a clear 4xx that names the field, and changes nothing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { requestBody } from '../lib/road.mjs';
import { exchange, startStack } from '../lib/stack.mjs';

let stack, sales, admin, agent;

before(async () => {
  stack = await startStack({ emulator: { boot: 'none' } });
  [sales, admin, agent] = await Promise.all(['sales_agent', 'administrator', 'technical_agent'].map((role) => stack.client(role)));
});

after(() => stack?.stop());

const journal = () => stack.value('SELECT (SELECT count(*) FROM workflow.inbox) + (SELECT count(*) FROM workflow.request) + (SELECT count(*) FROM workflow.project)');

// [what, change of the good body, field that is blamed, code]
const wrong = [
  ['an unknown field', { colour: 'red' }, 'colour', 'unknown'],
  ['a field that decides rights', { state: 'approved' }, 'state', 'unknown'],
  ['text where a number belongs', { project: '1' }, 'project', 'wrong_type'],
  ['a number where text belongs', { name: 7 }, 'name', 'wrong_type'],
  ['a name that is too long', { name: 'a'.repeat(64) }, 'name', 'too_long'],
  ['a name with a shell in it', { name: '$(id)' }, 'name', 'bad_format'],
  ['a missing client', { client: undefined }, 'client', 'required'],
  ['an empty client', { client: '' }, 'client', 'required'],
  ['control characters', { client: 'a\u001b[31mb' }, 'client', 'bad_format'],
  ['a priority nobody knows', { priority: 'asap' }, 'priority', 'not_allowed'],
  ['an array', { usage: ['a'] }, 'usage', 'wrong_type'],
  ['an object', { usage: { a: 1 } }, 'usage', 'wrong_type'],
  ['a fraction', { project: 1.5 }, 'project', 'wrong_type'],
  ['a justification without end', { justification: 'x'.repeat(2001) }, 'justification', 'too_long'],
  ['a server type nobody sells', { server_type: 'cx99' }, 'server_type', undefined],
  ['a location that does not exist', { location: 'mars1' }, undefined, undefined],
  ['an image that does not exist', { image: 'windows-11' }, 'image', undefined],
];

for (const [what, change, field, code] of wrong)
  test(`a request with ${what} is refused and nothing is kept`, async () => {
    const before = await stack.value('SELECT count(*) FROM workflow.request');
    const answer = await sales.post('/requests', requestBody(stack, change));
    assert.equal(answer.status, 422, answer.text);
    assert.match(answer.headers['content-type'], /^application\/problem\+json/);
    assert.match(answer.body.correlation, /^[0-9a-f-]{36}$/);
    if (field) assert.equal(answer.body.errors[0].field, field, answer.text);
    if (code) assert.equal(answer.body.errors[0].code, code, answer.text);
    assert.ok(answer.body.errors?.[0]?.detail ?? answer.body.detail);
    assert.equal(await stack.value('SELECT count(*) FROM workflow.request'), before);
  });

const raw = (body, headers = {}) => exchange(`${stack.url}/api/v1/requests`, {
  method: 'POST',
  headers: { cookie: sales.cookie, 'x-csrf-token': sales.csrf, origin: stack.url, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
  body,
});

const unreadable = [
  ['not JSON', '{', 400],
  ['an array', '[]', 400],
  ['a NUL byte', '{"name":"a\u0000b"}', 400],
  ['a key twice', '{"project":1,"project":2}', 400],
  ['not UTF-8', Buffer.from('7b226e616d65223a22ff227d', 'hex'), 400],
  ['nested too deep', `{"a":${'['.repeat(200)}${']'.repeat(200)}}`, 400],
  ['nested absurdly deep', `{"a":${'['.repeat(50000)}${']'.repeat(50000)}}`, 400],
];

for (const [what, body, status] of unreadable)
  test(`a body that is ${what} is refused as a whole`, async () => {
    const before = await journal();
    const answer = await raw(body);
    assert.equal(answer.status, status, answer.text);
    assert.ok(answer.body.detail);
    assert.equal(await journal(), before);
  });

test('a body that is too big is refused without being read', async () => {
  const answer = await raw('x'.repeat(300 * 1024)).catch((error) => ({ status: 413, error }));
  assert.equal(answer.status, 413);
});

test('a form is not JSON', async () => {
  assert.equal((await raw('name=a', { 'content-type': 'application/x-www-form-urlencoded' })).status, 415);
});

test('what does not exist and what one may not see look the same', async () => {
  const request = await sales.write('/requests', requestBody(stack));
  const foreign = await agent.get(`/requests/${request.id}`);
  const absent = await agent.get('/requests/999999');
  assert.deepEqual([foreign.status, absent.status], [404, 404]);
  const plain = ({ body }) => ({ ...body, correlation: null });
  assert.deepEqual(plain(foreign), plain(absent));
  const approve = async (id) => plain(await agent.post(`/requests/${id}/approve`, { version: 1 }));
  assert.deepEqual(await approve(request.id), await approve(999999), 'not even by what is refused');
});

test('who may not do a thing is refused, and the attempt is on record', async () => {
  const answer = await sales.post('/projects', { name: 'Mine', token: 'x'.repeat(64) });
  assert.equal(answer.status, 403);
  assert.equal(await stack.value("SELECT count(*)::int FROM audit.log WHERE action = 'project.create' AND outcome = 'denied'"), 1);
  // of the audit log a sales agent sees her own acts, this one among them, and nobody else's
  const { items } = await sales.read('/audit');
  assert.ok(items.some((item) => item.action === 'project.create'));
  assert.deepEqual([...new Set(items.map((item) => item.actor.name))], ['Sam Sales']);
});

test('an illegal transition answers 409 with the state it is in', async () => {
  const request = await sales.write('/requests', requestBody(stack));
  const cancelled = await sales.write(`/requests/${request.id}/cancel`, { version: request.version });
  assert.equal(cancelled.state, 'cancelled');
  for (const [act, body] of [['approve', {}], ['reject', { reason: 'Too late for that.' }], ['retry', {}], ['cancel', {}]]) {
    const answer = await admin.post(`/requests/${request.id}/${act}`, { version: cancelled.version, ...body });
    assert.equal(answer.status, 409, `${act}: ${answer.text}`);
    assert.equal(answer.body.state, 'cancelled');
  }
});

test('a stale version is a conflict, not a second effect', async () => {
  const request = await sales.write('/requests', requestBody(stack));
  const answer = await admin.post(`/requests/${request.id}/reject`, { version: request.version + 1, reason: 'Looked at another version.' });
  assert.equal(answer.status, 409);
  assert.equal((await sales.read(`/requests/${request.id}`)).state, 'pending');
});

test('wrong password, unknown user: the same answer', async () => {
  const attempt = (username) => exchange(`${stack.url}/api/v1/session`, {
    method: 'POST', headers: { 'content-type': 'application/json', origin: stack.url }, body: JSON.stringify({ username, password: 'not the password at all' }),
  });
  const known = await attempt(stack.users.sales_agent.username);
  const unknown = await attempt('nobody-of-that-name');
  assert.deepEqual([known.status, unknown.status], [401, 401]);
  assert.deepEqual({ ...known.body, correlation: null }, { ...unknown.body, correlation: null });
});

test('without the token against forged requests, or from another site, nothing is done', async () => {
  const body = requestBody(stack);
  const before = await journal();
  const forged = [
    await sales.post('/requests', body, { 'x-csrf-token': 'wrong' }),
    await sales.post('/requests', body, { origin: 'https://evil.example' }),
    await sales.post('/requests', body, { 'sec-fetch-site': 'cross-site' }),
  ];
  assert.deepEqual(forged.map((a) => a.status), [403, 403, 403]);
  assert.equal(await journal(), before);
});

test('every answer carries the headers that keep a browser safe', async () => {
  for (const path of ['/', '/api/v1/session', '/api/v1/nothing', '/nothing.js', '/healthz']) {
    const { headers } = await exchange(`${stack.url}${path}`);
    assert.match(headers['content-security-policy'], /default-src 'none'.*trusted-types lit-html/, path);
    assert.equal(headers['x-content-type-options'], 'nosniff', path);
    assert.equal(headers['referrer-policy'], 'no-referrer', path);
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin', path);
    assert.doesNotMatch(headers.server ?? '', /kore/i, path);
  }
});
