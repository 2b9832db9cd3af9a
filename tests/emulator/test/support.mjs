// Starting an emulator for a test and talking to it.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

import { loadJudge } from './schema.mjs';

const EMULATOR = fileURLToPath(new URL('../emulator.mjs', import.meta.url));
export const judge = await loadJudge();

export const sleep = (ms) =>
  new Promise((done) => {
    setTimeout(done, ms);
  });
export const newToken = () => randomBytes(32).toString('hex');

const scratches = [];
process.once('exit', () =>
  scratches.forEach((directory) => fs.rmSync(directory, { recursive: true, force: true })),
);

export function scratch() {
  scratches.push(fs.mkdtempSync(path.join(os.tmpdir(), 'sps-emulator-')));
  return scratches.at(-1);
}

export function has(program) {
  return spawnSync('which', [program]).status === 0;
}

export function sshKey(directory, name = 'key') {
  const file = path.join(directory, name);
  const made = spawnSync('ssh-keygen', [
    '-q',
    '-t',
    'ed25519',
    '-N',
    '',
    '-C',
    `${name}@test`,
    '-f',
    file,
  ]);
  assert.equal(made.status, 0, String(made.stderr));
  return { file, text: fs.readFileSync(`${file}.pub`, 'utf8').trim() };
}

export async function until(what, test, ms = 10_000) {
  const end = Date.now() + ms;
  for (;;) {
    const got = await test();
    if (got) return got;
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain: ${what}`);
    await sleep(20);
  }
}

async function request(base, method, target, { token, body, headers = {}, raw } = {}) {
  const answer = await fetch(base + target, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: text === '' ? null : JSON.parse(text),
  };
}

export class Emulator {
  static async start(options = {}) {
    const emulator = new Emulator();
    emulator.directory = options.directory ?? scratch();
    emulator.rw = options.rw ?? newToken();
    emulator.ro = newToken();
    const tokens = path.join(emulator.directory, 'tokens.json');
    fs.writeFileSync(
      tokens,
      JSON.stringify({
        projects: [
          { name: 'one', tokens: [{ token: emulator.rw }, { token: emulator.ro, access: 'ro' }] },
          { name: 'two', tokens: [{ token: `${emulator.rw.slice(1)}2` }] },
        ],
      }),
      { mode: 0o600 },
    );
    if (options.spawn?.uid) fs.chownSync(tokens, options.spawn.uid, options.spawn.gid);
    emulator.two = `${emulator.rw.slice(1)}2`;
    emulator.spawn = options.spawn ?? {}; // another user, say
    await emulator.#run([
      '--listen',
      '127.0.0.1:0',
      '--admin',
      '127.0.0.1:0',
      '--tokens',
      tokens,
      '--scale',
      options.scale ?? '0.05',
      ...(options.args ?? []),
    ]);
    return emulator;
  }

  async #run(args) {
    this.process = spawn(process.execPath, [EMULATOR, ...args], {
      ...this.spawn,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // a test that fails must end all the same, and its emulator with it
    for (const handle of [this.process, this.process.stdout, this.process.stderr]) handle.unref();
    process.once('exit', () => this.process.kill('SIGTERM'));
    this.said = '';
    this.process.stderr.on('data', (part) => {
      this.said += part;
    });
    const lines = readline.createInterface({ input: this.process.stdout });
    const ended = once(this.process, 'exit').then(([code]) => {
      throw new Error(`exit ${code}: ${this.said}`);
    });
    ended.catch(() => {});
    const alive = setInterval(() => {}, 1000); // nothing else keeps this process while it waits
    const [line] = await Promise.race([once(lines, 'line'), ended]).finally(() =>
      clearInterval(alive),
    );
    Object.assign(this, JSON.parse(line));
  }

  // Every answer is held against Hetzner's OpenAPI file.
  async api(method, target, options = {}) {
    const answer = await request(this.endpoint, method, target, { token: this.rw, ...options });
    const wrong = judge.check(method, target.split('?')[0], answer.status, answer.body);
    assert.equal(
      wrong,
      null,
      `${method} ${target} ${answer.status}: ${wrong}\n${answer.text.slice(0, 1500)}`,
    );
    return answer;
  }

  get(target, options) {
    return this.api('GET', target, options);
  }
  post(target, body, options) {
    return this.api('POST', target, { body, ...options });
  }
  put(target, body, options) {
    return this.api('PUT', target, { body, ...options });
  }
  delete(target, options) {
    return this.api('DELETE', target, options);
  }

  async tell(method, target, body) {
    const answer = await request(this.admin, method, target, { body });
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  }

  async done(action, ms) {
    return until(
      `action ${action.id} (${action.command})`,
      async () => {
        const { body } = await this.get(`/actions/${action.id}`);
        return body.action.status === 'running' ? null : body.action;
      },
      ms,
    );
  }

  // A server by its shortest way; running unless told otherwise.
  async server(name, fields = {}, ms) {
    const made = await this.post('/servers', {
      name,
      server_type: 'cx23',
      image: 'debian-12',
      ...fields,
    });
    assert.equal(made.status, 201, made.text);
    for (const action of [made.body.action, ...made.body.next_actions]) {
      assert.equal((await this.done(action, ms)).status, 'success');
    }
    return {
      ...made.body,
      server: (await this.get(`/servers/${made.body.server.id}`)).body.server,
    };
  }

  async stop(signal = 'SIGTERM') {
    if (this.process.exitCode !== null) return;
    this.process.ref();
    this.process.kill(signal);
    await once(this.process, 'exit');
  }
}

export function code(answer) {
  return answer.body.error.code;
}
