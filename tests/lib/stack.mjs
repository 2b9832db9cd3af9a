// A complete private portal for one test: PostgreSQL, Redis, the five services (sanitizer build), the emulator of
// the cloud and a mail server, in a directory of their own and on free ports.
//
//   const stack = await startStack();                      everything, with the demo accounts and project
//   const ada = await stack.client('administrator');       signed in
//   await ada.write('/requests', {…});
//   await stack.services.workflow.kill9();                 and .start() .stop() .freeze() .thaw()
//   await stack.rows('SELECT state FROM workflow.request WHERE id = $1', [id]);
//   await until('it is deployed', async () => …);
//   await stack.stop();                                    fails if a service complained or a sanitizer spoke
//
// Options: env {service: {SPS_…}} settings of single services; emulator {boot, scale, args} or false; demo false: an
// empty database; services: which ones to start; mail: hooks of the mail server (deploy/demo/mail-sink.mjs).
// SPS_BUILD names another build directory, SPS_KEEP=1 keeps the directory of a stack for a look.

import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startMailSink } from '../../deploy/demo/mail-sink.mjs';
import { Client, exchange } from './client.mjs';
import { startDatabase } from './database.mjs';
import { Server, freePort, run } from './process.mjs';
import { Redis } from './redis.mjs';
import { until } from './until.mjs';

export { until } from './until.mjs';
export { Client, exchange } from './client.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = process.env.SPS_BUILD ?? join(ROOT, 'build/dev');
const EMULATOR = join(ROOT, 'tests/emulator/emulator.mjs');

const SANITIZERS = {
  ASAN_OPTIONS: 'abort_on_error=0:detect_stack_use_after_return=1',
  UBSAN_OPTIONS: 'print_stacktrace=1',
};
const SANITIZER_SPOKE = /ERROR: AddressSanitizer|ERROR: LeakSanitizer|runtime error:/;

// Each service: its program below the build directory, its database role, and the times that tests shorten.
const SERVICES = {
  workflow: { program: 'sps-workflow', role: 'sps_workflow', env: { SPS_RETRY_BASE_MS: '50' } },
  hetzner: { program: 'sps-hetzner', role: 'sps_hetzner', env: { SPS_POLL_MS: '100', SPS_SYNC_S: '5' } },
  'ansible-runner': { program: 'sps-ansible-runner', role: 'sps_runner', env: { SPS_POLL_MS: '100' } },
  notifier: { program: 'sps-notifier', role: 'sps_notifier', env: { SPS_RETRY_SCALE: '1' } },
  gateway: { program: 'services/gateway/sps-gateway', role: 'sps_gateway', env: {} },
};

function program(name) {
  const found = [join(BUILD, name), join(BUILD, name.split('/').pop())].find(existsSync);
  if (!found) throw new Error(`${name} is not built in ${BUILD}: run tests/run once, or cmake --build --preset dev`);
  return found;
}

class Stack {
  constructor(dir) {
    this.dir = dir;
    this.services = {};
    this.clients = new Map();
  }

  log(name) {
    return join(this.dir, 'log', `${name}.log`);
  }

  rows(query, params) {
    return this.database.rows(query, params);
  }

  value(query, params) {
    return this.database.value(query, params);
  }

  execute(query, params) {
    return this.database.execute(query, params);
  }

  // { input, more: further environment }
  spsctl(args, { more = {}, ...options } = {}) {
    return run(program('spsctl'), args, { ...options, env: { ...process.env, ...SANITIZERS, SPS_DB: this.database.conninfo(), ...more } });
  }

  async startRedis() {
    this.redis = new Redis(this.dir, this.log('redis'));
    await this.redis.start();
  }

  redisCommand(...words) {
    return this.redis.command(...words);
  }

