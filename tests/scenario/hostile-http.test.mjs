// Bytes no browser sends. Each gets a clear refusal with every header of ours, no request hides behind another, and the
// portal goes on answering. SPS_URL names a running portal; without it a private one is started.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client, exchange, startStack } from '../lib/stack.mjs';

let stack, url, port;

before(async () => {
  if (!process.env.SPS_URL) stack = await startStack({ emulator: false, demo: false, services: ['workflow', 'notifier', 'gateway'] });
  url = process.env.SPS_URL ?? stack.url;
  port = Number(new URL(url).port);
});

after(() => stack?.stop());

// Sends the parts (a number is a pause in ms) and resolves with all that came back once the server closes or @patience is over.
function raw(parts, { patience = 5000, until = null } = {}) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const started = Date.now();
    const chunks = [];
    const text = () => Buffer.concat(chunks).toString('latin1');
    const end = (closed) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text: text(), closed, ms: Date.now() - started, statuses: [...text().matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((m) => Number(m[1])) });
    };
    const timer = setTimeout(() => end(false), patience);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (until?.(text())) end(false);
    });
    socket.on('error', () => {});
    socket.on('end', () => end(true));
    socket.on('close', () => end(true));
    (async () => {
      for (const part of parts) {
        if (socket.destroyed) return;
        if (typeof part === 'number') await sleep(part);
        else socket.write(part);
      }
    })();
  });
}

const HOST = 'Host: portal\r\n';
const GET = `GET /healthz HTTP/1.1\r\n${HOST}`;
const SIGN_IN = `POST /api/v1/session HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`;
const headers = (n) => Array.from({ length: n }, (_, i) => `X-H${i}: v\r\n`).join('');

function refusedWell({ text, statuses, closed }, status) {
  assert.deepEqual(statuses, [status], text.slice(0, 300));
  assert.ok(closed, 'the connection is closed after a refusal');
  assert.match(text, /\r\ncontent-type: application\/problem\+json/i);
  assert.match(text, /\r\ncontent-security-policy: default-src 'none'/i);
  assert.match(text, /\r\nx-content-type-options: nosniff/i);
  assert.doesNotMatch(text, /kore/i);
  const problem = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
  assert.equal(problem.status, status);
  assert.ok(problem.detail.length > 10);
  assert.match(text, new RegExp(`\r\nx-correlation-id: ${problem.correlation}\r\n`));
}

