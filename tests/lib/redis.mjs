// A private Redis for one test, with the users and rights it has everywhere (deploy/lib/redis.acl), and one user more:
// the tester, who may do everything.

import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Server, run } from './process.mjs';
import { until } from './until.mjs';

const TEMPLATE = fileURLToPath(new URL('../../deploy/lib/redis.acl', import.meta.url));
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

export class Redis {
  constructor(dir, log) {
    this.dir = dir;
    this.socket = join(dir, 'redis.sock');
    mkdirSync(join(dir, 'secrets'), { recursive: true, mode: 0o711 });
    const rights = readFileSync(TEMPLATE, 'utf8').replace(/^#.*\n/gm, '').replace(/@([a-z-]+)@/g, (_, user) => sha256(this.#makePassword(user)));
    writeFileSync(join(dir, 'redis.acl'), `${rights}user tester on nopass ~* &* +@all\n`, { mode: 0o600 });
    this.server = new Server('redis', 'redis-server', ['--port', '0', '--unixsocket', this.socket, '--unixsocketperm', '700',
      '--aclfile', join(dir, 'redis.acl'), '--save', '', '--appendonly', 'no', '--dir', dir, '--daemonize', 'no'], { log, cwd: dir });
  }

  #makePassword(user) {
    const password = randomBytes(32).toString('hex');
    writeFileSync(this.passwordFile(user), `${password}\n`, { mode: 0o600 });
    return password;
  }

  passwordFile(user) {
    return join(this.dir, 'secrets', `${user}.redis`);
  }

  async start() {
    this.server.start();
    await until('Redis to answer', async () => (await this.command('PING')).startsWith('PONG'), { every: 20 });
  }

  // What a service needs to sign in.
  settings(user) {
    return { SPS_REDIS: this.socket, SPS_REDIS_USER: user, SPS_REDIS_PASSWORD_FILE: this.passwordFile(user) };
  }

  // redis-cli as the tester; input: one command on each line.
  cli(words, options) {
    return run('redis-cli', [...this.testerArgs, ...words], options);
  }

  get testerArgs() {
    return ['-s', this.socket, '--user', 'tester', '--pass', 'any', '--no-auth-warning'];
  }

  command(...words) {
    return this.cli(words);
  }

  // The same as one of the services, with what somebody finds who has taken it over.
  commandAs(user, ...words) {
    return run('redis-cli', ['-s', this.socket, '--user', user, ...words], { env: { ...process.env, REDISCLI_AUTH: readFileSync(this.passwordFile(user), 'utf8').trim() } });
  }
}
