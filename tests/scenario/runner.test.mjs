// Runs of playbooks on a server that really boots: real ansible-playbook, real SSH, pinned host keys, the log.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { run } from '../lib/process.mjs';
import { canBoot } from '../lib/road.mjs';
import { FINAL, RUN_UID, Runner, plain } from '../lib/runner.mjs';
import { until } from '../lib/stack.mjs';

const skip = !canBoot && 'booting a server needs root';
const play = (tasks) => `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks}`;
const PLAYBOOKS = {
  failing: play(`
    - name: Say hello
      ansible.builtin.command: echo hello
    - name: Open the door
      ansible.builtin.fail:
        msg: The key does not fit.
`),
  slow: play(`
    - name: Sleep on the server
      ansible.builtin.command: sleep 60
`),
  wordy: play(`
    - name: Say much
      ansible.builtin.fail:
        msg: "{{ '\u9375' * 2000 }}"
`),
  marked: play(`
    - name: Say the word
      ansible.builtin.debug:
        msg: refuse-this
    - name: Sleep on the server
      ansible.builtin.command: sleep 60
`),
  // a process of its own session that does not want to end
  stubborn: play(`
    - name: Hold on to the runner
      delegate_to: localhost
      connection: local
      ansible.builtin.shell: trap "" TERM; setsid sh -c 'trap "" TERM; sleep 61; sleep 61' & sleep 62; sleep 62
`),
  noisy: play(`
    - name: Make noise
      ansible.builtin.command: seq 1 20000
      register: noise
    - name: Show it
      ansible.builtin.debug:
        var: noise.stdout_lines
    - name: Show it in one line
      ansible.builtin.debug:
        msg: "{{ 'é' * 100000 }}\\u001b[31m\\u0007"
`),
  curious: play(`
    - name: Look for keys
      delegate_to: localhost
      connection: local
      ansible.builtin.shell: |
        id -u; id -G
        cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c -e 'PRIVATE[ ]KEY' -e 'b3BlbnNzaC1rZXktd[j]E' || true
        grep -rlsa -e 'PRIVATE[ ]KEY' -e 'b3BlbnNzaC1rZXktd[j]E' "$HOME" "$HOME/.." 2>/dev/null | wc -l
        cat ${'${HOME}'}/../../../keys/private/ansible-runner.key 2>&1 | tail -1
        cd "$HOME" && ssh-add -l | wc -l
      args:
        executable: /bin/bash
      register: found
    - name: Tell
      ansible.builtin.debug:
        var: found.stdout_lines
`),
};

let runner;
let web;

before(async () => {
  if (skip) return;
  runner = await Runner.start(PLAYBOOKS);
  web = await runner.server('web-1', 1);
}, { timeout: 300000 });

after(() => runner?.stop(), { timeout: 60000 });

test('a project gets one key pair, which OpenSSH understands', { skip }, async () => {
  const first = await runner.identity(1);
  assert.equal(await runner.identity(1), first);
  assert.match(await run('ssh-keygen', ['-l', '-f', '-'], { input: first }), /^256 SHA256:.* portal-project-1 \(ED25519\)/);
  assert.notEqual(await runner.identity(2), first);
  assert.ok(await runner.told('identity.created', first) >= 2, 'each order is answered');
});

