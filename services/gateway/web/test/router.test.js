import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineLink, parseLineLink } from '../src/lib/line-link.js';
import { match } from '../src/lib/router.js';

const ROUTES = [
  { path: '/' },
  { path: '/requests' },
  { path: '/requests/new' },
  { path: '/requests/:id' },
];

const pathOf = (pathname) => match(ROUTES, pathname)?.route.path ?? null;

test('paths find their page', () => {
  assert.equal(pathOf('/'), '/');
  assert.equal(pathOf('/requests'), '/requests');
  assert.equal(pathOf('/requests/'), '/requests');
  assert.equal(pathOf('/requests/new'), '/requests/new');
  assert.deepEqual(match(ROUTES, '/requests/42').params, { id: '42' });
});

test('anything else is no page', () => {
  for (const odd of ['/requests/4x', '/requests/42/edit', '/Requests', '/x', '//requests']) {
    assert.equal(pathOf(odd), null, odd);
  }
});

test('lines of a log are linked one by one and as a range', () => {
  assert.deepEqual(parseLineLink('#L7'), { from: 7, to: 7 });
  assert.deepEqual(parseLineLink('#L20-L10'), { from: 10, to: 20 });
  assert.equal(parseLineLink('#L'), null);
  assert.equal(parseLineLink('#main'), null);
  assert.equal(lineLink({ from: 7, to: 7 }), '#L7');
  assert.equal(lineLink({ from: 7, to: 9 }), '#L7-L9');
});
