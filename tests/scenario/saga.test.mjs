// The saga of a request and what other services report to it: late, about something that is over, in any alphabet.
// Only workflow and the notifier run; the test speaks for the others.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { deliver } from '../lib/bus.mjs';
import { startStack, until } from '../lib/stack.mjs';

const password = 'correct horse battery ada';
let stack, ada, project, requester;
let serial = 0;

before(async () => {
  stack = await startStack({ emulator: false, demo: false, services: ['workflow', 'notifier', 'gateway'] });
  for (const [username, role] of [['ada', 'administrator'], ['sam', 'sales_agent']])
    await stack.spsctl(['user', 'add', '--username', username, '--name', username, '--email', `${username}@example.org`, '--role', role], { input: password });
  ada = await stack.client({ username: 'ada', password });
  requester = await stack.value("SELECT workflow.user_id('sam')");
  project = Number(await stack.execute(`INSERT INTO workflow.project (name, created_by) VALUES ('P', ${requester}) RETURNING id`));
});

after(() => stack?.stop());

// A request whose server is being made: every step before @step is done, @step is running.
async function deploying(step) {
  const steps = ['validate', 'reserve_name', 'ssh_key', 'create_server', 'await_action', 'await_running', 'record_address', 'dns', 'ssh', 'baseline', 'finish'];
  const at = steps.indexOf(step);
  const id = Number(await stack.execute(`INSERT INTO workflow.request (state, project, requester, name, client, server_type, location, image,
    server_minor, ipv4_minor, currency, priced_at, op, decided_by, decided_at, ordered, history_seq)
    VALUES ('deploying', ${project}, ${requester}, 'web-${++serial}', 'Nordwind', 'cx23', 'fsn1', 'debian-12', 400, 0, 'EUR', now(), gen_random_uuid(),
    ${ada.session.user.id}, now(), true, 1) RETURNING id`));
  await stack.execute(`INSERT INTO workflow.reservation (request, project, amount_minor, currency) VALUES (${id}, ${project}, 400, 'EUR');
    INSERT INTO workflow.request_step (request, seq, step, label, progress, state) SELECT ${id}, n, s, s, n * 9,
      CASE WHEN n <= ${at} THEN 'done' WHEN n = ${at + 1} THEN 'running' ELSE 'waiting' END
      FROM unnest(ARRAY[${steps.map((s) => `'${s}'`)}]) WITH ORDINALITY u(s, n)`);
  return ada.read(`/requests/${id}`);
}

// What hetzner or the runner tells workflow about a request.
const report = async (request, type, words) => {
  const op = await stack.value('SELECT op FROM workflow.request WHERE id = $1', [request.id]);
  return deliver(stack, 'workflow', type, { op, request: request.id, ...words },
    { agg: `request:${request.id}`, actor: type === 'run.finished' ? 'system:ansible-runner' : 'system:hetzner' });
};
const now = ({ id }) => ada.read(`/requests/${id}`);
const cancel = ({ id, version }) => ada.write(`/requests/${id}/cancel`, { version });
const creationFailed = { attempt: 1, step: 'create_server', code: 'placement_error', message: 'There is no room for it.', cost_running: false };

test('a creation that fails while it is being cancelled does not end the undoing', async () => {
  const request = await deploying('create_server');
  assert.equal((await cancel(request)).undoing, true);
  await report(request, 'server.failed', creationFailed); // said before hetzner knew of the cancelling
  const undoing = await now(request);
  assert.equal(undoing.undoing, true);
  assert.equal(undoing.failure.code, 'cancelled_midway');
  await report(request, 'server.deleted', { server: 0 });
  assert.equal((await now(request)).state, 'cancelled');
  assert.deepEqual(await stack.rows('SELECT state FROM workflow.reservation WHERE request = $1', [request.id]), [{ state: 'released' }]);
});

test('a deletion that fails ends the undoing, and can be tried again', async () => {
  const request = await deploying('await_action');
  await cancel(request);
  await report(request, 'server.failed', { ...creationFailed, step: 'delete_server', code: 'protected', message: 'It is protected.', cost_running: true });
  const failed = await now(request);
  assert.deepEqual([failed.state, failed.undoing, failed.failure.step, failed.failure.cost_running], ['failed', false, 'delete_server', true]);
  await ada.write(`/requests/${request.id}/rollback`, { version: failed.version, name: failed.name });
  await report(request, 'server.deleted', { server: 0 });
  assert.equal((await now(request)).state, 'cancelled');
});

test('a playbook may complain at length and in any alphabet: the request fails with its words, and people are told', async () => {
  for (const letter of ['ж', '漢', '🐘']) {
    const message = letter.repeat(600); // characters: what run.finished may carry
    const request = await deploying('baseline');
    await report(request, 'run.finished', { run: 1, attempt: 1, server: 1, state: 'failed', message });
    const failed = await now(request);
    assert.equal(failed.state, 'failed');
    assert.equal(failed.failure.message, message);
    assert.equal(failed.history.at(-1).detail, `baseline: ${message}`.replace('baseline', 'Set the server up'));
    const told = await until('the notification', async () =>
      (await stack.rows("SELECT body FROM notifier.notification WHERE event = 'request.failed' AND request_id = $1", [request.id]))[0]);
    assert.ok(told.body.includes(message));
  }
});

test('so may the provider, about a deletion', async () => {
  const request = await deploying('await_running');
  await cancel(request);
  await report(request, 'server.failed', { ...creationFailed, step: 'delete_server', message: '語'.repeat(600) });
  assert.ok((await now(request)).history.at(-1).detail.endsWith('語'.repeat(600)));
});