  // The emulator has one project with a token made for this stack alone.
  async startEmulator({ boot = 'none', scale = 0.02, args = [] }) {
    const port = await freePort();
    const admin = await freePort();
    const token = randomBytes(32).toString('hex');
    const tokens = join(this.dir, 'tokens.json');
    writeFileSync(tokens, JSON.stringify({ projects: [{ name: 'demo', tokens: [{ token, access: 'rw' }] }] }), { mode: 0o600 });
    writeFileSync(join(this.dir, 'token'), `${token}\n`, { mode: 0o600 });
    const server = new Server('emulator', process.execPath, [EMULATOR, '--listen', `127.0.0.1:${port}`, '--admin', `127.0.0.1:${admin}`,
      '--tokens', tokens, '--state', join(this.dir, 'emulator.json'), '--scale', String(scale), '--boot', boot,
      '--var', join(this.dir, 'machines'), '--base-root', process.env.SPS_BASE_ROOT ?? '/var/tmp/sps-emulator-base',
      '--tag', `t${port}`, '--ssh-port', '2222', ...args], { log: this.log('emulator'), cwd: ROOT });
    this.emulator = Object.assign(server, { token, endpoint: `http://127.0.0.1:${port}/v1`, admin: `http://127.0.0.1:${admin}` });
    server.start();
    const health = await until('the emulator to answer', () => {
      if (!server.running) throw new Error(`the emulator ended\n${server.tail()}`);
      return exchange(`${this.emulator.admin}/health`).then((a) => a.status === 200 && a.body);
    }, { timeout: boot === 'none' ? 15000 : 300000 });
    this.emulator.mode = health.mode;
    this.sshPort = health.mode === 'netns' ? 22 : 2222;
  }

  settings(name, extra) {
    const { role, env } = SERVICES[name];
    const all = {
      ...SANITIZERS,
      SPS_DB: this.database.conninfo(role),
      ...this.redis.settings(name),
      SPS_KEYS: join(this.dir, 'keys'),
      SPS_PUBLIC_URL: this.url,
      SPS_LOG_LEVEL: 'debug',
      ...env,
    };
    if (name === 'gateway') Object.assign(all, { SPS_LISTEN: `127.0.0.1:${this.port}`, SPS_WEB: join(ROOT, 'services/gateway/web/dist'), SPS_RUNTIME: join(this.dir, 'gateway'), LSAN_OPTIONS: `suppressions=${join(ROOT, 'tests/lib/gateway.supp')}:print_suppressions=0` });
    if (name === 'hetzner') all.SPS_HETZNER_ENDPOINT = this.emulator?.endpoint ?? 'http://127.0.0.1:9/v1';
    if (name === 'notifier') Object.assign(all, { SPS_SMTP_URL: this.mail.url, SPS_MAIL_FROM: 'portal@example.org' });
    if (name === 'ansible-runner') Object.assign(all, { SPS_RUN_DIR: join(this.dir, 'runs'), SPS_PLAYBOOKS: join(ROOT, 'deploy/playbooks'), SPS_SSH_PORT: String(this.sshPort ?? 22) });
    return { ...all, ...extra };
  }

  // One more replica of a service is addService('workflow', {}, 'workflow-2').
  addService(name, extra = {}, label = name) {
    const server = new Server(label, program(SERVICES[name].program), [], { env: this.settings(name, extra), log: this.log(label), cwd: this.dir });
    this.services[label] = server;
    return server;
  }

  async ready(names) {
    for (const name of names.filter((n) => n !== 'gateway'))
      await until(`${name} to register`, () => {
        if (!this.services[name].running) throw new Error(`${name} ended\n${this.services[name].tail()}`);
        return this.value("SELECT count(*) > 0 AS up FROM bus.instance WHERE service = $1 AND endpoint <> ''", [name]);
      }, { timeout: 30000 });
    if (names.includes('gateway'))
      await until('the gateway to be ready', () => exchange(`${this.url}/readyz`).then((a) => a.status === 200 || a.text), { timeout: 30000 });
  }

