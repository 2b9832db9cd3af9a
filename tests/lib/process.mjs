// Child processes of the tests: programs that are run to their end, and servers with a log file that can be
// stopped, killed and frozen. Each server leads a process group of its own, so that nothing it started survives it.

import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';

// Runs a program; resolves with its standard output, throws with both outputs when it fails.
export function run(command, args, { input = '', env = process.env, cwd, timeout = 120000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, cwd, timeout, stdio: ['pipe', 'pipe', 'pipe'] });
    const out = [];
    const err = [];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    child.stdin.on('error', () => {}); // it may end without reading
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const text = Buffer.concat(out).toString();
      if (code === 0) return resolve(text);
      return reject(new Error(`${command} ${args.join(' ')}: ${signal ?? `exit ${code}`}\n${text}${Buffer.concat(err)}`));
    });
    child.stdin.end(input);
  });
}

// A free port below those that the kernel hands out by itself: whoever asks for "any port"
// (every service does, for its bus) cannot take it between our look and its use.
export async function freePort() {
  for (;;) {
    const port = 10000 + Math.floor(Math.random() * 20000);
    const free = await new Promise((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

// As root, the program under this user; PostgreSQL refuses to run as root.
export function asUser(user, command, args) {
  if (process.getuid() !== 0) return [command, args];
  return ['setpriv', ['--reuid', user, '--regid', user, '--init-groups', command, ...args]];
}

// Servers that run now. A test file that breaks off, or is ended from outside, must not leave them behind.
const alive = new Set();
process.on('exit', () => alive.forEach((server) => server.killGroup()));
for (const [signal, status] of [['SIGTERM', 143], ['SIGINT', 130], ['SIGHUP', 129]]) process.once(signal, () => process.exit(status));

export class Server {
  // @alive: called to learn whether it answers; start() waits for it.
  constructor(name, command, args, { env = {}, log, cwd, alive = null }) {
    Object.assign(this, { name, command, args, env, log, cwd, alive });
    this.child = null;
  }

  get pid() {
    return this.child?.pid ?? null;
  }

  get running() {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  start() {
    if (this.running) throw new Error(`${this.name} runs already`);
    const fd = openSync(this.log, 'a');
    this.child = spawn(this.command, this.args, {
      env: { ...process.env, ...this.env },
      cwd: this.cwd,
      detached: true,
      stdio: ['ignore', fd, fd],
    });
    closeSync(fd);
    alive.add(this);
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve({ code: null, error }));
      this.child.once('exit', (code, signal) => resolve({ code, signal }));
    }).finally(() => alive.delete(this));
  }

  signal(name) {
    if (!this.running) return;
    try {
      process.kill(-this.child.pid, name);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }

  // Asks it to end; after @patience it is killed, and that is an error: services must leave when asked.
  async stop({ signal = 'SIGTERM', patience = 20000 } = {}) {
    if (!this.running) return this.ended;
    const timer = setTimeout(() => this.signal('SIGKILL'), patience);
    if (signal === 'SIGTERM') process.kill(this.child.pid, signal);
    else this.signal(signal);
    const end = await this.ended;
    clearTimeout(timer);
    if (end.signal === 'SIGKILL') throw new Error(`${this.name} did not end within ${patience / 1000} s\n${this.tail()}`);
    this.killGroup();
    return end;
  }

  async kill9() {
    this.killGroup();
    await this.ended;
  }

  killGroup() {
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }

  freeze() {
    this.signal('SIGSTOP');
  }

  thaw() {
    this.signal('SIGCONT');
  }

  output() {
    try {
      return readFileSync(this.log, 'utf8');
    } catch {
      return '';
    }
  }

  tail(lines = 30) {
    return this.output().trimEnd().split('\n').slice(-lines).map((line) => `  ${this.name} | ${line}`).join('\n');
  }
}