// [what, bytes, status]
const refused = [
  ['two lengths', [`${SIGN_IN}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`], 400],
  ['the same length twice', [`${SIGN_IN}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`], 400],
  ['a signed length', [`${SIGN_IN}Content-Length: +2\r\n\r\n{}`], 400],
  ['a hexadecimal length', [`${SIGN_IN}Content-Length: 0x2\r\n\r\n{}`], 400],
  ['no length', [`${SIGN_IN}\r\n`], 411],
  ['a length nobody sends', [`${SIGN_IN}Content-Length: 99999999999999999999\r\n\r\n`], 400],
  ['a body of 300 KB, announced', [`${SIGN_IN}Content-Length: 300000\r\n\r\n`], 413],
  ['a body of 300 KB, sent', [`${SIGN_IN}Content-Length: 300000\r\n\r\n`, Buffer.alloc(300000, 'x')], 413],
  ['chunked', [`${SIGN_IN}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`], 501],
  ['length and chunked', [`${SIGN_IN}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`], 501],
  ['chunked in disguise', [`${SIGN_IN}Content-Length: 2\r\nTransfer-Encoding: xchunked\r\n\r\n{}`], 501],
  ['waiting for 100', [`${SIGN_IN}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n`], 417],
  ['a body behind a GET', [`${GET}Content-Length: 5\r\n\r\nabcde`], 400],
  ['a body behind a GET, later', [`${GET}Content-Length: 5\r\n\r\n`, 50, 'abcde'], 400],
  ['a request behind a GET', [`${GET}\r\n${GET}\r\n`], 400],
  ['a request behind a body', [`${SIGN_IN}Content-Length: 2\r\n\r\n{}${GET}\r\n`], 400],
  ['two hosts', [`${GET}Host: evil\r\n\r\n`], 400],
  ['an empty host', ['GET /healthz HTTP/1.1\r\nHost:\r\n\r\n'], 400],
  ['an empty length', [`${SIGN_IN}Content-Length:\r\n\r\n`], 400],
  ['an empty cookie beside a cookie', [`${GET}Cookie:\r\nCookie: a=1\r\n\r\n`], 400],
  ['no host', ['GET /healthz HTTP/1.1\r\nX: v\r\n\r\n'], 400],
  ['a host with a slash', ['GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n'], 400],
  ['two cookie headers', [`${GET}Cookie: a=1\r\nCookie: __Host-sid=2\r\n\r\n`], 400],
  ['a folded header', [`${GET}X: a\r\n b\r\n\r\n`], 400],
  ['a space before the colon', [`${GET}X : a\r\n\r\n`], 400],
  ['a header without a colon', [`${GET}nonsense\r\n\r\n`], 400],
  ['a NUL in a header', [`${GET}X: a\0b\r\n\r\n`], 400],
  ['a NUL in the address', ['GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n'], 400],
  ['a bare LF in a header', [`${GET}X: a\nEvil: b\r\n\r\n`], 400],
  ['bytes that are not ASCII', [Buffer.from(`${GET}X: \xff\r\n\r\n`, 'latin1')], 400],
  ['an absolute address', ['GET http://evil/ HTTP/1.1\r\nHost: a\r\n\r\n'], 400],
  ['an asterisk', ['OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'], 400],
  ['two spaces', ['GET  /healthz HTTP/1.1\r\nHost: a\r\n\r\n'], 400],
  ['an empty line first', [`\r\n${GET}\r\n`], 400],
  ['HTTP/1.0', ['GET /healthz HTTP/1.0\r\nHost: a\r\n\r\n'], 505],
  ['HTTP/0.9', ['GET /healthz\r\nHost: a\r\n\r\n'], 400],
  ['HTTP/2 without asking', ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'], 400],
  ['TLS', [Buffer.from('1603010200010001fc0303', 'hex'), Buffer.from('\r\n\r\n')], 400],
  ['TRACE', ['TRACE / HTTP/1.1\r\nHost: a\r\n\r\n'], 501],
  ['CONNECT', ['CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n'], 501],
  ['a method in small letters', ['get /healthz HTTP/1.1\r\nHost: a\r\n\r\n'], 501],
  ['30 headers', [`${GET}${headers(30)}\r\n`], 431],
  ['24 headers', [`${GET}${headers(23)}\r\n`], 431],
  ['9 KB of headers', [`${GET}X: ${'a'.repeat(9000)}\r\n\r\n`], 431],
  ['9 KB of headers without end', [`${GET}X: ${'a'.repeat(9000)}`], 431],
  ['an address of 3 KB', [`GET /${'a'.repeat(3000)} HTTP/1.1\r\n${HOST}\r\n`], 414],
];

for (const [what, parts, status] of refused)
  test(`${what}: ${status}`, async () => refusedWell(await raw(parts), status));

test('the same again as the second request of a connection', async () => {
  for (const [what, parts, status] of refused.filter(([what]) => !/later|sent$|TLS/.test(what))) {
    const { statuses, text } = await raw([`${GET}\r\n`, 60, ...parts]);
    assert.deepEqual(statuses, [200, status], `${what}: ${text.slice(0, 200)}`);
  }
});

const both = (text) => (text.match(/HTTP\/1\.1 /g) ?? []).length === 2;

// [what, bytes, statuses]
const accepted = [
  ['23 headers', [`${GET}${headers(22)}\r\n`], [200]],
  ['a head in three packets', [`${GET}\r\n`.slice(0, 5), 30, `${GET}\r\n`.slice(5, 20), 30, `${GET}\r\n`.slice(20)], [200]],
  ['a head byte by byte', [...`${GET}\r\n`].flatMap((c) => [c, 1]), [200]],
  ['two requests, one after the other', [`${GET}\r\n`, 100, `${GET}\r\n`], [200, 200]],
  ['a body in a packet of its own', [`${SIGN_IN}Content-Length: 2\r\n\r\n`, 50, '{}'], [422]],
  ['a body byte by byte', [`${SIGN_IN}Content-Length: 13\r\n\r\n`, ...[...'{"colour": 1}'].flatMap((c) => [10, c])], [422]],
  ['an empty body', [`${SIGN_IN}Content-Length: 0\r\n\r\n`], [400]],
  ['headers without a value', [`GET /healthz HTTP/1.1\r\nX-First:\r\n${HOST}Cookie:\r\nX-Last: \r\n\r\n`], [200]],
  ['a body behind headers without a value', [`${SIGN_IN}X-Empty:\r\nContent-Length: 2\r\nX-Last:\r\n\r\n{}`], [422]],
  ['a body byte by byte behind them', [`${SIGN_IN}X-Empty:\r\nContent-Length: 13\r\n\r\n`, ...[...'{"colour": 1}'].flatMap((c) => [10, c])], [422]],
  ['HEAD', [`HEAD /healthz HTTP/1.1\r\n${HOST}\r\n`], [200]],
  ['a request after a body', [`${SIGN_IN}Content-Length: 2\r\n\r\n`, 30, '{}', 100, `${GET}\r\n`], [422, 200]],
];

for (const [what, parts, statuses] of accepted)
  test(`${what} is served: ${statuses.join(', ')}`, async () => {
    const answer = await raw(parts, { patience: 2500, until: (text) => statuses.length === 2 ? both(text) : text.includes('\r\n\r\n') });
    assert.deepEqual(answer.statuses, statuses, answer.text.slice(0, 300));
  });

test('HEAD sends the length of the body and no body', async () => {
  const { text } = await raw([`HEAD /healthz HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`]);
  assert.match(text, /content-length: 3\r\n/i);
  assert.ok(text.endsWith('\r\n\r\n'));
});

// Kore arms its own parser when a body is complete: a request in that moment must still meet our check.
test('nothing hides behind a body while its request is worked on', async () => {
  const body = JSON.stringify({ username: 'nobody-here', password: 'not a password of anybody' });
  const head = `${SIGN_IN}Content-Length: ${body.length}\r\n\r\n`;
  for (let i = 0; i < 10; i++) {
    const answer = await raw([head, 20, body, i, `${GET}Content-Length: 9\r\n\r\nGET /evil `], { patience: 10000 });
    assert.ok([401, 429, 503].includes(answer.statuses[0]), answer.text.slice(0, 200));
    assert.deepEqual(answer.statuses.slice(1), [400]);
  }
});

test('a POST on a connection that was idle has all its time', { timeout: 30000 }, async () => {
  const answer = await raw([`${GET}\r\n`, 11000, `${SIGN_IN}Content-Length: 2\r\n\r\n`, 1000, '{}'], { patience: 15000, until: both });
  assert.deepEqual(answer.statuses, [200, 422]);
});

test('whoever is slow is told so; whoever says nothing is left without a word', { timeout: 60000 }, async () => {
  const drip = (text, every) => [...text].flatMap((c) => [c, every]);
  const [half, head, body, silent, idle] = await Promise.all([
    raw(['GET /healthz HTTP/1.1\r\n'], { patience: 40000 }),
    raw(drip(`GET /healthz HTTP/1.1\r\nHost: ${'a'.repeat(200)}`, 300), { patience: 40000 }),
    raw([`${SIGN_IN}Content-Length: 200\r\n\r\n`, ...drip('x'.repeat(190), 300)], { patience: 40000 }),
    raw([], { patience: 40000 }),
    raw([`${GET}\r\n`], { patience: 40000 }),
  ]);
  refusedWell(half, 408);
  refusedWell(head, 408);
  refusedWell(body, 408);
  assert.ok(head.ms < 20000 && body.ms < 16000, `${head.ms} ms, ${body.ms} ms`);
  assert.deepEqual([silent.statuses, silent.closed], [[], true]);
  assert.deepEqual([idle.statuses, idle.closed], [[200], true]);
});

test('400 slow clients keep nobody else waiting', { timeout: 60000 }, async () => {
  const sockets = Array.from({ length: 400 }, (_, i) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (i % 2)}` }, () => socket.write(`${SIGN_IN}Content-Length: 1000\r\n\r\n{`));
    socket.on('error', () => {});
    return socket;
  });
  await sleep(1000);
  const times = [];
  for (let i = 0; i < 20; i++) {
    const started = Date.now();
    assert.equal((await exchange(`${url}/healthz`)).status, 200);
    times.push(Date.now() - started);
  }
  for (const socket of sockets) socket.destroy();
  assert.ok(times.sort((a, b) => a - b)[10] < 500, `${times}`);
});

test('clients that leave in the middle of everything leave nothing behind', async () => {
  const body = JSON.stringify({ username: 'nobody-here', password: 'not a password of anybody' });
  const bytes = `${SIGN_IN}Content-Length: ${body.length}\r\n\r\n${body}`;
  await Promise.all(Array.from({ length: 60 }, async (_, i) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes.slice(0, Math.ceil((bytes.length * (i + 1)) / 60))));
    socket.on('error', () => {});
    await sleep(i % 20);
    if (i % 2) socket.resetAndDestroy?.();
    socket.destroy();
  }));
  assert.equal((await exchange(`${url}/healthz`)).status, 200);
});

test('methods that an address does not take are named', async () => {
  for (const [method, path, allow] of [['POST', '/api/v1/catalogue', 'GET, HEAD'], ['DELETE', '/api/v1/requests', 'GET, HEAD, POST'], ['GET', '/api/v1/notifications/read-all', 'POST'], ['OPTIONS', '/api/v1/session', 'POST, GET, HEAD, DELETE']]) {
    const answer = await exchange(`${url}${path}`, { method, headers: method === 'POST' ? { 'content-length': 0 } : {} });
    assert.equal(answer.status, 405, `${method} ${path}`);
    assert.equal(answer.headers.allow, allow);
    assert.equal(answer.body.code, 'method_not_allowed');
  }
});

test('no spelling of an address leads to another file', async () => {
  for (const path of ['/../etc/passwd', '/assets/../manifest.json', '/assets/..%2f..%2fetc/passwd', '//etc/passwd', '/assets/', '/assets/nothing.js', '/api', '/api/', '/api/v2/session', '/hook/', '/%00', '/manifest.json.br', '/.git/config']) {
    const { statuses, text } = await raw([`GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`]);
    assert.deepEqual(statuses, [404], path);
    assert.match(text, /application\/problem\+json/);
  }
});

test('every address of the API but the open ones asks who one is', async () => {
  const { paths } = (await exchange(`${url}/api/v1/openapi.json`)).body;
  const open = new Set(['/api/v1/openapi.json', '/hook/phone-home/{token}', '/healthz', '/readyz', '/metrics']);
  let asked = 0;
  for (const [path, item] of Object.entries(paths))
    for (const method of Object.keys(item)) {
      if (open.has(path) || (path === '/api/v1/session' && method === 'post')) continue;
      const answer = await exchange(`${url}${path.replace(/{\w+}/g, '1')}`, { method: method.toUpperCase(), headers: method === 'post' ? { 'content-length': 2, 'content-type': 'application/json' } : {}, body: method === 'post' ? '{}' : undefined });
      assert.equal(answer.status, 401, `${method} ${path}`);
      assert.equal(answer.body.code, 'unauthenticated');
      asked++;
    }
  assert.ok(asked >= 28, `only ${asked} addresses`);
});

const forgedCookies = ['', '__Host-sid=', `__Host-sid=${'0'.repeat(64)}`, `__Host-sid=${'g'.repeat(64)}`, `__Host-sid=${'0'.repeat(63)}`, `__Host-sid=${'0'.repeat(200)}`, `__Host-sid=${'0'.repeat(64)}; __Host-sid=${'1'.repeat(64)}`, '__Host-sid=*', '__Host-sid=a b'];

test('cookies nobody was given, and tokens that do not exist, are nobody', async () => {
  for (const cookie of forgedCookies) {
    const answer = await exchange(`${url}/api/v1/session`, { headers: cookie ? { cookie } : {} });
    assert.equal(answer.status, 401, cookie);
  }
  assert.equal((await exchange(`${url}/api/v1/session`, { headers: { authorization: 'Bearer abc' } })).status, 401);
});

test('a new server\'s call says nothing about its token, and is counted', async () => {
  const call = (token, form, type = 'application/x-www-form-urlencoded') => exchange(`${url}/hook/phone-home/${token}`, {
    method: 'POST', body: form, headers: { 'content-type': type, 'content-length': Buffer.byteLength(form) },
  });
  const token = 'a'.repeat(40);
  const form = `pub_key_ed25519=${encodeURIComponent(`ssh-ed25519 ${'A'.repeat(68)} root@web\n`)}&instance_id=1`;
  const good = await call(token, form);
  assert.deepEqual([good.status, good.text], [200, '']);
  assert.equal((await call('short', form)).status, 400);
  assert.equal((await call(`${token}%2f`, form)).status, 400);
  assert.equal((await call(token, 'pub_key_ed25519=nonsense')).status, 400);
  assert.equal((await call(token, `a=${'x'.repeat(9000)}&${form}`)).status, 400);
  let limited = 0;
  for (let i = 0; i < 40; i++) limited += (await call(token, form)).status === 429;
  assert.ok(limited > 0, 'one address may not call without end');
});

test('what is logged of such a call is not its token', { skip: process.env.SPS_URL ? 'the log of that portal is not here' : false }, async () => {
  const token = `canary-${'b'.repeat(30)}`;
  await exchange(`${url}/hook/phone-home/${token}`); // 405
  await exchange(`${url}/hook/phone-home/${token}/more`);
  await exchange(`${url}/hook/phone-home/${token}`, { method: 'POST', body: 'a=b', headers: { 'content-length': 3 } });
  await exchange(`${url}/api/v1/search?q=${token}`);
  assert.doesNotMatch(stack.services.gateway.output(), /canary-/);
});

test('nobody but the proxy says who the client is', { skip: process.env.SPS_URL ? 'the log of that portal is not here' : false }, async () => {
  assert.equal((await exchange(`${url}/healthz`, { headers: { 'x-forwarded-for': '203.0.113.9' } })).status, 200);
  assert.doesNotMatch(stack.services.gateway.output(), /203\.0\.113\.9/);
  refusedWell(await raw([`${GET}X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n\r\n`]), 400);
});

// ---- the WebSocket ------------------------------------------------------------------------------

const person = { username: 'eve', password: 'correct horse battery eve' };
const withPerson = { skip: process.env.SPS_URL ? 'nobody to sign in as' : false, timeout: 60000 };

async function signIn() {
  await stack.spsctl(['user', 'add', '--username', person.username, '--name', 'Eve', '--email', 'eve@example.org', '--role', 'sales_agent'], { input: person.password }).catch(() => {});
  return new Client(url).signIn(person);
}

test('a handshake that is not one is answered over HTTP', withPerson, async () => {
  const eve = await signIn();
  const upgrade = (more) => exchange(`${url}/api/v1/live`, { headers: { cookie: eve.cookie, origin: url, ...more } });
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  assert.equal((await upgrade({})).status, 426);
  assert.equal((await upgrade({ connection: 'Upgrade', upgrade: 'h2c' })).status, 426);
  assert.equal((await upgrade({ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' })).status, 426);
  assert.equal((await upgrade({ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '8', 'sec-websocket-key': key })).status, 426);
  const good = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': key };
  assert.equal((await upgrade({ ...good, origin: 'https://evil.example' })).status, 403);
  assert.equal((await upgrade({ ...good, origin: 'null' })).status, 403);
  assert.equal((await upgrade({ ...good, 'sec-fetch-site': 'cross-site' })).status, 403);
  assert.equal((await upgrade({ ...good, cookie: 'a=b' })).status, 401);
  assert.equal((await exchange(`${url}/api/v1/live`, { headers: { ...good, cookie: eve.cookie } })).status, 403, 'a browser always says its origin');
});

// Kore's HTTP parser armed inside the handshake ended the worker when it met anything but HTTP.
test('bytes that come with the handshake end nothing but their connection', withPerson, async () => {
  const eve = await signIn();
  const head = `GET /api/v1/live HTTP/1.1\r\n${HOST}Cookie: ${eve.cookie}\r\nOrigin: ${url}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
  for (let i = 0; i < 30; i++) await raw([head, i % 5, i % 2 ? 'BAD\r\n\r\n' : `${GET}\r\n`], { patience: 100 });
  assert.equal((await exchange(`${url}/healthz`)).status, 200);
});

const frame = (first, payload, { mask = true, length = payload.length } = {}) => {
  const head = length < 126 ? [first, (mask ? 0x80 : 0) | length] : [first, (mask ? 0x80 : 0) | 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), mask ? Buffer.alloc(4) : Buffer.alloc(0), Buffer.from(payload)]);
};