  // A signed-in person: a demo role, or { username, password }.
  async client(who) {
    const user = typeof who === 'string' ? this.users[who] : who;
    return new Client(this.url).signIn(user);
  }

  // What the cloud's journal says was really done.
  async cloud(path = '/servers') {
    return (await exchange(`${this.emulator.admin}${path}`)).body;
  }

  async cloudSend(method, path, body) {
    const text = JSON.stringify(body ?? {});
    const answer = await exchange(`${this.emulator.admin}${path}`, { method, body: text, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } });
    if (answer.status >= 300) throw new Error(`emulator ${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  complaints() {
    const bad = [];
    for (const server of Object.values(this.services))
      if (SANITIZER_SPOKE.test(server.output())) bad.push(`a sanitizer spoke in ${server.name}:\n${server.tail(60)}`);
    return bad;
  }

  // The last lines of every log: what a failed test prints.
  tails(lines = 15) {
    return [...Object.values(this.services), this.emulator, this.database.server].filter(Boolean).map((s) => s.tail(lines)).join('\n');
  }

  async stop() {
    const bad = [];
    const end = async (server, options) => {
      const ended = await server?.stop(options).catch((error) => bad.push(error.message));
      if (ended?.code) bad.push(`${server.name} ended with status ${ended.code}\n${server.tail(40)}`);
    };
    // The gateway first: it is the one that gives the others work.
    await end(this.services.gateway);
    await Promise.all(Object.values(this.services).map((server) => server !== this.services.gateway && end(server)));
    bad.push(...this.complaints());
    await end(this.emulator, { patience: 60000 });
    await this.mail?.close();
    await end(this.redis?.server);
    await this.database?.stop();
    if (!process.env.SPS_KEEP && !bad.length) rmSync(this.dir, { recursive: true, force: true });
    if (bad.length) throw new Error(`${bad.join('\n')}\n(the logs are kept in ${this.dir}/log)`);
  }
}

async function bringUp(stack, { env, emulator, demo, services, mail, fsync }) {
  stack.port = await freePort();
  stack.url = `http://127.0.0.1:${stack.port}`;
  const starting = [
    startDatabase({ fsync, dir: join(stack.dir, 'pg'), log: stack.log('postgresql'), spsctl: program('spsctl'), cacheDir: join(ROOT, 'build/test-cluster') }),
    startMailSink({ hooks: mail }),
    stack.startRedis(),
    emulator && stack.startEmulator(emulator),
  ];
  [stack.database, stack.mail] = await Promise.all(starting);
  await stack.spsctl(['keygen', join(stack.dir, 'keys')]);
  for (const name of services) stack.addService(name, env[name]).start();
  await stack.ready(services);
  if (!demo || !emulator) return;
  const file = join(stack.dir, 'demo.json');
  await stack.spsctl(['demo', '--url', stack.url, '--endpoint', stack.emulator.endpoint, '--token-file', join(stack.dir, 'token'),
    '--keys', join(stack.dir, 'keys'), '--out', file]);
  stack.users = JSON.parse(readFileSync(file, 'utf8')).users;
  stack.project = await stack.value("SELECT id FROM workflow.project WHERE name = 'Demo'");
}

export async function startStack({ env = {}, emulator = {}, demo = true, services = Object.keys(SERVICES), mail = {}, fsync = false } = {}) {
  const stack = new Stack(mkdtempSync(join(tmpdir(), 'sps-')));
  chmodSync(stack.dir, 0o711); // PostgreSQL runs as another user below it
  mkdirSync(join(stack.dir, 'log'));
  mkdirSync(join(stack.dir, 'runs'));
  try {
    await bringUp(stack, { env, emulator, demo, services, mail, fsync });
  } catch (error) {
    const seen = stack.database ? stack.tails() : '';
    await stack.stop().catch(() => {});
    throw new Error(`the stack did not start: ${error.message}\n${seen}`);
  }
  return stack;
}
