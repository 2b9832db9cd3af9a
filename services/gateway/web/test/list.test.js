import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzyScore } from '../src/lib/fuzzy.js';
import { mergeRows } from '../src/lib/list.js';

const rows = (...ids) => ids.map((id) => ({ id, rev: 1 }));

test('the first answer is taken as it is', () => {
  assert.deepEqual(mergeRows([], rows(1, 2), null, 'id'), { items: rows(1, 2), fresh: 0 });
});

test('known rows change in place, new ones wait to be asked for', () => {
  const now = [
    { id: 9, rev: 1 },
    { id: 1, rev: 2 },
    { id: 2, rev: 1 },
  ];
  const { items, fresh } = mergeRows(rows(1, 2), now, new Set([1, 2]), 'id');
  assert.deepEqual(items, [
    { id: 1, rev: 2 },
    { id: 2, rev: 1 },
  ]);
  assert.equal(fresh, 1);
});

test('without new rows the newest order is shown', () => {
  const { items, fresh } = mergeRows(rows(1, 2, 3), rows(3, 1), new Set([1, 2, 3]), 'id');
  assert.deepEqual(items, rows(3, 1));
  assert.equal(fresh, 0);
});

test('a row that has left the filter goes, also while new ones wait', () => {
  const now = rows(9, 1);
  const { items, fresh } = mergeRows(rows(1, 2), now, new Set([1, 2]), 'id');
  assert.deepEqual(items, rows(1));
  assert.equal(fresh, 1);
});

test('an empty list fills itself', () => {
  assert.deepEqual(mergeRows([], rows(1), new Set(), 'id'), { items: rows(1), fresh: 0 });
});

test('typed letters find words by their beginnings', () => {
  assert.ok(fuzzyScore('new request', 'nr') > fuzzyScore('runner', 'nr'));
  assert.ok(fuzzyScore('requests', 'req') > fuzzyScore('free quota', 'req'));
  assert.equal(fuzzyScore('servers', 'xyz'), 0);
  assert.ok(fuzzyScore('anything', '') > 0);
});