test('the baseline sets a server up, and the second time changes nothing', { skip }, async () => {
  await runner.watch();
  const first = await runner.whole(web, 'baseline');
  assert.equal(first.state, 'succeeded', first.message);
  assert.ok(first.changed > 3 && first.failed === 0 && first.ok >= 8, JSON.stringify(first));
  const lines = await runner.log(first);
  const text = lines.map((l) => l.text).join('\n');
  assert.match(text, /Waiting for web-1 to answer/);
  assert.match(text, /host key is the one it reported: SHA256:/);
  assert.match(text, /PLAY RECAP/);
  assert.equal(await runner.stack.value('SELECT count(*)::int FROM runner.run_task WHERE run = $1 AND state = $2', [first.id, 'running']), 0);
  const heads = lines.filter((l) => /^(TASK|RUNNING HANDLER) \[/.test(l.text)).map((l) => l.task);
  assert.deepEqual(heads, heads.map((_, i) => i + 1), 'each task begins with its own line');

  const frames = runner.frames.filter((f) => f.topic === `run/${first.id}/log`).flatMap((f) => f.lines);
  assert.deepEqual(frames.map(([seq, , , task, line]) => [seq, task, plain(line)]), lines.map((l) => [l.seq, l.task, l.text]), 'who watches saw every line');
  const states = runner.frames.filter((f) => f.topic === `run/${first.id}`).map((f) => f.state);
  assert.deepEqual(states.filter((s, i) => s !== states[i - 1]), ['queued', 'starting', 'running', 'succeeded']);
  const listed = runner.frames.filter((f) => f.topic === 'runs');
  assert.ok(listed.length >= 4);
  for (const frame of listed) assert.deepEqual(frame, { topic: 'runs', kind: 'changed' });
  for (const [step, state] of [['ssh', 'running'], ['ssh', 'done'], ['baseline', 'running'], ['baseline', 'done']])
    assert.equal(await runner.told('step.progress', first.op, step, state), 1, `${step} ${state}`);
  assert.equal(await runner.told('run.finished', first.op, 'succeeded'), 1);
  await runner.nothingLeft(first);

  const second = await runner.whole(web, 'baseline');
  assert.equal(second.state, 'succeeded', second.message);
  assert.equal(second.changed, 0);
});

test('the same order twice is one run', { skip }, async () => {
  const op = randomUUID();
  const first = await runner.begin(web, 'failing', { op });
  await runner.begin(web, 'failing', { op });
  const row = await runner.becomes(first, FINAL);
  assert.equal(row.state, 'failed');
  assert.equal(row.message, 'The task "Open the door" failed: The key does not fit.');
  assert.equal((await runner.log(row)).at(-1).text, row.message);
  assert.equal(await runner.stack.value('SELECT count(*)::int FROM runner.run WHERE op = $1::uuid', [op]), 1);
});

test('runs have their own user and see no key', { skip }, async () => {
  const row = await runner.whole(web, 'curious');
  assert.equal(row.state, 'succeeded', row.message);
  const text = (await runner.log(row)).map((l) => l.text).join('\n');
  const [uid, groups, processes, files, key, agent] = [...text.matchAll(/^ {8}"(.*)",?$/gm)].map((m) => m[1]);
  assert.deepEqual([uid, groups], [String(RUN_UID), String(RUN_UID)]);
  assert.deepEqual([processes, files], ['0', '0'], 'no key in any environment, command line or file');
  assert.match(key, /Permission denied|No such file/);
  assert.equal(agent, '1', 'the agent has it');
});

test('lines of any length and number keep their order', { skip }, async () => {
  const row = await runner.whole(web, 'noisy');
  assert.equal(row.state, 'succeeded', row.message);
  const lines = await runner.log(row);
  assert.ok(lines.length > 20000, `${lines.length} lines`);
  const numbers = lines.map((l) => /^ +"(\d+)",?$/.exec(l.text)?.[1]).filter(Boolean).map(Number);
  assert.deepEqual(numbers, Array.from({ length: 20000 }, (_, i) => i + 1));
  const long = lines.filter((l) => l.text.includes('ééé'));
  assert.ok(long.length >= 4 && long.every((l) => Buffer.byteLength(l.text) <= 65536));
  assert.equal(long.map((l) => l.text).join('').match(/é/g).length, 100000);
});

test('a run that is cancelled ends within 30 seconds, whatever it has started', { skip }, async () => {
  const begun = await runner.begin(web, 'stubborn');
  await until('the processes to be there', () => runner.processes().filter((p) => p.command.startsWith('sleep')).length >= 2, { timeout: 30000 });
  await runner.cancel(begun, 'It takes too long.');
  await runner.becomes(begun, ['cancelling', 'cancelled']);
  const row = await runner.becomes(begun, ['cancelled'], 30000);
  assert.equal(row.message, 'Stopped by the portal. It takes too long.');
  await runner.nothingLeft(begun);
  await runner.cancel(begun); // nothing to cancel any more: no harm
});

// Between the two is the reading of the keys; here it fails for a while, as it does when the database is away.
test('a run that is cancelled before its playbook begins never begins', { skip }, async () => {
  await runner.stack.execute('REVOKE SELECT ON runner.identity FROM sps_runner');
  const begun = await runner.begin(web, 'slow');
  await runner.becomes(begun, ['running']);
  await runner.cancel(begun);
  await runner.becomes(begun, ['cancelling', 'cancelled']);
  await runner.stack.execute('GRANT SELECT ON runner.identity TO sps_runner');
  const row = await runner.becomes(begun, ['cancelled'], 10000);
  assert.equal(row.message, 'Stopped by the portal.');
  assert.equal(await runner.told('run.finished', row.op, 'cancelled'), 1);
  assert.ok(!existsSync(join(runner.stack.dir, 'runs', String(row.id), 'spool')), 'there was no supervisor');
});

test('a second cancel is heard', { skip }, async () => {
  const begun = await runner.begin(web, 'stubborn');
  await until('the processes to be there', () => runner.processes().some((p) => p.command.startsWith('sleep')), { timeout: 30000 });
  await Promise.all([runner.cancel(begun), runner.cancel(begun)]);
  const row = await runner.becomes(begun, ['cancelled']);
  assert.ok(row.cancel_at !== null);
  assert.equal(await runner.told('run.finished', row.op), 1);
});

test('an order that is taken back is not carried out, whichever is read first', { skip }, async () => {
  assert.equal((await runner.service.stop()).code, 0);
  const unread = await runner.order(web, 'slow');
  await runner.revoke(unread);
  await runner.startService();
  const first = await runner.becomes(await runner.ordered(unread), ['cancelled']);
  assert.equal(first.launched_at, null, 'nothing was started');
  assert.equal(await runner.told('run.finished', first.op, 'cancelled'), 1);

  const op = randomUUID();
  await runner.revoke({ op, attempt: 1, request: 9000 + web.id });
  await until('it to be known', () => runner.stack.value('SELECT attempt FROM runner.revoked WHERE op = $1::uuid', [op]));
  const late = await runner.whole(web, 'slow', { op }); // a dead letter that was sent on
  assert.deepEqual([late.state, late.launched_at], ['cancelled', null]);
  assert.equal(await runner.told('run.finished', op, 'cancelled'), 1);
  assert.equal((await runner.whole(web, 'failing', { op, attempt: 2 })).state, 'failed', 'a later attempt is wanted');
});

test('a run whose deployment is cancelled is ended', { skip }, async () => {
  const begun = await runner.begin(web, 'slow');
  await runner.becomes(begun, ['running']);
  await runner.revoke(begun);
  const row = await runner.becomes(begun, ['cancelled'], 30000);
  assert.equal(row.message, 'Stopped by the portal. The deployment was cancelled.');
  await runner.nothingLeft(row);
});

test('a run that takes too long is ended', { skip }, async () => {
  const row = await runner.whole(web, 'slow', { timeout: 4 });
  assert.equal(row.state, 'timed_out');
  assert.match(row.message, /not done within 1 minutes? and was ended/);
  assert.equal(await runner.stack.value('SELECT state FROM runner.run_task WHERE run = $1', [row.id]), 'failed');
  await runner.nothingLeft(row);
});

test('a message may be long, in any script', { skip }, async () => {
  const reason = '\u9375'.repeat(400);
  const begun = await runner.begin(web, 'slow');
  await runner.becomes(begun, ['running']);
  await runner.cancel(begun, reason);
  const cancelled = await runner.becomes(begun, ['cancelled'], 30000);
  assert.equal(cancelled.message, `Stopped by the portal. ${reason}`);
  assert.equal((await runner.log(cancelled)).at(-1).text, cancelled.message);

  const failed = await runner.whole(web, 'wordy');
  assert.match(failed.message, /^The task "Say much" failed: \u9375{350,}$/);
  assert.equal((await runner.log(failed)).at(-1).text, failed.message);
});

// As any mistake of ours would: the end, or the log, is something that the database does not take.
async function refusing(table, condition, story) {
  await runner.stack.execute(`ALTER TABLE ${table} ADD CONSTRAINT refusing CHECK (${condition}) NOT VALID`);
  try {
    const row = await story();
    assert.deepEqual([row.state, row.reason], ['failed', 'unrecorded']);
    assert.equal((await runner.log(row)).at(-1).text, row.message);
    assert.equal(await runner.told('run.finished', row.op, 'failed'), 1);
    await runner.nothingLeft(row);
  } finally {
    await runner.stack.execute(`ALTER TABLE ${table} DROP CONSTRAINT refusing`);
  }
}

test('an end that cannot be recorded is a failure, and the server is free again', { skip }, () =>
  refusing('runner.run', "message NOT LIKE '%Refuse this%'", async () => {
    const begun = await runner.begin(web, 'slow');
    await runner.becomes(begun, ['running']);
    await runner.cancel(begun, 'Refuse this.');
    return runner.becomes(begun, ['failed'], 30000);
  }));

test('a run whose log cannot be stored is ended', { skip }, () =>
  refusing('runner.run_log', "text NOT LIKE '%refuse-this%'", () => runner.whole(web, 'marked')));

test('a second run on the same server waits for the first, and can be cancelled while it does', { skip }, async () => {
  const first = await runner.begin(web, 'slow');
  await runner.becomes(first, ['running']);
  const second = await runner.begin(web, 'failing');
  const third = await runner.begin(web, 'failing');
  await runner.becomes(second, ['waiting_lock']);
  await runner.becomes(third, ['waiting_lock']);
  await runner.cancel(third);
  assert.equal((await runner.becomes(third, ['cancelled'])).message, 'Cancelled before anything was run.');
  await runner.cancel(first);
  await runner.becomes(first, ['cancelled']);
  await runner.becomes(second, ['failed']);
});

test('servers that do not answer keep nobody else waiting', { skip }, async () => {
  const silent = await Promise.all(Array.from({ length: 9 }, (_, i) =>
    runner.begin({ ...web, id: 820 + i, address: web.address.replace(/\d+$/, '253') }, 'baseline', { report: null })));
  await until('them to be waited for', async () => (await runner.stack.value("SELECT count(*)::int FROM runner.run WHERE server BETWEEN 820 AND 828 AND state = 'starting'")) === 9);
  const row = await runner.whole(web, 'failing');
  const ends = await Promise.all(silent.map((run) => runner.becomes(run, ['failed'])));
  assert.ok(ends.every((end) => end.reason === 'unreachable'));
  assert.ok(ends.every((end) => row.started_at < end.finished_at), 'it began while they were still waited for');
});

// As another replica that is at work on four servers of the project.
async function busyElsewhere(project) {
  await runner.stack.execute(`WITH i AS (INSERT INTO bus.instance (id, service, endpoint, beat_at, lease_until)
      VALUES (gen_random_uuid(), 'ansible-runner', '', now() + interval '1 hour', now() + interval '1 hour') RETURNING id)
    INSERT INTO runner.run (op, attempt, request, project, server, name, address, playbook, purpose, timeout_s, state, owner)
      SELECT gen_random_uuid(), 1, 9000, $1, 830 + n, 'elsewhere', '192.0.2.1', 'slow', 'baseline', 60, 'running', i.id
        FROM i, generate_series(1, 4) n`, [project]);
  return (n) => runner.stack.execute("UPDATE runner.run SET state = 'succeeded', finished_at = now() WHERE server BETWEEN 831 AND 830 + $1", [n]);
}

test('four runs of a project are at work at a time; then the most urgent one begins', { skip }, async () => {
  const end = await busyElsewhere(web.project);
  const waiting = async (id, priority) => {
    const begun = await runner.begin({ ...web, id }, 'failing', { priority });
    await until('it to be told', async () => (await runner.log(begun)).some((l) => l.text.startsWith('The server answers. Waiting until')));
    assert.equal((await runner.row(begun)).state, 'starting');
    return begun;
  };
  const low = await waiting(841, 'low');
  const urgent = await waiting(842, 'urgent');
  await end(1);
  const first = await runner.becomes(urgent, FINAL);
  const second = await runner.becomes(low, FINAL);
  await end(4);
  assert.deepEqual([first.state, second.state], ['failed', 'failed']);
  assert.ok(first.finished_at <= second.started_at, 'one after the other');
  assert.equal(await runner.told('step.progress', first.op, 'ssh', 'done'), 1);
});

test('the next run is the most urgent one of a project that has not too many', { skip }, async () => {
  const insert = (project, n, state, priority) => `INSERT INTO runner.run (op, attempt, request, project, server, name, address, playbook, purpose,
      timeout_s, state, owner, priority)
    SELECT gen_random_uuid(), 1, 9000, ${project}, ${project} * 100 + n, 'web', '192.0.2.1', 'slow', 'baseline', 60, '${state}', gen_random_uuid(),
      '${priority}' FROM generate_series(1, ${n}) n;`;
  const next = await runner.stack.execute(`BEGIN; ${insert(71, 16, 'starting', 'normal')} ${insert(7100, 2, 'queued', 'normal')}
    ${insert(71, 1, 'queued', 'urgent').replace('71 * 100 + n', '79')} ${insert(72, 1, 'queued', 'low')} ${insert(73, 1, 'queued', 'high')}
    SELECT string_agg(project::text, ' ') FROM runner.claim(gen_random_uuid(), 16);
    SELECT string_agg(project::text, ' ') FROM runner.claim(gen_random_uuid(), 16); ROLLBACK`);
  assert.deepEqual(next.match(/^\d+$/gm), ['73', '7100']);
});

test('a server that does not answer fails the run in time', { skip }, async () => {
  const nowhere = { ...web, id: 801, address: web.address.replace(/\d+$/, '253') };
  const row = await runner.whole(nowhere, 'baseline');
  assert.deepEqual([row.state, row.reason], ['failed', 'unreachable']);
  assert.match(row.message, /did not answer by SSH in time/);
});

test('a server that has not said which its host key is is not worked on', { skip }, async () => {
  const row = await runner.whole({ ...web, id: 802 }, 'baseline', { report: null });
  assert.deepEqual([row.state, row.reason], ['failed', 'host_key_unreported']);
});

test('a server that answers with another key than it reported is not worked on', { skip }, async () => {
  const other = (await runner.identity(3)).split(' ').slice(0, 2).join(' ');
  const row = await runner.whole({ ...web, id: 803 }, 'baseline', { report: other });
  assert.deepEqual([row.state, row.reason], ['failed', 'host_key_mismatch']);
  assert.equal(row.launched_at, null, 'nothing was started');
  const flag = () => runner.stack.value('SELECT other_fingerprint FROM runner.host_key_expected WHERE op = $1::uuid', [row.op]);
  assert.match(await flag(), /^SHA256:/, 'it is flagged');
  await runner.send('server.deleted', { op: row.op, request: row.request, server: row.server });
  await until('the flag to go with the server', async () => (await flag()) === undefined);
});

test('a host key that has changed is refused before anything is sent, and the server is flagged', { skip }, async () => {
  const db = await runner.server('db-1', 1);
  assert.equal((await runner.whole(db, 'failing')).reason, null);
  const pinned = await runner.stack.value('SELECT key FROM runner.host_key WHERE server = $1', [db.id]);
  assert.equal(pinned, db.hostKey);
  await runner.api('POST', `/servers/${db.id}/actions/rebuild`, { image: 'debian-12' });
  await until('the new key', async () => (await runner.scan(db.address)) !== db.hostKey && runner.scan(db.address), { timeout: 120000, every: 500 });
  const row = await runner.whole(db, 'baseline');
  assert.deepEqual([row.state, row.reason], ['failed', 'host_key_changed']);
  assert.equal(row.launched_at, null, 'nothing was started');
  assert.ok(await runner.stack.value('SELECT flagged_at IS NOT NULL FROM runner.host_key WHERE server = $1', [db.id]));
  await runner.send('server.deleted', { op: randomUUID(), request: 9000 + db.id, server: db.id });
  await until('the pin to be gone', async () => (await runner.stack.value('SELECT count(*)::int FROM runner.host_key WHERE server = $1', [db.id])) === 0);
});

test('a token is worth nothing after its first use', { skip }, async () => {
  const op = randomUUID();
  const other = (await runner.identity(3)).split(' ').slice(0, 2).join(' ');
  const denied = () => runner.stack.value("SELECT count(*)::int FROM audit.log WHERE action = 'hostkey.report' AND outcome = 'denied'");
  const before = await denied();
  const token = await runner.report(op, web);
  await runner.send('hostkey.report', { token_hash: token, key: other }, { actor: 'system:gateway' });
  await runner.send('hostkey.report', { token_hash: 'f'.repeat(64), key: other }, { actor: 'system:gateway' });
  await until('both to be refused', async () => (await denied()) === before + 2);
  assert.equal(await runner.stack.value('SELECT reported_key FROM runner.host_key_expected WHERE op = $1::uuid', [op]), web.hostKey);
});

test('a run that is over is not watched any more', { skip }, async () => {
  const { pid } = runner.service;
  const watches = () => readdirSync(`/proc/${pid}/fdinfo`).map((fd) => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))
    .join('').match(/^inotify wd:/gm)?.length ?? 0;
  const begun = await runner.begin(web, 'slow');
  await until('its spool to be watched', () => watches() === 1);
  await runner.cancel(begun);
  await runner.becomes(begun, ['cancelled']);
  await until('nothing to be watched', () => watches() === 0);
});