const badFrames = [
  ['an unmasked frame', frame(0x81, '{"op":"ping"}', { mask: false })],
  ['a fragment', frame(0x00, '{"op":"ping"}')],
  ['a reserved bit', frame(0xc1, '{"op":"ping"}')],
  ['an opcode nobody knows', frame(0x83, 'x')],
  ['a binary frame', frame(0x82, '{"op":"ping"}')],
  ['text that is not UTF-8', frame(0x81, Buffer.from('7b226f70223a22ff227d', 'hex'))],
  ['text that is not JSON', frame(0x81, 'hello')],
  ['an act nobody knows', frame(0x81, '{"op":"publish","topic":"me"}')],
  ['brackets without end', frame(0x81, '['.repeat(500))],
  ['a message that is too long', frame(0x81, `{"op":"ping","x":"${'a'.repeat(3000)}"}`)],
  ['a frame of 16 KB', frame(0x81, 'a'.repeat(16000))],
  ['a topic only workers use', frame(0x81, '{"op":"sub","topic":"session/sess:0"}')],
];

for (const [what, bytes] of badFrames)
  test(`${what} ends its socket and no other`, withPerson, async () => {
    const eve = await signIn();
    const [bad, good] = [await eve.live(), await eve.live()];
    bad.socket.write(bytes);
    for (let i = 0; !bad.closed && i < 100; i++) await sleep(50);
    assert.ok(bad.closed, 'it is closed');
    good.send({ op: 'ping' });
    for (let i = 0; !good.messages.some((m) => m.op === 'pong') && i < 100; i++) await sleep(50);
    assert.ok(good.messages.some((m) => m.op === 'pong'), 'the other one answers');
    good.close();
  });

test('thousands of subscriptions at once are too much', withPerson, async () => {
  const eve = await signIn();
  const ws = await eve.live();
  ws.socket.write(Buffer.concat(Array.from({ length: 3000 }, (_, i) => frame(0x81, JSON.stringify({ op: 'sub', topic: `request/${i + 1}` })))));
  for (let i = 0; !ws.closed && i < 100; i++) await sleep(50);
  assert.ok([4429, 1006].includes(ws.closed?.code), JSON.stringify(ws.closed)); // 1006: it still sent when it was cut off
  assert.ok(ws.messages.filter((m) => m.op === 'subscribed').length <= 2);
  assert.equal((await exchange(`${url}/healthz`)).status, 200);
  ws.close();
});

test('signing out closes the sockets of that session at once', withPerson, async () => {
  const eve = await signIn();
  const other = await signIn();
  const [ws, stays] = [await eve.live(), await other.live()];
  const started = Date.now();
  assert.equal((await eve.send('DELETE', '/session')).status, 204);
  for (let i = 0; !ws.closed && i < 40; i++) await sleep(25);
  assert.equal(ws.closed?.code, 4401);
  assert.ok(Date.now() - started < 1000);
  assert.equal(stays.closed, null);
  stays.close();
});
