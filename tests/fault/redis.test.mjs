// Somebody has taken over one of the services. What its user in Redis can do is all he has: no session is made, read,
// ended or listened for by anybody but the gateway. And when rights are missing, that is said and mends itself.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { run } from '../lib/process.mjs';
import { exchange, startStack, until } from '../lib/stack.mjs';

const person = { username: 'ada', password: 'correct horse battery ada' };
const OTHERS = ['workflow', 'hetzner', 'ansible-runner', 'notifier'];
let stack, ada, session;

before(async () => {
  stack = await startStack({ emulator: false, demo: false, services: ['workflow', 'notifier', 'gateway'] });
  await stack.spsctl(['user', 'add', '--username', person.username, '--name', 'Ada', '--email', 'ada@example.org', '--role', 'administrator'], { input: person.password });
  ada = await stack.client(person);
  session = (await stack.redisCommand('KEYS', 'sess:*')).trim();
});

after(() => stack?.stop());

const refused = async (user, ...words) => assert.match(await stack.redis.commandAs(user, ...words), /NOPERM/, `${user}: ${words.join(' ')}`);
const ready = () => exchange(`${stack.url}/readyz`).then((a) => a.body.redis);
const count = (service, event) => stack.services[service].output().split(`"event":"${event}"`).length - 1;

test('no service but the gateway can make, read, end or find a session', async () => {
  const forged = `sess:${'0'.repeat(64)}`;
  for (const user of OTHERS) {
    await refused(user, 'SET', forged, JSON.stringify({ user: 1, generation: 1, created: 1, csrf: '0'.repeat(64) }));
    for (const words of [['GET', session], ['GETEX', session], ['EXISTS', session], ['DEL', session], ['DUMP', session], ['KEYS', '*'], ['SCAN', '0']])
      await refused(user, ...words);
  }
  assert.equal((await stack.redisCommand('EXISTS', forged)).trim(), '0');
  assert.equal((await ada.get('/session')).status, 200);
});

test('nor listen, nor end a session by saying that it is over', async () => {
  const ws = await ada.live();
  for (const user of OTHERS) {
    for (const words of [['SUBSCRIBE', `live:session/${session}`], ['PSUBSCRIBE', 'live:*'], ['SSUBSCRIBE', 'live:requests'], ['MONITOR']]) await refused(user, ...words);
    await refused(user, 'PUBLISH', `live:session/${session}`, 'over');
    await refused(user, 'PUBLISH', 'something-else', 'x');
  }
  ws.send({ op: 'sub', topic: 'servers' });
  await until('the topic', () => ws.messages.some((m) => m.op === 'subscribed' && m.topic === 'servers'));
  assert.equal(ws.closed, null);
  for (const user of OTHERS) await stack.redis.commandAs(user, 'PUBLISH', 'live:servers', JSON.stringify({ topic: 'servers', from: user }));
  await until('the frames that services may send', () => OTHERS.every((user) => ws.messages.some((m) => m.from === user)));
  ws.close();
});

test('nobody looks through, empties, scripts or administers Redis, the gateway neither; strangers may do nothing', async () => {
  const never = [['FLUSHALL'], ['CONFIG', 'GET', '*'], ['ACL', 'LIST'], ['ACL', 'SETUSER', 'notifier', '+@all'], ['EVAL', 'return 1', '0'], ['CLIENT', 'LIST'], ['SHUTDOWN']];
  for (const user of [...OTHERS, 'gateway']) for (const words of never) await refused(user, ...words);
  for (const words of [['KEYS', '*'], ['SCAN', '0'], ['SET', 'elsewhere', '1'], ['GET', session], ['SUBSCRIBE', 'elsewhere']]) await refused('gateway', ...words);
  assert.match(await run('redis-cli', ['-s', stack.redis.socket, 'GET', session]), /NOAUTH/);
});

test('each connection signs in once', async () => {
  const calls = async () => Number(/cmdstat_auth:calls=(\d+)/.exec(await stack.redisCommand('INFO', 'commandstats'))[1]);
  const before = await calls();
  for (let i = 0; i < 20; i++) await ada.read('/session');
  await ada.write('/notifications/read-all');
  await ada.write('/notifications/read-all');
  // those of this test's own redis-cli, and the notifier's first
  assert.ok(await calls() - before <= 3, `${await calls() - before} sign-ins`);
});

test('a service that may not publish says so once, and nothing is lost but time', async () => {
  await stack.redisCommand('ACL', 'SETUSER', 'notifier', '-publish');
  for (let i = 0; i < 3; i++) await ada.write('/notifications/read-all');
  await until('it to be said', () => count('notifier', 'redis.refused') > 0);
  assert.equal(count('notifier', 'redis.refused'), 1);
  assert.match(stack.services.notifier.output(), /redis\.refused.*NOPERM/);
  await stack.redisCommand('ACL', 'SETUSER', 'notifier', '+publish');
});

test('a gateway that is not let in answers 503 and recovers when it is', { timeout: 60000 }, async () => {
  await stack.redisCommand('ACL', 'SETUSER', 'gateway', 'off'); // ends its connections too
  await stack.redisCommand('CLIENT', 'KILL', 'USER', 'gateway');
  await until('it to notice', async () => (await ready()) === false);
  assert.equal((await ada.get('/session')).status, 503);
  await until('it to say why', () => /redis\.away.*WRONGPASS/.test(stack.services.gateway.output()));
  const said = count('gateway', 'redis.away');
  await new Promise((resolve) => setTimeout(resolve, 1500)); // several attempts
  assert.equal(count('gateway', 'redis.away'), said, 'that is not repeated with each attempt');
  await stack.redisCommand('ACL', 'SETUSER', 'gateway', 'on');
  await until('it to be let in', ready);
  assert.equal((await ada.get('/session')).status, 200);
});

test('no password is in a log, an environment or a command line', async () => {
  for (const [name, server] of Object.entries(stack.services)) {
    const password = readFileSync(stack.redis.passwordFile(name), 'utf8').trim();
    for (const text of [server.output(), readFileSync(`/proc/${server.pid}/environ`, 'latin1'), readFileSync(`/proc/${server.pid}/cmdline`, 'latin1')])
      assert.ok(!text.includes(password), name);
  }
});
