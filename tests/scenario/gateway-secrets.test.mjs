// What somebody typed as a secret does not stay in the gateway's memory, whatever became of the request. Under
// AddressSanitizer freed memory is not used again for long, so a copy that was freed without being zeroed is found.

import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';

import { Client, startStack } from '../lib/stack.mjs';

const password = 'correct horse battery ada';
let stack, ada, workers;

before(async () => {
  stack = await startStack({ emulator: false, demo: false, services: ['workflow', 'notifier', 'gateway'] });
  await stack.spsctl(['user', 'add', '--username', 'ada', '--name', 'Ada', '--email', 'ada@example.org', '--role', 'administrator'], { input: password });
  ada = await new Client(stack.url).signIn({ username: 'ada', password });
  const { pid } = stack.services.gateway;
  workers = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
});

after(() => stack?.stop());

// How often these bytes are in the writable memory of a process. The sanitizer's own tables are left out by their size.
function copies(pid, needle) {
  const fd = openSync(`/proc/${pid}/mem`, 'r');
  let found = 0;
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    const size = from ? Number(BigInt(`0x${to}`) - BigInt(`0x${from}`)) : 0;
    if (!size || size > 1 << 28) continue;
    const bytes = Buffer.alloc(size);
    try {
      readSync(fd, bytes, 0, size, BigInt(`0x${from}`));
    } catch {
      continue; // [vvar] and the like
    }
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) found++;
  }
  closeSync(fd);
  return found;
}

const readable = () => {
  try {
    return copies(process.pid, 'x') >= 0 && copies(workers[0], 'Host') >= 0;
  } catch {
    return false;
  }
};

let serial = 0;
const token = () => `canary${++serial}-${'t'.repeat(50)}`;

// [what, the request, its status]
const fates = [
  ['done', (t) => ada.post('/projects', { name: 'Done', token: t }), 201],
  ['refused for another field', (t) => ada.post('/projects', { name: '', token: t }), 422],
  ['refused for its key', (t) => ada.post('/projects', { name: 'Key', token: t }, { 'idempotency-key': 'short' }), 400],
  ['refused for its origin', (t) => ada.post('/projects', { name: 'Origin', token: t }, { origin: 'http://elsewhere' }), 403],
  ['sent by nobody', (t) => new Client(stack.url).post('/projects', { name: 'Nobody', token: t }), 401],
  ['sent to a wrong address', (t) => ada.post('/project', { name: 'Nowhere', token: t }), 404],
  ['repeated', async (t) => {
    await ada.post('/projects', { name: 'Again', token: t }, { 'idempotency-key': 'twice-the-same' });
    return ada.post('/projects', { name: 'Again', token: t }, { 'idempotency-key': 'twice-the-same' });
  }, 201],
];

for (const [what, send, status] of fates)
  test(`a token in a request that was ${what} is gone`, async (t) => {
    if (!readable()) return t.skip('this system does not let a test read the memory of another process');
    const secret = token();
    const answer = await send(secret);
    assert.equal(answer.status, status, answer.text);
    for (const pid of workers) assert.equal(copies(pid, secret), 0);
  });

test('a token that came in small pieces is gone', async (t) => {
  if (!readable()) return t.skip('this system does not let a test read the memory of another process');
  const secret = token();
  const body = JSON.stringify({ name: '', token: secret });
  const head = `POST /api/v1/projects HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nCookie: ${ada.cookie}\r\nX-CSRF-Token: ${ada.csrf}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const answer = await new Promise((resolve) => {
    const socket = connect(stack.port, '127.0.0.1');
    const parts = [head + body.slice(0, 60), body.slice(60, 70), body.slice(70)];
    const next = () => parts.length && socket.write(parts.shift(), () => setTimeout(next, 30));
    socket.setNoDelay(true);
    socket.once('connect', next);
    socket.once('data', (data) => (resolve(data.toString()), socket.destroy()));
  });
  assert.match(answer, /^HTTP\/1\.1 422 /);
  for (const pid of workers) assert.equal(copies(pid, secret.slice(0, 30)) + copies(pid, secret.slice(-30)), 0);
});

test('a password is gone where it was checked', async (t) => {
  if (!readable()) return t.skip('this system does not let a test read the memory of another process');
  assert.equal(copies(stack.services.workflow.pid, password), 0);
});
