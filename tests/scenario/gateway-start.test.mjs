// How the portal comes up: before its database is ready, with connection strings of either form, and not at all with
// settings that make no sense.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { freePort, run } from '../lib/process.mjs';
import { exchange, startStack, until } from '../lib/stack.mjs';

const SQL = process.env.SPS_SQL ?? new URL('../../deploy/sql', import.meta.url).pathname;
let stack;

before(async () => {
  stack = await startStack({ emulator: false, demo: false, services: ['workflow'] });
});

after(() => stack?.stop());

async function gateway(name, extra) {
  const port = await freePort();
  const server = stack.addService('gateway', { SPS_LISTEN: `127.0.0.1:${port}`, SPS_RUNTIME: join(stack.dir, name), ...extra }, name);
  return Object.assign(server, { url: `http://127.0.0.1:${port}` });
}

const readiness = (server) => exchange(`${server.url}/readyz`);

test('a gateway that was there before its database\'s tables is ready when they are', { timeout: 90000 }, async () => {
  await stack.database.psql(['-d', 'postgres', '-c', 'CREATE DATABASE later']);
  const server = await gateway('gateway-early', { SPS_DB: `host=${stack.database.dir} dbname=later user=sps_gateway` });
  server.start();
  await until('it to say what is missing', () => /"event":"db.prepare".*spsctl migrate/.test(server.output()), { timeout: 30000 });
  const early = await readiness(server);
  assert.deepEqual([early.status, early.body.ready, early.body.database], [503, false, false]);
  assert.equal((await exchange(`${server.url}/healthz`)).status, 200);

  await stack.spsctl(['migrate', '--sql', SQL], { more: { SPS_DB: `host=${stack.database.dir} dbname=later user=postgres` } });
  await until('it to be ready', async () => (await readiness(server)).status === 200, { timeout: 15000 });
  const tries = server.output().match(/"event":"db\.prepare"/g).length;
  assert.ok(tries <= 6, `${tries} lines: each connection says it once`); // 3 connections; what fails first may change while the tables come
  await server.stop();
});

test('postgresql://… is a connection string for every service', async () => {
  const uri = (role) => `postgresql://${role}@/sps?host=${encodeURIComponent(stack.database.dir)}`;
  stack.addService('notifier', { SPS_DB: uri('sps_notifier') }).start();
  await stack.ready(['notifier']);
  const [row] = await stack.rows("SELECT application_name FROM pg_stat_activity WHERE usename = 'sps_notifier' AND application_name <> '' LIMIT 1");
  assert.equal(row.application_name, 'notifier');
  const server = await gateway('gateway-uri', { SPS_DB: uri('sps_gateway') });
  server.start();
  await until('the gateway to be ready', async () => (await readiness(server)).status === 200, { timeout: 15000 });
});

test('numbers out of their range are refused before anything starts', async () => {
  for (const [name, value] of [['SPS_DB_CONNECTIONS', '0'], ['SPS_DB_CONNECTIONS', '-1'], ['SPS_WORKERS', '0'], ['SPS_WORKERS', '1000'], ['SPS_LIVE_RECHECK_S', '0']]) {
    const server = await gateway('gateway-odd', { [name]: value });
    await assert.rejects(run(server.command, [], { env: { ...process.env, ...server.env } }), new RegExp(`exit 78[^]*${name.slice(4).toLowerCase()} is "${value}", but must be a whole number from 1 to`));
    delete stack.services['gateway-odd'];
  }
});
