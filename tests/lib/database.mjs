// A private PostgreSQL for one test: a socket in its own directory, no TCP, no fsync (nothing here survives the
// test). The cluster with all migrations is made once and copied after that, which takes a tenth of a second.

import { createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Server, asUser, run } from './process.mjs';
import { until } from './until.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SQL = process.env.SPS_SQL ?? join(ROOT, 'deploy/sql');

function binDirectory() {
  const base = '/usr/lib/postgresql';
  const versions = existsSync(base) ? readdirSync(base).map(Number).filter((v) => v >= 15) : [];
  if (!versions.length) throw new Error('PostgreSQL 15 is not installed: run tests/run once, it installs what is missing');
  return join(base, String(Math.max(...versions)), 'bin');
}

async function ids(user) {
  return { uid: Number(await run('id', ['-u', user])), gid: Number(await run('id', ['-g', user])) };
}

async function giveToPostgres(path) {
  if (process.getuid() !== 0) return;
  const { uid, gid } = await ids('postgres');
  chownSync(path, uid, gid);
}

function files(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? files(join(dir, e.name)) : [join(dir, e.name)]));
}

// What the prepared cluster depends on: every SQL file, and the tool with the list of messages in it.
function fingerprint(spsctl) {
  const hash = createHash('sha256');
  for (const file of files(SQL).sort()) hash.update(file.slice(SQL.length)).update(readFileSync(file));
  hash.update(`${statSync(spsctl).mtimeMs} ${process.getuid()}`);
  return hash.digest('hex').slice(0, 16);
}

export class Database {
  constructor(dir, log, fsync = false) {
    this.dir = dir;
    this.data = join(dir, 'data');
    this.bin = binDirectory();
    const [command, args] = asUser('postgres', join(this.bin, 'postgres'), [
      '-D', this.data, '-k', dir, '-c', 'listen_addresses=', '-c', `fsync=${fsync ? 'on' : 'off'}`, '-c', 'synchronous_commit=on',
      '-c', 'max_connections=60', '-c', 'shared_buffers=32MB', '-c', 'log_line_prefix=%m [%p] %q%u ',
    ]);
    this.server = new Server('postgresql', command, args, { log, cwd: '/' });
  }

  // A connection string for this role.
  conninfo(user = 'postgres') {
    return `host=${this.dir} dbname=sps user=${user}`;
  }

  async start() {
    this.server.start();
    await until('PostgreSQL to answer', () => this.psql(['-d', 'postgres', '-c', 'SELECT 1']), { every: 50 });
  }

  // Fast shutdown: open transactions are rolled back.
  stop() {
    return this.server.stop({ signal: 'SIGINT' });
  }

  // As after a power cut: no checkpoint, recovery from the journal at the next start.
  async crash() {
    await this.server.stop({ signal: 'SIGQUIT' });
  }

  async psql(args, input = '') {
    return run('psql', ['-X', '-q', '-A', '-t', '-h', this.dir, '-U', 'postgres', '-v', 'ON_ERROR_STOP=1', ...args], { input });
  }

  // Rows of a SELECT (or of WITH … RETURNING) as objects; $1, $2 … are the parameters.
  async rows(query, params = []) {
    const text = await this.execute(`SELECT coalesce(json_agg(t), '[]') FROM (${query}) t`, params);
    return JSON.parse(text);
  }

  // The first column of the first row.
  async value(query, params = []) {
    const [row] = await this.rows(query, params);
    return row ? Object.values(row)[0] : undefined;
  }

  // Nobody reads or writes this table until the function it resolves with is called (or 20 s have passed).
  async lock(table) {
    const held = `FROM pg_locks WHERE relation = '${table}'::regclass AND mode = 'AccessExclusiveLock' AND granted`;
    const holder = this.psql(['-d', 'sps', '-c', `BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(20)`]).catch(() => {});
    await until(`${table} to be locked`, () => this.value(`SELECT count(*) > 0 AS held ${held}`), { every: 20 });
    return async () => {
      await this.execute(`SELECT pg_terminate_backend(pid) ${held}`);
      await holder;
    };
  }

  // Any statement; the parameters travel as psql variables, quoted by psql.
  execute(query, params = []) {
    const variables = params.flatMap((value, i) => ['-v', `p${i + 1}=${value}`]);
    return this.psql(['-d', 'sps', ...variables], query.replace(/\$(\d+)/g, (_, n) => `:'p${n}'`));
  }
}

async function prepare(cache, spsctl) {
  const building = `${cache}.${process.pid}`;
  mkdirSync(building, { recursive: true });
  await giveToPostgres(building);
  const db = new Database(building, `${building}.log`);
  const [command, args] = asUser('postgres', join(db.bin, 'initdb'), [
    '--no-sync', '-D', db.data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8',
  ]);
  await run(command, args, { cwd: '/' });
  await db.start();
  try {
    await db.psql(['-d', 'postgres', '-c', 'CREATE DATABASE sps']);
    await run(spsctl, ['migrate', '--sql', SQL], { env: { ...process.env, SPS_DB: db.conninfo() } });
  } finally {
    await db.stop();
  }
  if (existsSync(cache)) rmSync(building, { recursive: true });
  else renameSync(building, cache);
}

// A started database of the present schema in @dir.
export async function startDatabase({ dir, log, spsctl, cacheDir, fsync = false }) {
  const cache = join(cacheDir, fingerprint(spsctl));
  mkdirSync(cacheDir, { recursive: true });
  if (!existsSync(cache)) await prepare(cache, spsctl);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await run('cp', ['-a', join(cache, 'data'), dir]);
  await giveToPostgres(dir);
  const db = new Database(dir, log, fsync);
  await db.start();
  return db;
}
