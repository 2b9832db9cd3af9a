import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { afterEach, test } from 'node:test';
import { setCsrf } from '../src/lib/api.js';
import { follow, submit, Submission } from '../src/lib/command.js';
import { ApiError } from '../src/lib/errors.js';

globalThis.crypto ??= webcrypto; // Debian's Node has it, but not under this name

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

/** Answers in order; the last one repeats. */
function service(...answers) {
  const calls = [];
  globalThis.fetch = async (url, init) => {
    calls.push({ url, ...init });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer === 'offline') throw new TypeError('Failed to fetch');
    return new Response(JSON.stringify(answer.body), {
      status: answer.status,
      headers: answer.headers,
    });
  };
  return calls;
}

const now = async () => {};

test('a change carries the token of the session and its key', async () => {
  setCsrf('t0ken');
  const calls = service({ status: 200, body: { id: 7 } });
  assert.deepEqual(await submit('/requests/7/approve', { version: 3 }, { key: 'k1' }), { id: 7 });
  assert.equal(calls[0].url, '/api/v1/requests/7/approve');
  assert.equal(calls[0].headers['x-csrf-token'], 't0ken');
  assert.equal(calls[0].headers['idempotency-key'], 'k1');
  assert.equal(calls[0].body, '{"version":3}');
});

test('before signing in there is no token, and no empty header either', async () => {
  setCsrf('');
  const calls = service({ status: 200, body: {} });
  await submit('/session', {});
  assert.equal('x-csrf-token' in calls[0].headers, false);
});

test('an accepted command is followed to its result, over passing failures', async () => {
  service(
    { status: 200, body: { state: 'leased' } },
    'offline',
    { status: 503, body: {} },
    { status: 200, body: { state: 'done', result: { id: 7 } } },
  );
  assert.deepEqual(await follow('0193', { pause: now }), { id: 7 });
});

test('a command that failed throws the problem it failed with', async () => {
  service({
    status: 200,
    body: { state: 'failed', error: { status: 409, detail: 'It was decided.', state: 'rejected' } },
  });
  await assert.rejects(follow('0193', { pause: now }), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.status, 409);
    assert.equal(error.state, 'rejected');
    return true;
  });
});

test('problems carry sentences for fields and the time to wait', async () => {
  service({
    status: 422,
    headers: { 'retry-after': '3' },
    body: {
      detail: 'Look again.',
      errors: [{ field: 'name', code: 'taken', detail: 'This name is taken.' }],
    },
  });
  await assert.rejects(submit('/requests', {}), (error) => {
    assert.deepEqual(error.fields, { name: 'This name is taken.' });
    assert.equal(error.retryAfter, 3);
    return true;
  });
});

test('an answer from something in between still reads like a sentence', async () => {
  globalThis.fetch = async () => new Response('<html>Bad gateway</html>', { status: 502 });
  await assert.rejects(submit('/requests', {}), (error) => {
    assert.equal(error.status, 502);
    assert.match(error.message, /^The service could not do this/);
    return true;
  });
});

test('the key stays while the end is unclear, and only for the same content', () => {
  const submission = new Submission();
  const first = submission.keyFor({ name: 'web-1' });
  submission.settle(new ApiError({ code: 'offline' }));
  assert.equal(submission.keyFor({ name: 'web-1' }), first);
  assert.notEqual(submission.keyFor({ name: 'web-2' }), first);
});

test('a clear answer ends the life of a key', () => {
  const submission = new Submission();
  const first = submission.keyFor({ version: 1 });
  submission.settle(new ApiError({ status: 422 }));
  assert.notEqual(submission.keyFor({ version: 1 }), first);
});
