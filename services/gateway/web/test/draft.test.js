import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { dropDraft, loadDraft, restoreDraft, saveDraft } from '../src/lib/draft.js';

const start = { name: '', client: '' };
const first = { name: 'web-1', client: 'Nordwind' };
const second = { name: 'web-2', client: 'Nordwind' };

beforeEach(() => {
  const kept = new Map();
  globalThis.sessionStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
});

test('what was typed is there again, until it is sent', () => {
  saveDraft('request', first);
  assert.deepEqual(loadDraft('request', start), first);
  dropDraft('request', first);
  assert.deepEqual(loadDraft('request', start), start);
});

test('a newer draft outlives the sending, and the refusal, of an older one', () => {
  saveDraft('request', second);
  dropDraft('request', first);
  restoreDraft('request', first);
  assert.deepEqual(loadDraft('request', start), second);
});

test('what was refused after all can be mended', () => {
  restoreDraft('request', first);
  assert.deepEqual(loadDraft('request', start), first);
});
