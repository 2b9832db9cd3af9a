// The runner alone: it is given its orders as the other services send them, and real servers to work on.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { send } from './bus.mjs';
import { run } from './process.mjs';
import { exchange, startStack, until } from './stack.mjs';

const SERVICE_UID = 58804;
export const RUN_UID = 58809;
export const FINAL = ['succeeded', 'failed', 'cancelled', 'timed_out', 'lost'];
const PLAYBOOKS = fileURLToPath(new URL('../../deploy/playbooks', import.meta.url));

export const plain = (text) => text.replaceAll(/\u001b\[[0-9;]*m/g, '');

export class Runner {
  // @playbooks: { name: text } beside those of the project
  static async start(playbooks = {}, env = {}) {
    const runner = new Runner();
    runner.stack = await startStack({ demo: false, services: [], emulator: { boot: 'auto', scale: 0.05 } });
    runner.playbooks = join(runner.stack.dir, 'playbooks');
    cpSync(PLAYBOOKS, runner.playbooks, { recursive: true });
    for (const [name, text] of Object.entries(playbooks)) writeFileSync(join(runner.playbooks, `${name}.yml`), text);
    runner.env = { SPS_PLAYBOOKS: runner.playbooks, SPS_RUN_UID: String(RUN_UID), SPS_SSH_WAIT_S: '8', SPS_POLL_MS: '50', ...env };
    await runner.openDoors();
    await runner.startService();
    return runner;
  }

  // With the rights that deploy/local gives it: a user of its own that may change to the user of runs.
  addService(label) {
    const server = this.stack.addService('ansible-runner', this.env, label);
    const rights = '+setuid,+setgid,+kill,+chown';
    server.args = [`--reuid=${SERVICE_UID}`, `--regid=${SERVICE_UID}`, '--clear-groups', `--inh-caps=-all,${rights}`, `--ambient-caps=-all,${rights}`, server.command];
    server.command = 'setpriv';
  }

  async openDoors() {
    const { dir, redis } = this.stack;
    for (const path of [redis.socket, redis.passwordFile('ansible-runner'), join(dir, 'runs'), join(dir, 'keys/private/ansible-runner.key')]) chownSync(path, SERVICE_UID, SERVICE_UID);
    for (const path of [join(dir, 'keys'), join(dir, 'keys/private'), join(dir, 'keys/public'), join(dir, 'pg'), join(dir, 'runs')]) chmodSync(path, 0o711);
    chmodSync(join(dir, 'keys/public'), 0o755);
    for (const file of readdirSync(join(dir, 'keys/public'))) chmodSync(join(dir, 'keys/public', file), 0o644);
  }

  async startService(label = 'ansible-runner') {
    if (!this.stack.services[label]) this.addService(label);
    this.stack.services[label].start();
    await until(`${label} to be ready`, () => this.stack.services[label].output().includes(`"pid":${this.stack.services[label].pid},"event":"service.ready"`));
  }

  get service() {
    return this.stack.services['ansible-runner'];
  }

  async stop() {
    this.watching?.kill();
    await this.stack.stop();
  }

  // A message as another service sends it.
  send(type, record, options) {
    return send(this.stack, 'runner', type, record, options);
  }

  // How many messages of this type, with all these words in them, other services were sent.
  async told(type, ...words) {
    const bodies = await this.stack.rows("SELECT encode(body, 'escape') AS body FROM workflow.inbox WHERE type = $1", [type]);
    return bodies.filter(({ body }) => words.every((word) => body.includes(word))).length;
  }

  // The public key of a project, made when there is none.
  async identity(project) {
    await this.send('identity.create', { project });
    return until('the key pair', () => this.stack.value('SELECT public_key FROM runner.identity WHERE project = $1', [project]));
  }

  async api(method, path, record) {
    const body = record && JSON.stringify(record);
    const headers = { authorization: `Bearer ${this.stack.emulator.token}`, ...(body && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }) };
    const answer = await exchange(`${this.stack.emulator.endpoint}${path}`, { method, body, headers });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  async cloudKey(publicKey) {
    const known = (await this.api('GET', '/ssh_keys')).ssh_keys.find((k) => k.public_key === publicKey);
    return known ?? (await this.api('POST', '/ssh_keys', { name: publicKey.split(' ')[2], public_key: publicKey })).ssh_key;
  }

  // A server that answers by SSH and lets the project's key in.
  async server(name, project) {
    const key = await this.cloudKey(await this.identity(project));
    const { server } = await this.api('POST', '/servers', { name, server_type: 'cx23', location: 'fsn1', image: 'debian-12', ssh_keys: [key.id] });
    const address = server.public_net.ipv4.ip;
    const hostKey = await until(`${name} to answer`, () => this.scan(address), { timeout: 120000, every: 500 });
    return { id: server.id, name, address, hostKey, project };
  }

  async scan(address) {
    const text = await run('ssh-keyscan', ['-T', '3', '-t', 'ed25519', '-p', String(this.stack.sshPort), address]);
    return /ssh-ed25519 \S+/.exec(text)?.[0];
  }

  announce(op, server, token) {
    const request = 9000 + server.id;
    return this.send('server.creating', { op, request, project: server.project, token_hash: token }, { agg: `request:${request}`, actor: 'system:hetzner' });
  }

  // The server reports its key under a token, as cloud-init does through the gateway.
  async report(op, server, key = server.hostKey) {
    const token = randomUUID().replaceAll('-', '').repeat(2);
    await this.announce(op, server, token);
    await this.send('hostkey.report', { token_hash: token, key: `${key} root@${server.name}` }, { actor: 'system:gateway' });
    return token;
  }

  // Orders a run, and nothing more.
  async order(server, playbook, { op = randomUUID(), attempt = 1, timeout = 120, report = server.hostKey, ...extra } = {}) {
    if (report) await this.report(op, server, report);
    const record = { op, attempt, request: 9000 + server.id, project: server.project, server: server.id, name: server.name,
      address: server.address, playbook, purpose: 'baseline', timeout_s: timeout, ...extra };
    await this.send('run.start', record, { agg: `request:${record.request}` });
    return record;
  }

  // The row of an order, once it is there.
  ordered({ op, attempt }) {
    return until('the run to be there', async () => (await this.stack.rows('SELECT * FROM runner.run WHERE op = $1::uuid AND attempt = $2', [op, attempt]))[0]);
  }

  async begin(server, playbook, options) {
    return this.ordered(await this.order(server, playbook, options));
  }

  // Takes an order back, as the workflow does when a deployment is undone.
  revoke({ op, attempt, request }) {
    return this.send('run.revoke', { op, attempt, request, reason: 'The deployment was cancelled.' }, { agg: `request:${request}` });
  }

  async row({ id }) {
    return (await this.stack.rows('SELECT * FROM runner.run WHERE id = $1', [id]))[0];
  }

  becomes(of, states, timeout = 60000) {
    return until(`run ${of.id} to be ${states}`, async () => {
      const row = await this.row(of);
      if (FINAL.includes(row.state) && !states.includes(row.state)) throw new Error(`it is ${row.state}: ${row.reason} ${row.message}`);
      return states.includes(row.state) && row;
    }, { timeout, every: 50 });
  }

  async whole(server, playbook, options) {
    return this.becomes(await this.begin(server, playbook, options), FINAL, 120000);
  }

  cancel(of, reason) {
    return this.send('run.cancel', { run: of.id, reason });
  }

  // All lines, without their colours; fails when there is a gap.
  async log({ id }) {
    const lines = await this.stack.rows('SELECT seq, stream::text, task, text FROM runner.run_log WHERE run = $1 ORDER BY seq', [id]);
    assert.deepEqual(lines.map((l) => l.seq), lines.map((_, i) => i + 1), 'the log has no gap');
    return lines.map((l) => ({ ...l, text: plain(l.text) }));
  }

  // What everybody who watches is sent, by topic.
  watch() {
    this.frames = [];
    this.watching = spawn('redis-cli', [...this.stack.redis.testerArgs, 'PSUBSCRIBE', 'live:*'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let rest = '';
    this.watching.stdout.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop();
      this.frames.push(...lines.filter((l) => l.startsWith('{')).map((l) => JSON.parse(l)));
    });
    return until('the subscription', async () => Number(await this.stack.redisCommand('PUBSUB', 'NUMPAT')) > 0);
  }

  // Processes that were started for runs.
  processes() {
    return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).flatMap((pid) => {
      try {
        const uid = Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        const ours = environment.includes(this.stack.dir) || command.includes(join(this.stack.dir, 'runs'));
        return ours && !command.includes('sps-ansible-runner') ? [{ pid: Number(pid), uid, command, environment }] : [];
      } catch {
        return []; // it has ended meanwhile
      }
    }).filter((p) => p.uid === RUN_UID || p.command.startsWith('sps-run'));
  }

  nothingLeft({ id }) {
    const dir = join(this.stack.dir, 'runs', String(id));
    return until('nothing but the spool to be left', () => {
      const files = readdirSync(dir);
      const left = this.processes().filter((p) => p.command.includes(`${dir} `) || p.environment.includes(`SPS_RUN=${dir}\0`));
      if (left.length) throw new Error(left.map((p) => p.command).join(', '));
      if (files.join() !== 'spool') throw new Error(files.join(' '));
      return true;
    }, { timeout: 15000 });
  }
}
