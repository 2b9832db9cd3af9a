// The portal's door on good and bad days: sessions, keys for repeating, files, outages, leaving.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '../lib/process.mjs';
import { Client, exchange, startStack, until } from '../lib/stack.mjs';

const people = { ada: 'administrator', mira: 'sales_agent' };
const password = (name) => `correct horse battery ${name}`;
let stack, ada;

const signIn = (username) => new Client(stack.url).signIn({ username, password: password(username) });
const ready = () => until('the portal to be ready', () => exchange(`${stack.url}/readyz`).then((a) => a.status === 200), { timeout: 20000 });
const counter = async (name) => Number(new RegExp(`^sps_gateway_${name}_total (\\d+)$`, 'm').exec((await exchange(`${stack.url}/metrics`)).text)[1]);

// One more gateway, with other settings.
async function another(settings) {
  const port = await freePort();
  const server = stack.addService('gateway', { SPS_LISTEN: `127.0.0.1:${port}`, SPS_RUNTIME: join(stack.dir, `gateway-${port}`), ...settings }, `gateway-${port}`);
  server.start();
  return { server, url: `http://127.0.0.1:${port}` };
}

before(async () => {
  stack = await startStack({ emulator: false, demo: false, services: ['workflow', 'notifier', 'gateway'], env: { gateway: { SPS_WORKERS: '2', SPS_PERSON_REQUESTS: '200' } } });
  for (const [name, role] of Object.entries(people))
    await stack.spsctl(['user', 'add', '--username', name, '--name', name, '--email', `${name}@example.org`, '--role', role], { input: password(name) });
  ada = await signIn('ada');
});

after(() => stack?.stop());

// ---- sessions -----------------------------------------------------------------------------------

test('the cookie is for this host, for HTTP, and for no other site', async () => {
  const answer = await new Client(stack.url).send('POST', '/session', { username: 'ada', password: password('ada') });
  assert.match(answer.headers['set-cookie'][0], /^__Host-sid=[0-9a-f]{64}; Path=\/; Secure; HttpOnly; SameSite=Strict$/);
  assert.equal(answer.headers['set-cookie'].length, 1);
  assert.equal(answer.headers['cache-control'], 'no-store');
});

test('Redis holds no cookie, only its hash', async () => {
  const keys = await stack.redisCommand('KEYS', '*');
  assert.match(keys, /^sess:[0-9a-f]{64}$/m);
  assert.ok(!keys.includes(ada.cookie.split('=')[1]));
});

test('signing in again leaves no session behind', async () => {
  const first = await signIn('mira');
  const again = await first.send('POST', '/session', { username: 'mira', password: password('mira') });
  assert.equal(again.status, 200);
  assert.equal((await first.get('/session')).status, 401);
});

test('signing in again closes the sockets of the session before, at once', async () => {
  const [first, other] = [await signIn('mira'), await signIn('mira')];
  const [ws, stays] = [await first.live(), await other.live()];
  assert.equal((await first.send('POST', '/session', { username: 'mira', password: password('mira') })).status, 200);
  await until('the socket to be closed', () => ws.closed, { timeout: 5000, every: 20 }); // it would be looked at in 30 s
  assert.equal(ws.closed.code, 4401);
  assert.equal(stays.closed, null);
  stays.close();
});

test('signing out ends the session and tells the browser to forget', async () => {
  const mira = await signIn('mira');
  const answer = await mira.send('DELETE', '/session');
  assert.equal(answer.status, 204);
  assert.equal(answer.headers['clear-site-data'], '"cache", "storage"');
  assert.match(answer.headers['set-cookie'][0], /^__Host-sid=; Max-Age=0;/);
  assert.equal((await mira.get('/session')).status, 401);
});

test('a changed role ends the sessions that know the old one', async () => {
  const mira = await signIn('mira');
  await stack.execute('UPDATE workflow."user" SET generation = generation + 1 WHERE username = $1', ['mira']);
  assert.equal((await mira.post('/notifications/read-all')).status, 401);
  assert.equal((await mira.get('/session')).status, 401);
  const back = await signIn('mira');
  assert.equal((await back.get('/requests')).status, 200);
});

test('whoever was suspended reads nothing, also not what came of his own commands', async () => {
  const key = { 'idempotency-key': 'before-the-suspension' };
  const sessions = [await signIn('mira'), await signIn('mira'), await signIn('mira')];
  assert.equal((await sessions[0].post('/notifications/read-all', {}, key)).status, 200);
  const command = await stack.value("SELECT id FROM bus.idem WHERE key = 'before-the-suspension'");
  assert.equal((await sessions[0].get(`/commands/${command}`)).status, 200);
  await stack.execute('UPDATE workflow."user" SET state = $1 WHERE username = $2', ['suspended', 'mira']);
  for (const answer of [await sessions[0].get(`/commands/${command}`), await sessions[1].post('/notifications/read-all', {}, key), await sessions[2].get('/commands/not-an-id')])
    assert.doesNotMatch(answer.text, /result|"state":"done"/, answer.text);
  assert.equal((await sessions[0].get('/session')).status, 401);
  assert.equal((await sessions[1].get('/session')).status, 401);
  await stack.execute('UPDATE workflow."user" SET state = $1 WHERE username = $2', ['active', 'mira']);
  const back = await signIn('mira');
  assert.equal((await back.get(`/commands/${command}`)).body.state, 'done', 'it is still his');
  await back.send('DELETE', '/session');
});

