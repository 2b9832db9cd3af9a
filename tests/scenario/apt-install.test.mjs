// Installing packages leaves the machine as it was: no policy-rc.d of ours stays, the machine's own is never lost, whatever
// cuts an installation off. On a made-up root directory, with an apt-get that only waits.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { until } from '../lib/until.mjs';

const SCRIPT = fileURLToPath(new URL('../../deploy/lib/apt-install', import.meta.url));
const OWN = '#!/bin/sh\nexit 0 # the machine decides\n';

let root;
const made = [];
const file = (name) => join(root, name);
const policy = () => file('usr/sbin/policy-rc.d');
const read = (name) => readFileSync(name, 'utf8');

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sps-apt-'));
  made.push(root);
  for (const dir of ['usr/sbin', 'etc', 'bin']) mkdirSync(file(dir), { recursive: true });
  // says that it runs, and does so until it is told that all is installed
  writeFileSync(file('bin/apt-get'), `#!/bin/sh\n[ "$DEBIAN_FRONTEND" ] && case "$*" in *" install "*) echo $$ >>${root}/runs; while [ ! -e ${root}/done ]; do sleep 0.05; done;; esac\n`, { mode: 0o755 });
});

after(() => made.forEach((dir) => rmSync(dir, { recursive: true, force: true })));

// Begins an installation; ended resolves with how it ended.
function install(...packages) {
  const child = spawn('bash', [SCRIPT, '--root', root, ...packages], { env: { ...process.env, PATH: `${file('bin')}:${process.env.PATH}` }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => { said += chunk; });
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, said })));
  return { child, ended };
}

const runs = () => (existsSync(file('runs')) ? read(file('runs')).trim().split('\n') : []);
const running = (count) => until(`installation ${count}`, () => runs().length === count, { every: 20 });
const finish = () => writeFileSync(file('done'), '');

async function killed() {
  const { child, ended } = install('redis-tools');
  await running(1);
  child.kill('SIGKILL');
  process.kill(Number(runs()[0]), 'SIGKILL');
  await ended;
  rmSync(file('runs'));
}

test('while it installs no service may start; afterwards nothing of ours is left', async () => {
  const { ended } = install('redis-tools');
  await running(1);
  assert.match(read(policy()), /exit 101/);
  assert.equal(read(file('etc/postgresql-common/createcluster.d/sps-no-main-cluster.conf')), 'create_main_cluster = false\n');
  finish();
  assert.equal((await ended).code, 0);
  assert.deepEqual(readdirSync(file('usr/sbin')), []);
  assert.deepEqual(readdirSync(file('etc')), []);
});

test('a machine with a policy of its own has it back afterwards', async () => {
  writeFileSync(policy(), OWN);
  finish();
  assert.equal((await install('redis-tools').ended).code, 0);
  assert.equal(read(policy()), OWN);
  assert.deepEqual(readdirSync(file('usr/sbin')), ['policy-rc.d']);
});

for (const own of [null, OWN])
  test(`a killed installation's leftover is not taken for the machine's own, which was ${own ? 'there' : 'not there'}`, async () => {
    if (own) writeFileSync(policy(), own);
    await killed();
    assert.match(read(policy()), /exit 101/);
    finish();
    assert.equal((await install('redis-tools').ended).code, 0);
    assert.deepEqual(readdirSync(file('usr/sbin')), own ? ['policy-rc.d'] : []);
    if (own) assert.equal(read(policy()), own);
  });

test('without packages it only puts back what a killed one left', async () => {
  writeFileSync(policy(), OWN);
  await killed();
  assert.equal((await install().ended).code, 0);
  assert.equal(read(policy()), OWN);
  assert.deepEqual(runs(), []);
});

test('two at once wait for each other, and the machine\'s own policy outlives both', async () => {
  writeFileSync(policy(), OWN);
  const first = install('redis-tools');
  await running(1);
  const second = install('ansible-core');
  finish();
  assert.deepEqual([(await first.ended).code, (await second.ended).code], [0, 0]);
  assert.equal(runs().length, 2);
  assert.equal(read(policy()), OWN);
  assert.deepEqual(readdirSync(file('usr/sbin')), ['policy-rc.d']);
});

test('a policy somebody made after a killed one is never thrown away: it says what is in the way', async () => {
  writeFileSync(policy(), OWN);
  await killed();
  writeFileSync(policy(), '#!/bin/sh\nexit 104\n');
  const { code, said } = await install('redis-tools').ended;
  assert.equal(code, 1);
  assert.match(said, /policy-rc.d.before-sps are both there/);
  assert.equal(read(policy()), '#!/bin/sh\nexit 104\n');
  assert.equal(read(`${policy()}.before-sps`), OWN);
});