test('a server that is ordered anew reports anew, and the key of the old one counts no more', { skip }, async () => {
  const op = randomUUID();
  const server = { ...web, id: 804 };
  const other = (await runner.identity(3)).split(' ').slice(0, 2).join(' ');
  const reported = () => runner.stack.value('SELECT reported_key FROM runner.host_key_expected WHERE op = $1::uuid', [op]);
  const pinned = () => runner.stack.value('SELECT key FROM runner.host_key WHERE op = $1::uuid', [op]);
  const announced = () => runner.stack.value("SELECT count(*)::int FROM runner.inbox WHERE type IN ('server.creating', 'hostkey.report') AND state = 2");
  const settled = async (n) => until('both messages to be worked on', async () => (await announced()) === n + 2);

  const old = await runner.report(op, server, other);
  await until('the first report', async () => (await reported()) === other);
  let n = await announced();
  await runner.report(op, server);
  await settled(n);
  assert.equal(await reported(), server.hostKey);
  n = await announced();
  await runner.send('hostkey.report', { token_hash: old, key: other }, { actor: 'system:gateway' });
  await until('the old machine to be heard', async () => (await announced()) === n + 1);
  assert.equal(await reported(), server.hostKey, 'but not believed');

  assert.ok((await runner.whole(server, 'failing', { op, report: null })).launched_at, 'it was let in');
  assert.equal(await pinned(), server.hostKey);
  const token = await runner.stack.value('SELECT token_hash FROM runner.host_key_expected WHERE op = $1::uuid', [op]);
  n = await announced();
  await runner.announce(op, server, token);
  await until('the same announcement again', async () => (await announced()) === n + 1);
  assert.deepEqual([await reported(), await pinned()], [server.hostKey, server.hostKey], 'changes nothing');

  await runner.announce(op, server, 'a'.repeat(64));
  await until('the pin to be gone', async () => (await pinned()) === undefined);
  assert.equal(await reported(), null);
});