test('the gateway may not look past the session at the journal', async () => {
  for (const call of ["bus.command(gen_random_uuid(), 'user:1')", "bus.send('x', NULL, '', 'user:1', 0, NULL, NULL)"])
    await assert.rejects(stack.database.psql(['-d', 'sps', '-U', 'sps_gateway', '-c', `SELECT ${call}`]), /permission denied/);
});

// ---- repeating ----------------------------------------------------------------------------------

test('the same key and body are done once, however often they come', async () => {
  const body = { name: 'Once', token: 'x'.repeat(64) };
  const key = { 'idempotency-key': 'make-a-project-1' };
  const answers = await Promise.all([1, 2, 3].map(() => ada.post('/projects', body, key)));
  answers.push(await ada.post('/projects', body, key));
  assert.deepEqual(answers.map((a) => a.status), [201, 201, 201, 201]);
  assert.equal(new Set(answers.map((a) => a.body.id)).size, 1);
  assert.equal(await stack.value("SELECT count(*)::int FROM workflow.project WHERE name = 'Once'"), 1);
  const other = await ada.post('/projects', { ...body, name: 'Twice' }, key);
  assert.deepEqual([other.status, other.body.code], [422, 'idempotency_mismatch']);
  assert.equal((await ada.post('/projects', body, { 'idempotency-key': 'short' })).status, 400);
});

test('a key that was used with an ended session costs nobody the next one', async () => {
  const key = { 'idempotency-key': 'used-too-late' };
  const mira = await signIn('mira');
  await stack.execute('UPDATE workflow."user" SET generation = generation + 1 WHERE username = $1', ['mira']);
  assert.equal((await mira.post('/notifications/read-all', {}, key)).status, 401);
  const back = await signIn('mira');
  for (let i = 0; i < 2; i++) assert.notEqual((await back.post('/notifications/read-all', {}, key)).status, 401);
  assert.equal((await back.get('/session')).status, 200);
  await back.send('DELETE', '/session');
});

test('an old answer "your session has ended" is told as what it is', async () => {
  const key = { 'idempotency-key': 'answered-long-ago' };
  assert.equal((await ada.post('/notifications/read-all', {}, key)).status, 200);
  // { status: 401 } as a cmd_answer
  await stack.execute("UPDATE notifier.inbox SET result = '\\x81a6737461747573cd0191' WHERE id = (SELECT id FROM bus.idem WHERE key = 'answered-long-ago')");
  const again = await ada.post('/notifications/read-all', {}, key);
  assert.deepEqual([again.status, again.body.code], [422, 'idempotency_stale']);
  assert.match(again.body.detail, /before you signed in again/);
  assert.equal((await ada.get('/session')).status, 200, 'the session has nothing to do with it');
});

test('what was typed as a secret lies nowhere in the journal', async () => {
  const token = `canary${'z'.repeat(58)}`;
  await ada.write('/projects', { name: 'Sealed', token });
  assert.equal(await stack.value("SELECT count(*)::int FROM workflow.inbox WHERE position(convert_to($1, 'UTF8') IN body) > 0", [token]), 0);
});

test('commands that come together go into the journal together', async () => {
  const [commands, calls] = [await counter('submits'), await counter('submit_calls')];
  const unlock = await stack.database.lock('notifier.inbox');
  const sending = Promise.all(Array.from({ length: 100 }, () => ada.post('/notifications/read-all')));
  await until('all of them to wait', async () => (await counter('submits')) === commands + 100, { every: 20 });
  await unlock();
  assert.ok((await sending).every((a) => a.status === 200));
  const needed = (await counter('submit_calls')) - calls;
  assert.ok(needed <= 20, `${needed} calls for 100 commands`);
});

// ---- files and lists ----------------------------------------------------------------------------

