// The whole road: a sales agent asks, an administrator approves, the server is created, prepared over SSH, and both
// watch it happen. Real PostgreSQL, Redis, sshd, ansible-playbook and SMTP; only the cloud is emulated.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { approve, bootOptions, canBoot, checkDeployed, requestBody, serversOf, submit, untilState } from '../lib/road.mjs';
import { startStack, until } from '../lib/stack.mjs';

let stack, sales, admin;

before(async () => {
  stack = await startStack({ emulator: bootOptions });
  [sales, admin] = await Promise.all(['sales_agent', 'administrator'].map((role) => stack.client(role)));
});

after(() => stack?.stop());

// Somebody who may open every list and sees nothing in them.
const lists = ['requests', 'servers', 'runs'];

async function watchLists() {
  const person = { username: 'outsider', password: 'correct horse battery outsider' };
  await stack.spsctl(['user', 'add', '--username', person.username, '--name', 'Olga Outside', '--email', 'olga@example.org', '--role', 'technical_agent'], { input: person.password });
  const ws = await (await stack.client(person)).live();
  for (const topic of lists) ws.send({ op: 'sub', topic });
  await until('the subscriptions', () => ws.messages.filter((m) => m.op === 'subscribed' && lists.includes(m.topic)).length === lists.length);
  return ws;
}

test('a request becomes a deployed server that answers, and everybody is told', { skip: !canBoot && 'booting a server needs root' }, async () => {
  const live = await sales.live();
  const outside = await watchLists();
  const created = await submit(sales, stack);
  assert.equal(created.state, 'pending');
  assert.ok(created.price.total_minor > 0, 'the price is known before anybody decides');
  assert.equal(created.can.approve, false, 'nobody approves his own request');
  live.send({ op: 'sub', topic: `request/${created.id}` });
  await until('the subscription', () => live.messages.some((m) => m.op === 'subscribed'));

  const waiting = await admin.read(`/requests/${created.id}`);
  assert.equal(waiting.can.approve, true);
  const approved = await approve(admin, waiting);
  assert.ok(['approved', 'deploying'].includes(approved.state), approved.state);
  await untilState(sales, created.id, ['deployed']);
  const request = await checkDeployed(stack, admin, created.id);

  const frames = live.messages.filter((m) => m.topic === `request/${created.id}` && m.kind === 'changed');
  assert.ok(frames.some((f) => f.state === 'deploying') && frames.some((f) => f.state === 'deployed'), JSON.stringify(frames));
  const progress = frames.map((f) => f.progress);
  assert.deepEqual(progress, [...progress].sort((a, b) => a - b), 'progress only grows');
  live.close();
  for (const topic of lists) assert.ok(outside.messages.some((m) => m.topic === topic && m.kind), `${topic} have changed`);
  for (const frame of outside.messages.filter((m) => lists.includes(m.topic) && !m.op)) assert.deepEqual(frame, { topic: frame.topic, kind: 'changed' });
  outside.close();

  assert.match(request.server.ipv4, /^[0-9.]+$/);
  const [pinned] = await stack.rows('SELECT key FROM runner.host_key WHERE server = $1', [request.server.id]);
  assert.match(pinned.key, /^ssh-ed25519 /);

  const told = await until('the notification', async () => {
    const list = await sales.read('/notifications');
    return list.items.find((n) => n.event === 'request.deployed' && n.link === `/requests/${created.id}`);
  });
  assert.equal(told.severity, 'success');
  await until('the mails', () => stack.mail.messages.filter((m) => m.data.includes(`/requests/${created.id}`)).length >= 2);
});

test('the same Idempotency-Key is the same request, another body under it is refused', async () => {
  const key = { 'idempotency-key': `key-${process.pid}-0001` };
  const body = requestBody(stack);
  const first = await sales.post('/requests', body, key);
  const again = await sales.post('/requests', body, key);
  assert.deepEqual([first.status, again.status], [201, 201]);
  assert.equal(again.body.id, first.body.id);
  const other = await sales.post('/requests', { ...body, usage: 'something else' }, key);
  assert.equal(other.status, 422);
});

test('fifty approvals of one request: one wins, the others are told, one reservation', async () => {
  const request = await submit(sales, stack);
  const answers = await Promise.all(Array.from({ length: 50 }, () => admin.post(`/requests/${request.id}/approve`, { version: request.version })));
  const final = await Promise.all(answers.map(async (a) => (a.status === 202 ? admin.result(a.body.command).then(() => 200, () => 409) : a.status)));
  assert.equal(final.filter((s) => s === 200).length, 1, final.join(' '));
  assert.equal(final.filter((s) => s === 409).length, 49, final.join(' '));
  const refused = answers.find((a) => a.status === 409);
  assert.ok(['approved', 'deploying', 'deployed', 'failed'].includes(refused.body.state), 'the answer says what it is now');
  assert.deepEqual(await stack.rows('SELECT count(*)::int AS n FROM workflow.reservation WHERE request = $1', [request.id]), [{ n: 1 }]);
});

test('a rejected request says why, costs nothing and cannot be approved any more', async () => {
  const request = await submit(sales, stack);
  const short = await admin.post(`/requests/${request.id}/reject`, { version: request.version, reason: 'no' });
  assert.equal(short.status, 422);
  assert.equal(short.body.errors[0].field, 'reason');
  const rejected = await admin.write(`/requests/${request.id}/reject`, { version: request.version, reason: 'The budget of this quarter is used up.' });
  assert.equal(rejected.state, 'rejected');
  const late = await admin.post(`/requests/${request.id}/approve`, { version: rejected.version });
  assert.equal(late.status, 409);
  assert.equal(late.body.state, 'rejected');
  assert.equal((await serversOf(stack, request.id)).length, 0);
  const seen = await sales.read(`/requests/${request.id}`);
  assert.match(seen.reason, /budget/);
});

test('when the chosen type is sold out the request fails with the reason, keeps its budget and can be retried', async () => {
  const request = await submit(sales, stack, { server_type: 'cx33' });
  await stack.cloudSend('POST', '/stock', { server_type: 'cx33', location: 'fsn1', orderable: false });
  await approve(admin, request);
  const failed = await untilState(admin, request.id, ['failed']);
  assert.equal(failed.failure.code, 'resource_unavailable');
  assert.equal(failed.can.retry, true);
  await stack.cloudSend('POST', '/stock', { server_type: 'cx33', location: 'fsn1', orderable: true });
  await admin.write(`/requests/${request.id}/retry`, { version: failed.version });
  if (canBoot) {
    await untilState(admin, request.id, ['deployed']);
    await checkDeployed(stack, admin, request.id);
  } else {
    await until('the server', async () => (await serversOf(stack, request.id)).length === 1);
  }
});

test('a failed request is rolled back only by its typed name, and then nothing is left of it', async () => {
  await stack.cloudSend('POST', '/stock', { server_type: 'cx33', location: 'nbg1', orderable: false });
  const request = await submit(sales, stack, { server_type: 'cx33', location: 'nbg1' });
  await approve(admin, request);
  const failed = await untilState(admin, request.id, ['failed']);
  const wrong = await admin.post(`/requests/${request.id}/rollback`, { version: failed.version, name: 'something-else' });
  assert.equal(wrong.status, 422);
  await admin.write(`/requests/${request.id}/rollback`, { version: failed.version, name: request.name });
  await untilState(admin, request.id, ['cancelled']);
  assert.equal((await serversOf(stack, request.id)).length, 0);
  assert.deepEqual(await stack.rows('SELECT state FROM workflow.reservation WHERE request = $1', [request.id]), [{ state: 'released' }]);
});
