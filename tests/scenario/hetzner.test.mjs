// What goes wrong with the provider and is mended by people: what was sold out is tried again the next morning, and a
// token that was revoked is replaced.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';

import { approve, bootOptions, canBoot, checkDeployed, serversOf, submit, untilState } from '../lib/road.mjs';
import { startStack, until } from '../lib/stack.mjs';

let stack, sales, admin;

before(async () => {
  stack = await startStack({ emulator: bootOptions });
  [sales, admin] = await Promise.all(['sales_agent', 'administrator'].map((role) => stack.client(role)));
});

after(() => stack?.stop());

// Servers boot only for root; without, a request has come far enough when its server is there.
async function arrives(id) {
  if (!canBoot) return until('the server', async () => (await serversOf(stack, id)).length === 1, { timeout: 60000 });
  await untilState(admin, id, ['deployed']);
  return checkDeployed(stack, admin, id);
}

// Another token of the same project at Hetzner, as somebody makes it in its console.
async function newToken(access = 'rw') {
  const token = randomBytes(32).toString('hex');
  await stack.cloudSend('POST', '/projects', { name: 'demo', tokens: [{ token, access }] });
  return token;
}
const revoke = (token) => stack.cloudSend('POST', '/tokens/revoke', { token });
const setToken = (client, token) => client.post(`/projects/${stack.project}/token`, { token });
const tokenState = (state) => until(`the token to be ${state}`, async () => (await admin.read(`/projects/${stack.project}`)).token_state === state);
const approved = async () => {
  const request = await submit(sales, stack);
  await approve(admin, request);
  return request;
};

test('sold out in the evening, tried again in the morning: the server is deployed, its host key is believed', { timeout: 240000 }, async () => {
  await stack.cloudSend('POST', '/stock', { server_type: 'cx33', location: 'fsn1', orderable: false });
  const request = await submit(sales, stack, { server_type: 'cx33' });
  await approve(admin, request);
  const failed = await untilState(admin, request.id, ['failed']);
  assert.equal(failed.failure.code, 'resource_unavailable');
  // Nine hours go by.
  await stack.execute("UPDATE hetzner.operation SET created_at = created_at - interval '9 h', entered_at = entered_at - interval '9 h', updated_at = updated_at - interval '9 h'");
  await until('the runner to expect a host key', () => stack.value('SELECT count(*) > 0 AS yes FROM runner.host_key_expected'));
  await stack.execute("UPDATE runner.host_key_expected SET created_at = created_at - interval '9 h'");
  await stack.cloudSend('POST', '/stock', { server_type: 'cx33', location: 'fsn1', orderable: true });
  await admin.write(`/requests/${request.id}/retry`, { version: failed.version });
  await arrives(request.id);
  assert.equal(await stack.value("SELECT count(*) FROM audit.log WHERE action = 'hostkey.report' AND outcome = 'denied'"), 0);
});

test('a revoked token: one request fails and says why, another waits; with a new token both come to their end', { timeout: 300000 }, async () => {
  await revoke(stack.emulator.token);
  const first = await approved();
  const failed = await untilState(admin, first.id, ['failed']);
  assert.equal(failed.failure.code, 'unauthorized');
  assert.equal(failed.failure.message, "Hetzner does not accept the project's token any more. Set a new one, then retry.");
  await tokenState('invalid');
  const second = await approved();
  const waiting = await until('the second request to wait', async () => {
    const step = (await admin.read(`/requests/${second.id}`)).steps.find((s) => s.step === 'validate');
    return step?.state === 'running' && step;
  });
  assert.equal(waiting.detail, "Hetzner does not accept the project's token. It goes on by itself when there is a new one.");

  const answer = await setToken(admin, await newToken());
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.id, stack.project);
  await tokenState('valid');
  await untilState(admin, second.id, ['deploying', 'deployed']);
  await until('it to go on by itself', async () => (await admin.read(`/requests/${second.id}`)).progress >= 10);
  await admin.write(`/requests/${first.id}/retry`, { version: failed.version });
  await arrives(second.id);
  await arrives(first.id);
});

test('only an administrator replaces a token; who tries and who did is on record, the token is not', async () => {
  const token = await newToken();
  const project = `project:${stack.project}`;
  const count = (outcome) => stack.value("SELECT count(*)::int FROM audit.log WHERE action = 'project.token' AND object = $1 AND outcome = $2", [project, outcome]);
  const done = await count('ok');
  for (const role of ['technical_manager', 'technical_agent', 'sales_agent']) {
    const client = await stack.client(role);
    assert.equal((await setToken(client, token)).status, 403, role);
    assert.notEqual((await client.read(`/projects/${stack.project}`)).can.token, true, role);
  }
  assert.equal((await admin.read(`/projects/${stack.project}`)).can.token, true);
  assert.equal((await setToken(admin, token)).status, 200);
  assert.equal(await count('ok'), done + 1);
  assert.ok(await stack.value("SELECT count(*)::int FROM audit.log WHERE action = 'project.token' AND outcome = 'denied'") >= 3);
  await tokenState('valid');
  for (const table of ['workflow.inbox', 'hetzner.inbox'])
    assert.equal(await stack.value(`SELECT count(*)::int FROM ${table} WHERE position(convert_to($1, 'UTF8') IN body) > 0`, [token]), 0);
});

test('what is no token, an archived project, one that is not there', async () => {
  const short = await setToken(admin, 'short');
  assert.deepEqual([short.status, short.body.errors[0].field], [422, 'token']);
  assert.equal((await admin.post('/projects/999999/token', { token: 'x'.repeat(64) })).status, 404);
  assert.equal((await setToken(admin, 'y'.repeat(64))).status, 200, 'only Hetzner can tell');
  await tokenState('invalid');
  assert.equal((await setToken(admin, `${'z'.repeat(63)}!`)).status, 200);
  await tokenState('invalid');
  await setToken(admin, await newToken());
  await tokenState('valid');
  await stack.execute("UPDATE workflow.project SET state = 'archived' WHERE id = $1", [stack.project]);
  assert.equal((await setToken(admin, 'x'.repeat(64))).status, 403);
  await stack.execute("UPDATE workflow.project SET state = 'active' WHERE id = $1", [stack.project]);
});

test('a token that may only read: the request says so, and goes on with one that may write', { timeout: 240000 }, async () => {
  await setToken(admin, await newToken('r'));
  await tokenState('valid');
  await stack.execute('DELETE FROM hetzner.ssh_key'); // the key is looked for again, and found
  const request = await approved();
  const failed = await untilState(admin, request.id, ['failed']);
  assert.equal(failed.failure.message, "The project's token may only read. Set one that may also write, then retry.");
  await tokenState('readonly');
  await setToken(admin, await newToken());
  await tokenState('valid');
  await admin.write(`/requests/${request.id}/retry`, { version: failed.version });
  await arrives(request.id);
});
