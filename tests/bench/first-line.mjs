// From the accepted order of a run to the first task line a watcher is sent, beside plain ansible-playbook's own first task line:
// the same playbook, the same server, interleaved.   node tests/bench/first-line.mjs [rounds]   (root: it boots a server)
import './release.mjs';

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from '../lib/process.mjs';
import { FINAL, Runner } from '../lib/runner.mjs';
import { until } from '../lib/until.mjs';
import { ROOT, median, report, round } from './lib.mjs';

const ROUNDS = Number(process.argv[2] ?? 7);
const PLAYBOOK = '- hosts: all\n  gather_facts: false\n  tasks:\n    - name: Say hello\n      ansible.builtin.command: /bin/true\n      changed_when: false\n';
const runner = await Runner.start({ hello: PLAYBOOK });
const { dir } = runner.stack;

// Two doors to one server: the project's key, and one of our own for plain ansible-playbook.
const own = join(dir, 'own');
await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'x own', '-f', own]);
const keys = [await runner.cloudKey(await runner.identity(1)), await runner.api('POST', '/ssh_keys', { name: 'own', public_key: readFileSync(`${own}.pub`, 'utf8').trim() }).then((a) => a.ssh_key)];
const { server: made } = await runner.api('POST', '/servers', { name: 'first', server_type: 'cx23', location: 'fsn1', image: 'debian-12', ssh_keys: keys.map((k) => k.id) });
const address = made.public_net.ipv4.ip;
const hostKey = await until('the server to answer', () => runner.scan(address), { timeout: 120000, every: 500 });
const server = { id: made.id, name: 'first', address, hostKey, project: 1 };
writeFileSync(join(dir, 'hello.yml'), PLAYBOOK);
writeFileSync(join(dir, 'known'), `${runner.stack.sshPort === 22 ? address : `[${address}]:${runner.stack.sshPort}`} ${hostKey}\n`);
await runner.watch();

// From the moment the order is accepted (its row): here it comes without the bell that a service would ring.
async function ours() {
  const seen = runner.frames.length;
  const begun = runner.begin(server, 'hello');
  let at = 0;
  await until('the first task line', () => runner.frames.slice(seen).some((f) => JSON.stringify(f).includes('TASK [')) && (at = Date.now()), { timeout: 60000, every: 4 });
  const accepted = new Date((await begun).created_at).getTime();
  await runner.becomes(await begun, FINAL);
  return at - accepted;
}

async function plain() {
  const t0 = performance.now();
  const child = spawn('ansible-playbook', ['-i', `${address},`, '-u', 'root', '--private-key', own, '--ssh-extra-args', `-p ${runner.stack.sshPort} -o UserKnownHostsFile=${join(dir, 'known')}`, join(dir, 'hello.yml')],
    { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, PYTHONUNBUFFERED: '1' } });
  let ms = 0;
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
    if (!ms && text.includes('TASK [')) ms = performance.now() - t0;
  });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`ansible-playbook: exit ${status}\n${text}`);
  return ms;
}

const seen = { ours: [], plain: [] };
for (let i = 0; i < ROUNDS; i++) {
  seen.plain.push(await plain());
  seen.ours.push(await ours());
}
const row = (what, list) => ({ what, median_ms: round(median(list), 0), least_ms: round(Math.min(...list), 0), most_ms: round(Math.max(...list), 0) });
report('first-line', [row('ours: host key, agent, supervisor, frame', seen.ours), row('plain ansible-playbook', seen.plain),
  { what: 'ours later by', median_ms: round(median(seen.ours) - median(seen.plain), 0) }], `${ROUNDS} rounds`);
await runner.stop();
process.exit(0);