test('the hour to report in begins with the newest announcement', { skip }, async () => {
  const op = randomUUID();
  const reported = () => runner.stack.value('SELECT reported_key FROM runner.host_key_expected WHERE op = $1::uuid', [op]);
  const denied = () => runner.stack.value("SELECT count(*)::int FROM audit.log WHERE action = 'hostkey.report' AND outcome = 'denied'");
  const creating = (token) => runner.announce(op, web, token);
  const age = () => runner.stack.execute("UPDATE runner.host_key_expected SET created_at = created_at - interval '61 minutes' WHERE op = $1::uuid", [op]);
  const say = (token) => runner.send('hostkey.report', { token_hash: token, key: web.hostKey }, { actor: 'system:gateway' });

  await creating('b'.repeat(64));
  await until('the announcement', async () => (await reported()) === null);
  await age();
  const before = await denied();
  await say('b'.repeat(64));
  await until('the late report to be refused', async () => (await denied()) === before + 1);
  await creating('c'.repeat(64));
  await until('the new announcement', () => runner.stack.value("SELECT created_at > now() - interval '1 minute' FROM runner.host_key_expected WHERE op = $1::uuid", [op]));
  await say('c'.repeat(64));
  await until('the report', async () => (await reported()) === web.hostKey);
});

test('a report that overtakes its announcement is not lost', { skip }, async () => {
  const op = randomUUID();
  const token = 'd'.repeat(64);
  await runner.stack.execute('ALTER TABLE runner.host_key_expected ADD CONSTRAINT refusing CHECK (request < 0) NOT VALID');
  await runner.announce(op, web, token);
  await until('the announcement to fail', () => runner.stack.value("SELECT attempt > 0 FROM runner.inbox WHERE type = 'server.creating' AND state < 2"));
  await runner.send('hostkey.report', { token_hash: token, key: web.hostKey }, { actor: 'system:gateway' });
  await until('the report to be tried', () => runner.stack.value("SELECT attempt > 0 FROM runner.inbox WHERE type = 'hostkey.report' AND state < 2"));
  await runner.stack.execute('ALTER TABLE runner.host_key_expected DROP CONSTRAINT refusing');
  await until('it to be believed', async () => (await runner.stack.value('SELECT reported_key FROM runner.host_key_expected WHERE op = $1::uuid', [op])) === web.hostKey, { timeout: 60000 });
});

test('a key that is not let in ends the run with a clear word', { skip }, async () => {
  const row = await runner.whole({ ...web, project: 2 }, 'failing'); // the key of another project
  assert.equal(row.state, 'failed');
  assert.equal(row.reason, 'unreachable');
  assert.match((await runner.log(row)).map((l) => l.text).join('\n'), /Permission denied \(publickey/);
  await runner.nothingLeft(row);
});

test('no key is in any log', { skip }, async () => {
  const files = [...readdirSync(join(runner.stack.dir, 'log')).map((f) => join('log', f)),
    ...readdirSync(join(runner.stack.dir, 'runs')).filter((d) => /^\d+$/.test(d)).map((d) => join('runs', d, 'spool'))];
  for (const file of files) {
    assert.doesNotMatch(readFileSync(join(runner.stack.dir, file), 'latin1'), /OPENSSH PRIVATE KEY|b3BlbnNzaC1rZXktdjEA/, file);
  }
});
