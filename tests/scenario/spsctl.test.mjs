// The operator's tool: migrations, keys, passwords and accounts, against a real PostgreSQL.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startStack } from '../lib/stack.mjs';

const SQL = fileURLToPath(new URL('../../deploy/sql', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'spsctl-'));
let stack;
let databases = 0;

before(async () => {
  stack = await startStack({ services: [], demo: false, emulator: false });
});

after(async () => {
  await stack?.stop();
  rmSync(dir, { recursive: true });
});

// An empty database and a directory of SQL files of its own.
async function fresh() {
  const name = `fresh${++databases}`;
  await stack.database.psql(['-d', 'postgres', '-c', `CREATE DATABASE ${name}`]);
  const sql = join(dir, name);
  cpSync(SQL, sql, { recursive: true });
  const env = { SPS_DB: stack.database.conninfo().replace('dbname=sps', `dbname=${name}`) };
  return { sql, migrate: () => stack.spsctl(['migrate', '--sql', sql], { more: env }), env };
}

const fails = (promise, pattern) => assert.rejects(promise, (error) => {
  assert.match(error.message, pattern);
  return true;
});

test('migrate applies each file once and says when there is nothing to do', async () => {
  const { migrate } = await fresh();
  const first = await migrate();
  for (const name of readdirSync(SQL).filter((n) => /^\d{4}_.*\.sql$/.test(n))) assert.ok(first.includes(`applied ${name}`), name);
  assert.match(await migrate(), /^The database is up to date: 0 migrations applied now/);
});

test('two operators at once do not trip over each other', async () => {
  const { migrate } = await fresh();
  const both = await Promise.all([migrate(), migrate()]);
  assert.equal(both.filter((text) => text.includes('applied 0001')).length, 1);
});

test('a file changed after it was applied is refused', async () => {
  const { sql, migrate } = await fresh();
  await migrate();
  writeFileSync(join(sql, '0002_bus.sql'), `${readFileSync(join(sql, '0002_bus.sql'))}\n-- changed\n`);
  await fails(migrate(), /0002_bus\.sql was changed after it had been applied/);
});

test('a database of a newer version is refused', async () => {
  const { sql, migrate } = await fresh();
  writeFileSync(join(sql, '9000_future.sql'), 'CREATE TABLE workflow.future (id int);\n');
  await migrate();
  rmSync(join(sql, '9000_future.sql'));
  await fails(migrate(), /has 9000_future\.sql, which this version does not/);
});

test('a file with a mistake changes nothing and is named with its line', async () => {
  const { sql, migrate } = await fresh();
  writeFileSync(join(sql, '9000_broken.sql'), 'CREATE TABLE workflow.half (id int);\n\nCREATE TABEL workflow.rest (id int);\n');
  await fails(migrate(), /9000_broken\.sql line 3: syntax error/);
  writeFileSync(join(sql, '9000_broken.sql'), 'CREATE TABLE workflow.half (id int);\n');
  assert.match(await migrate(), /applied 9000_broken\.sql/);
});

test('a function that names something that is not there is found at once', async () => {
  const { sql, migrate } = await fresh();
  writeFileSync(join(sql, 'api/zz_wrong.sql'), "CREATE OR REPLACE FUNCTION api.zz() RETURNS int LANGUAGE sql AS 'SELECT api.nobody()';\n");
  await fails(migrate(), /zz_wrong\.sql line 1: function api\.nobody\(\) does not exist/);
});

test('keygen makes a private file for each service and never replaces one', async () => {
  const keys = join(dir, 'keys');
  await stack.spsctl(['keygen', keys]);
  const names = readdirSync(join(keys, 'private')).sort();
  assert.deepEqual(names, ['ansible-runner.key', 'gateway.key', 'hetzner.key', 'notifier.key', 'workflow.key']);
  const before = names.map((name) => readFileSync(join(keys, 'private', name), 'utf8'));
  for (const name of names) assert.equal(statSync(join(keys, 'private', name)).mode & 0o777, 0o600);
  assert.equal(new Set(before).size, names.length);
  await stack.spsctl(['keygen', keys]);
  assert.deepEqual(names.map((name) => readFileSync(join(keys, 'private', name), 'utf8')), before);
});

test('role passwords lie in files of mode 0600, and PostgreSQL holds only verifiers', async () => {
  const passwords = join(dir, 'passwords');
  await stack.spsctl(['role-passwords', passwords]);
  const verifiers = await stack.rows("SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'sps\\_%' AND rolcanlogin");
  assert.equal(verifiers.length, 5);
  for (const { rolpassword } of verifiers) assert.match(rolpassword, /^SCRAM-SHA-256\$/);
  for (const name of readdirSync(passwords)) {
    assert.equal(statSync(join(passwords, name)).mode & 0o777, 0o600);
    const password = readFileSync(join(passwords, name), 'utf8').trim().split(':').pop();
    assert.match(password, /^[0-9a-f]{64}$/);
    assert.ok(!verifiers.some((v) => v.rolpassword.includes(password)));
  }
});

test('user add takes a password from standard input or makes one, and keeps to the rules', async () => {
  const add = (username, input, ...more) => stack.spsctl(['user', 'add', '--username', username, '--name', 'Someone', '--email', `${username}@example.org`, ...more], { input });
  assert.match(await add('first', 'correct horse battery\n', '--role', 'administrator'), /Account "first" \(administrator\) was made/);
  assert.match(await add('second', ''), /Password, shown only now: [0-9a-z-]{23}/);
  await fails(add('third', 'too short\n'), /has 9 characters; it needs 15 to 256/);
  await fails(add('a-name-of-15-chars', 'a-name-of-15-chars\n'), /must not be the user name/);
  await fails(add('fourth', '', '--role', 'king'), /no role "king"/);
  await fails(add('FIRST', ''), /account "FIRST" already/);
  const hash = await stack.value(`SELECT password_hash FROM workflow."user" WHERE username = 'first'`);
  assert.match(hash, /^\$argon2id\$v=19\$m=65536,t=2,p=1\$/);
});

test('every command explains itself', async () => {
  await fails(stack.spsctl([]), /Usage: spsctl COMMAND/);
  await fails(stack.spsctl(['demo', '--help']), /--token-file/);
  await fails(stack.spsctl(['migrate', '--nonsense', 'x']), /no option "--nonsense"/);
  assert.match(await stack.spsctl(['--help']), /role-passwords/);
});
