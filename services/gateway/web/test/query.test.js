import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageNumber, readQuery, safePath, writeQuery } from '../src/lib/query.js';

const DEFAULTS = { q: '', state: '', sort: 'name', dir: 'asc', page: '1' };

test('an address without a query is all defaults', () => {
  assert.deepEqual(readQuery('', DEFAULTS), DEFAULTS);
});

test('what is written can be read again', () => {
  const values = { q: 'a & b=ü#1', state: 'failed', sort: 'cost', dir: 'desc', page: '3' };
  assert.deepEqual(readQuery(writeQuery(values, DEFAULTS), DEFAULTS), values);
});

test('defaults and unknown names stay out', () => {
  assert.equal(writeQuery({ ...DEFAULTS, evil: 'x' }, DEFAULTS), '');
  assert.equal(writeQuery({ ...DEFAULTS, page: '2' }, DEFAULTS), '?page=2');
  assert.equal('evil' in readQuery('?evil=1', DEFAULTS), false);
});

test('a page number is at least one', () => {
  assert.equal(pageNumber('7'), 7);
  for (const odd of ['0', '-3', 'x', '', '1e999']) assert.equal(pageNumber(odd), 1);
});

test('after signing in nobody is led to another site', () => {
  assert.equal(safePath('/requests/7?x=1#L3'), '/requests/7?x=1#L3');
  for (const odd of [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    'javascript:1',
    '',
    null,
  ]) {
    assert.equal(safePath(odd), '/');
  }
  assert.equal(safePath('/login?next=/login'), '/');
});
