import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverNameProblem, validate } from '../src/lib/validate.js';

test('server names follow RFC 1123', () => {
  for (const good of ['a', 'web-1', '7up', 'a'.repeat(63)])
    assert.equal(serverNameProblem(good), null, good);
});

test('a bad server name is answered with what to change', () => {
  assert.match(serverNameProblem('Web-1'), /small letters/);
  assert.match(serverNameProblem('web_1'), /“_” cannot be used/);
  assert.match(serverNameProblem('web 1'), /“space” cannot be used/);
  assert.match(serverNameProblem('-web'), /Start and end/);
  assert.match(serverNameProblem('web-'), /Start and end/);
  assert.match(serverNameProblem('a'.repeat(64)), /at most 63/);
});

test('rules speak in sentences and only about what is wrong', () => {
  const rules = {
    reason: { label: 'a reason', required: true, min: 5, max: 10 },
    note: { label: 'a note', max: 3 },
  };
  assert.deepEqual(validate({ reason: '', note: '' }, rules), { reason: 'Enter a reason.' });
  assert.deepEqual(validate({ reason: 'abc', note: 'abcd' }, rules), {
    reason: 'Use at least 5 characters.',
    note: 'Use at most 3 characters; these are 4.',
  });
  assert.deepEqual(validate({ reason: 'abcde', note: '' }, rules), {});
});

test('spaces around a value do not count, characters beyond 16 bits count once', () => {
  const rules = { reason: { label: 'a reason', required: true, min: 5, max: 5 } };
  assert.deepEqual(validate({ reason: '     ' }, rules), { reason: 'Enter a reason.' });
  assert.deepEqual(validate({ reason: '🚀🚀🚀🚀🚀' }, rules), {});
});
