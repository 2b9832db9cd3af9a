// The road when things break on it: each service killed in the middle, the database crashed, Redis emptied, a
// service down for a while. The request still ends deployed, with one server, one reservation and a whole log.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { approve, bootOptions, canBoot, checkDeployed, requestBody, serversOf, submit, untilState } from '../lib/road.mjs';
import { startStack, until } from '../lib/stack.mjs';

const skip = !canBoot && 'booting a server needs root';
let stack, sales, admin;
let held = null; // while set: the mail server takes letters and does not answer

function holdMail() {
  held = { letters: 0 };
  held.over = new Promise((resolve) => { held.release = resolve; });
}

before(async () => {
  if (skip) return;
  stack = await startStack({ emulator: bootOptions, mail: { data: () => { if (held) held.letters += 1; return held?.over; } } });
  [sales, admin] = await Promise.all(['sales_agent', 'administrator'].map((role) => stack.client(role)));
});

after(() => stack?.stop());

async function signInAgain() {
  [sales, admin] = await Promise.all(['sales_agent', 'administrator'].map((role) => stack.client(role)));
}

// Where each service is hurt: in the middle of its own part of the road.
const moments = {
  workflow: async (id) => until('the saga to be under way', async () => (await stack.value('SELECT state FROM workflow.request WHERE id = $1', [id])) === 'deploying', { every: 20 }),
  hetzner: async (id) => until('the server to be asked for', async () => (await serversOf(stack, id)).length === 1, { every: 20 }),
  'ansible-runner': async (id) => until('the playbook to be running', async () => (await stack.value("SELECT count(*)::int FROM runner.run_log l JOIN runner.run r ON r.id = l.run WHERE r.request = $1", [id])) > 3, { every: 20, timeout: 90000 }),
  notifier: async (id) => until('a letter to be on its way', async () => held.letters > 0 && (await stack.value("SELECT count(*)::int FROM notifier.delivery d JOIN notifier.notification n ON n.id = d.notification WHERE d.state = 'sending' AND n.link = $1", [`/requests/${id}`])) > 0, { every: 20 }),
  gateway: async (id) => until('the saga to be under way', async () => (await stack.value('SELECT state FROM workflow.request WHERE id = $1', [id])) === 'deploying', { every: 20 }),
};

for (const [service, moment] of Object.entries(moments))
  test(`${service} is killed in the middle and started again`, { skip }, async () => {
    if (service === 'notifier') holdMail();
    const request = await submit(sales, stack);
    await approve(admin, request);
    await moment(request.id);
    await stack.services[service].kill9();
    held?.release();
    held = null;
    stack.services[service].start();
    await stack.ready([service]);
    await untilState(admin, request.id, ['deployed']);
    await checkDeployed(stack, admin, request.id);
  });

test('a deployment is cancelled while the runner is away: its playbook is never run', { skip }, async () => {
  const runner = stack.services['ansible-runner'];
  assert.equal((await runner.stop()).code, 0);
  try {
    const request = await submit(sales, stack);
    await approve(admin, request);
    await until('the run to be ordered', () => stack.value("SELECT count(*)::int FROM runner.inbox WHERE type = 'run.start' AND agg = $1 AND state = 0", [`request:${request.id}`]), { timeout: 90000 });
    const { version } = await admin.read(`/requests/${request.id}`);
    await admin.write(`/requests/${request.id}/cancel`, { version });
    await untilState(admin, request.id, ['cancelled']);
    assert.equal((await serversOf(stack, request.id)).length, 0);
    runner.start();
    const run = await until('the order to be read', async () => (await stack.rows('SELECT * FROM runner.run WHERE request = $1 AND finished_at IS NOT NULL', [request.id]))[0]);
    assert.deepEqual([run.state, run.launched_at], ['cancelled', null]);
    assert.equal((await admin.read(`/requests/${request.id}`)).state, 'cancelled');
  } finally {
    if (!runner.running) runner.start();
    await stack.ready(['ansible-runner']);
  }
});

test('PostgreSQL crashes in the middle and comes back', { skip }, async () => {
  const request = await submit(sales, stack);
  await approve(admin, request);
  await moments.hetzner(request.id);
  await stack.database.crash();
  await stack.database.start();
  await until('the gateway to be ready again', async () => (await admin.get(`/requests/${request.id}`)).status === 200, { timeout: 30000 });
  await untilState(admin, request.id, ['deployed']);
  await checkDeployed(stack, admin, request.id);
});

test('Redis is emptied: people sign in again, nothing else happens', { skip }, async () => {
  const request = await submit(sales, stack);
  await approve(admin, request);
  await stack.redisCommand('FLUSHALL');
  assert.equal((await admin.get('/requests')).status, 401);
  await signInAgain();
  await untilState(admin, request.id, ['deployed']);
  await checkDeployed(stack, admin, request.id);
});

test('a service that is down gets its commands when it returns', { skip }, async () => {
  const request = await submit(sales, stack);
  await stack.services.workflow.stop();
  const answer = await admin.post(`/requests/${request.id}/approve`, { version: request.version });
  assert.equal(answer.status, 202, answer.text);
  assert.equal((await admin.read(`/commands/${answer.body.command}`)).state, 'ready');
  const blind = await sales.post('/requests', requestBody(stack));
  assert.equal(blind.status, 202);
  stack.services.workflow.start();
  await stack.ready(['workflow']);
  await admin.result(answer.body.command);
  await sales.result(blind.body.command);
  await untilState(admin, request.id, ['deployed']);
  await checkDeployed(stack, admin, request.id);
});

test('everything is killed at once and started in another order', { skip }, async () => {
  const request = await submit(sales, stack);
  await approve(admin, request);
  await moments.hetzner(request.id);
  const names = Object.keys(stack.services);
  await Promise.all(names.map((name) => stack.services[name].kill9()));
  for (const name of names.reverse()) stack.services[name].start();
  await stack.ready(names);
  await untilState(admin, request.id, ['deployed']);
  await checkDeployed(stack, admin, request.id);
});
