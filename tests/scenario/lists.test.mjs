// How lists count, filter and search when there is more than they look at, and what they say of parameters that are
// wrong. Who sees which rows is in permissions.test.mjs.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startStack } from '../lib/stack.mjs';

let stack, ada, mia;

before(async () => {
  stack = await startStack({ services: [], demo: false, emulator: false });
  for (const [name, role] of [['ada', 'administrator'], ['mia', 'technical_manager']])
    await stack.execute(`SELECT workflow.user_create('${name}', '${name}', '${name}@example.org', '${role}', '$argon2id$v=19$none')`);
  [ada, mia] = await Promise.all(['ada', 'mia'].map((name) => stack.value('SELECT workflow.user_id($1)', [name])));
});

after(() => stack?.stop());

// What a GET answers this person. @list: the function in schema api.
const ask = (list, person, args = {}) => stack.value(`SELECT api.${list}($1::bigint, 1, $2::jsonb)::json AS answer`, [person, JSON.stringify(args)]);
// The sentence it refuses with.
const refusal = (list, person, args) => ask(list, person, args).then(() => 'an answer', (error) => /ERROR: +(.*)/.exec(error.message)[1]);

test('audit: what was refused is found and counted however much went well', async () => {
  const act = (n, outcome, who) => stack.execute(`SELECT count(audit.append('user:${who}', ${who}, 'test.act', 'request:1', '${outcome}', NULL, NULL))
    FROM generate_series(1, ${n})`);
  await act(3, 'denied', mia);
  await act(1500, 'ok', mia);
  for (const person of [ada, mia]) {
    const denied = await ask('audit_list', person, { state: 'denied', q: 'test.act' });
    assert.equal(denied.items.length, 3);
    assert.deepEqual([denied.total, denied.total_capped], [3, false]);
    assert.deepEqual(denied.counts, { ok: 1000, denied: 3 });
    assert.deepEqual((({ total, total_capped }) => [total, total_capped])(await ask('audit_list', person, { q: 'test.act' })), [1000, true]);
  }
  const order = async (dir) => (await ask('audit_list', mia, { dir, q: 'test.act', size: '5' })).items.map((i) => i.seq);
  assert.deepEqual(await order('desc'), [...await order('desc')].sort((a, b) => b - a));
  assert.ok((await order('asc'))[0] < (await order('desc'))[4]);
});

test('notifications: an old one that nobody has read is found among thousands', async () => {
  const tell = (n, title, read) => stack.execute(`INSERT INTO notifier.notification (user_id, event_id, event, severity, title, body, read_at)
    SELECT ${ada}, gen_random_uuid(), 'test.told', 'info', '${title}', 'body', ${read ? 'now()' : 'NULL'} FROM generate_series(1, ${n})`);
  await tell(2, 'Old Ärger', false);
  await tell(1500, 'new', true);
  const unread = await ask('notification_list', ada, { state: 'unread' });
  assert.deepEqual(unread.items.map((n) => n.title), ['Old Ärger', 'Old Ärger']);
  assert.deepEqual([unread.total, unread.counts], [2, { unread: 2, read: 1000 }]);
  assert.equal(await stack.value(`SELECT notifier.unread(${ada})`), 2);
  assert.equal((await ask('notification_list', ada, { q: 'ärger' })).items.length, 2);
  const all = await ask('notification_list', ada, { size: '10' });
  assert.deepEqual([all.total, all.total_capped, all.items.length, all.items[0].title], [1000, true, 10, 'new']);
  assert.equal((await ask('notification_list', ada, { dir: 'asc', size: '1' })).items[0].title, 'Old Ärger');
  assert.equal((await ask('notification_list', mia)).total, 0);
});

// Every list, and a state that it knows.
const lists = { request_list: 'pending', project_list: 'active', server_list: 'managed', run_list: 'running', notification_list: 'unread', audit_list: 'ok' };

for (const [list, state] of Object.entries(lists))
  test(`${list} refuses what it does not understand, and says which parameter it is`, async () => {
    for (const [name, wrong] of Object.entries({ state: 'bogus', size: 'abc', sort: 'zzz', dir: 'up', page: '-1', q: 'x'.repeat(101) }))
      assert.match(await refusal(list, ada, { [name]: wrong }), new RegExp(`^${name} (must be|may have)`));
    for (const size of ['0', '101']) assert.match(await refusal(list, ada, { size }), /^size must be a whole number from 1 to 100\.$/);
    const good = await ask(list, ada, { state, size: '100', page: '1', q: 'x', dir: 'asc' });
    assert.deepEqual(Object.keys(good), ['items', 'total', 'total_capped', 'page', 'size', 'counts']);
  });
