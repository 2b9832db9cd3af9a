// The runner killed and frozen in the middle of runs: each run ends as it would have, and its log is the same.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { canBoot } from '../lib/road.mjs';
import { Runner } from '../lib/runner.mjs';
import { until } from '../lib/stack.mjs';

const skip = !canBoot && 'booting a server needs root';
const task = (i) => `    - name: Step ${i}
      ansible.builtin.shell: sleep 0.2; echo step-${i}
      register: said
    - name: Say ${i}
      ansible.builtin.debug:
        var: said.stdout
`;
const STEADY = `- hosts: all\n  gather_facts: false\n  tasks:\n${Array.from({ length: 12 }, (_, i) => task(i + 1)).join('')}`;

let runner;
let web;
let undisturbed;

// What a person reads, without what is said only once for a server.
const textOf = async (row) => (await runner.log(row)).filter((l) => l.stream === 'o').map((l) => `${l.task} ${l.text}`);
const underWay = (row, lines) => until('the run to be under way', async () => (await runner.row(row)).last_seq > lines, { every: 20, timeout: 60000 });

async function endedAsEver(begun) {
  const row = await runner.becomes(begun, ['succeeded'], 90000);
  assert.deepEqual(await textOf(row), undisturbed);
  assert.deepEqual([row.ok, row.changed, row.failed, row.tasks_done], [24, 12, 0, 24]);
  assert.equal(await runner.told('run.finished', row.op), 1);
  assert.equal(await runner.told('step.progress', row.op, 'ssh', 'done'), 1);
  await runner.nothingLeft(row);
}

before(async () => {
  if (skip) return;
  runner = await Runner.start({ steady: STEADY });
  web = await runner.server('web-1', 1);
  const row = await runner.whole(web, 'steady');
  assert.equal(row.state, 'succeeded', row.message);
  undisturbed = await textOf(row);
}, { timeout: 300000 });

after(() => runner?.stop(), { timeout: 60000 });

test('the service is killed again and again while a run is under way', { skip }, async () => {
  const begun = await runner.begin(web, 'steady');
  for (const lines of [3, 20, 40]) {
    await underWay(begun, lines);
    await runner.service.kill9();
    await runner.startService();
  }
  await endedAsEver(begun);
});

test('the service is killed at every moment of the beginning', { skip }, async () => {
  for (const ms of [0, 60, 120, 200, 300, 450]) {
    const begun = await runner.begin(web, 'steady');
    await new Promise((done) => { setTimeout(done, ms); });
    await runner.service.kill9();
    await runner.startService();
    await endedAsEver(begun);
  }
});

test('the service is away until long after the run has ended', { skip }, async () => {
  const begun = await runner.begin(web, 'steady');
  await underWay(begun, 10);
  await runner.service.kill9();
  await until('the supervisor to have ended', () => runner.processes().length === 0, { timeout: 60000 });
  await runner.startService();
  await endedAsEver(begun);
});

test('a drained service leaves its runs to the next', { skip }, async () => {
  const begun = await runner.begin(web, 'steady');
  await underWay(begun, 10);
  assert.equal((await runner.service.stop()).code, 0);
  await runner.startService();
  await endedAsEver(begun);
});

test('another replica goes on when one is frozen, and the frozen one does no harm when it wakes', { skip }, async () => {
  const begun = await runner.begin(web, 'steady');
  await underWay(begun, 10);
  runner.service.freeze();
  await runner.startService('ansible-runner-2');
  await until('the run to change hands', async () => (await runner.row(begun)).fence > 1, { timeout: 40000 });
  runner.service.thaw();
  await endedAsEver(begun);
  await runner.stack.services['ansible-runner-2'].stop();
});

test('a supervisor that is killed leaves a lost run and nothing behind', { skip }, async () => {
  const begun = await runner.begin(web, 'steady');
  await underWay(begun, 10);
  const [supervisor] = runner.processes().filter((p) => p.command.startsWith('sps-run') && p.command.includes(join('runs', String(begun.id))));
  process.kill(supervisor.pid, 'SIGKILL');
  const row = await runner.becomes(begun, ['lost'], 15000);
  assert.equal(row.reason, 'unknown_remote');
  assert.match(row.message, /Nobody knows how far/);
  assert.equal(await runner.told('run.finished', row.op, 'lost'), 1);
  await runner.nothingLeft(row);
});

// The answer to a COMMIT is lost with the connection: the row says that the run is ours, and we do not know it.
test('a run whose claim nobody confirmed is taken up all the same', { skip }, async () => {
  const op = randomUUID();
  await runner.stack.execute(`INSERT INTO runner.run (op, attempt, request, project, server, name, address, playbook,
      purpose, timeout_s, state, owner, fence, claimed_at)
    SELECT $1::uuid, 1, 9000, 1, $2, $3, $4::inet, 'steady', 'baseline', 120, 'starting', i.id, 1, now()
      FROM bus.instance i WHERE i.service = 'ansible-runner' ORDER BY i.started_at DESC LIMIT 1`, [op, web.id, web.name, web.address]);
  const [begun] = await runner.stack.rows('SELECT * FROM runner.run WHERE op = $1::uuid', [op]);
  await endedAsEver(begun);
});

test('a run is taken over only from somebody', { skip }, async () => {
  const taken = () => runner.service.output().match(/"run.taken_over"/g)?.length ?? 0;
  const before = taken();
  await endedAsEver(await runner.begin(web, 'steady'));
  assert.equal(taken(), before);
});

test('PostgreSQL crashes while a run is under way', { skip }, async () => {
  const begun = await runner.begin(web, 'steady');
  await underWay(begun, 10);
  await runner.stack.database.crash();
  await runner.stack.database.start();
  await endedAsEver(begun);
});