test('pages come compressed, once, and for every address of the portal', async () => {
  const get = (path, headers = {}) => exchange(`${stack.url}${path}`, { headers: { accept: 'text/html', ...headers } });
  const page = await get('/', { 'accept-encoding': 'gzip, br' });
  assert.deepEqual([page.status, page.headers['content-encoding'], page.headers['cache-control']], [200, 'br', 'no-cache']);
  assert.equal((await get('/', { 'accept-encoding': 'gzip, br', 'if-none-match': page.headers.etag })).status, 304);
  const plain = await get('/requests/42');
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.notEqual(plain.headers.etag, page.headers.etag, 'other bytes, another tag');
  assert.equal((await get('/', { 'if-none-match': page.headers.etag })).status, 200);
  const asset = /\/assets\/[^"]+\.js/.exec(plain.text)[0];
  assert.equal((await get(asset)).headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.equal((await get('/api/v1/nothing')).status, 404);
});

test('a list says which parameter it does not know, or has twice', async () => {
  for (const [query, name] of [['colour=red', 'colour'], ['page=1&page=2', 'page'], ['id=1', 'id']]) {
    const answer = await ada.get(`/requests?${query}`);
    assert.equal(answer.status, 400);
    assert.match(answer.body.detail, new RegExp(`"${name}"`));
  }
  assert.equal((await ada.get('/requests?q=%ff')).status, 400);
  assert.equal((await ada.get('/requests/1?q=a')).status, 400);
  assert.equal((await ada.get('/requests?page=0')).body.errors[0].field, 'page');
});

// ---- outages ------------------------------------------------------------------------------------

test('a service that is down: 202 and a place to look', async () => {
  await stack.services.notifier.kill9();
  const answer = await ada.post('/notifications/read-all');
  assert.equal(answer.status, 202, answer.text);
  assert.deepEqual([answer.body.state, answer.headers.location], ['accepted', `/api/v1/commands/${answer.body.command}`]);
  assert.equal((await (await signIn('mira')).get(`/commands/${answer.body.command}`)).status, 404, 'nobody else may look');
  stack.services.notifier.start();
  await ada.result(answer.body.command);
});

test('Redis frozen: a sentence in a quarter of a second, and soon at once', async () => {
  process.kill(stack.redis.server.pid, 'SIGSTOP');
  const seen = [];
  for (let i = 0; i < 12; i++) {
    const started = Date.now();
    const answer = await ada.get('/session');
    seen.push([answer.status, Date.now() - started]);
  }
  process.kill(stack.redis.server.pid, 'SIGCONT');
  assert.ok(seen.every(([status, ms]) => status === 503 && ms < 1000), JSON.stringify(seen));
  assert.ok(seen.filter(([, ms]) => ms < 50).length >= 2, JSON.stringify(seen));
  await until('sessions to be found again', async () => (await ada.get('/session')).status === 200);
});

test('Redis emptied: people sign in again, nothing else', async () => {
  await stack.redisCommand('FLUSHALL');
  assert.equal((await ada.get('/session')).status, 401);
  ada = await signIn('ada');
});

test('the database crashes under writes: each is done once', async () => {
  const write = (i) => ada.post('/notifications/read-all', {}, { 'idempotency-key': `over-a-crash-${i}` });
  const writes = Array.from({ length: 20 }, (_, i) => write(i));
  await stack.database.crash();
  const read = await ada.get('/requests');
  assert.deepEqual([read.status, read.headers['retry-after']], [503, '5']);
  assert.equal((await exchange(`${stack.url}/readyz`)).status, 503);
  assert.equal((await exchange(`${stack.url}/healthz`)).status, 200);
  await stack.database.start();
  await ready();
  for (const answer of await Promise.all(writes)) assert.ok([200, 202, 503].includes(answer.status), answer.text);
  for (let i = 0; i < 20; i++) await ada.write('/notifications/read-all', {}, { 'idempotency-key': `over-a-crash-${i}` });
  assert.equal(await stack.value("SELECT count(*)::int FROM bus.idem m JOIN notifier.inbox i USING (id) WHERE m.key LIKE 'over-a-crash-%'"), 20);
});

test('without its pages a gateway says so, serves the API, and ends when told', async () => {
  const bare = await another({ SPS_WEB: join(stack.dir, 'not-built') });
  await until('it to be ready', () => exchange(`${bare.url}/readyz`).then((a) => a.status === 200));
  assert.match(bare.server.output(), /"event":"web.missing".*npm ci && node build.mjs/);
  const page = await exchange(`${bare.url}/requests`, { headers: { accept: 'text/html' } });
  assert.equal(page.status, 503);
  assert.match(page.text, /pages are not installed here/);
  assert.equal((await exchange(`${bare.url}/api/v1/openapi.json`)).status, 200);
  assert.equal((await bare.server.stop({ patience: 10000 })).code, 0);
});

test('with pages it cannot use it ends at once, with a reason and a status', async () => {
  const web = join(stack.dir, 'broken-web');
  mkdirSync(web);
  writeFileSync(join(web, 'manifest.json'), '[{"path":"/","file":"index.html","type":"text/html"}]');
  const { server } = await another({ SPS_WEB: web });
  const late = sleep(10000, 'it is still there', { ref: false });
  assert.equal((await Promise.race([server.ended, late])).code, 1);
  assert.match(server.output(), /web manifest: .*index\.html: No such file/);
  delete stack.services[server.name]; // it was meant to end like this
});

test('a new gateway finishes what it has and sends live sockets elsewhere', async () => {
  const ws = await ada.live();
  await until('the subscription', () => ws.messages.some((m) => m.op === 'subscribed'));
  const writes = Array.from({ length: 20 }, () => ada.post('/notifications/read-all'));
  await sleep(20);
  const ended = await stack.services.gateway.stop();
  assert.ok((await Promise.all(writes)).every((a) => a.status === 200));
  assert.equal(ended.code, 0);
  assert.equal(ws.closed?.code, 1001);
  stack.services.gateway.start();
  await ready();
  assert.equal((await ada.get('/session')).status, 200, 'the session lives on');
});
