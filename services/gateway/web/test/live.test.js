import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoff, Live } from '../src/lib/live.js';
import { Clock } from '../testing/clock.js';

class FakeSocket {
  static made = [];
  readyState = 0;
  sent = [];
  closed = false;

  constructor() {
    FakeSocket.made.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed = true;
    this.readyState = 3;
  }

  /* What the other side does */

  accept() {
    this.readyState = 1;
    this.onopen();
  }

  say(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }

  hangUp(code = 1006) {
    this.readyState = 3;
    this.onclose({ code });
  }
}

function start(options = {}) {
  FakeSocket.made.length = 0;
  const live = new Live({ url: () => 'ws://test', connect: () => new FakeSocket(), ...options });
  live.open();
  return { live, socket: () => FakeSocket.made.at(-1) };
}

test('waiting doubles from half a second, is spread by half and ends at thirty seconds', () => {
  assert.equal(
    backoff(0, () => 0.5),
    500,
  );
  assert.equal(
    backoff(3, () => 0.5),
    4000,
  );
  assert.equal(
    backoff(0, () => 0),
    250,
  );
  assert.equal(
    backoff(50, () => 0.999),
    30_000,
  );
  assert.equal(
    backoff(2000, () => 0.5),
    30_000,
  );
});

test('a topic is subscribed once for all who watch it', () => {
  const { live, socket } = start();
  socket().accept();
  const a = live.watch('requests', {});
  const b = live.watch('requests', {});
  assert.deepEqual(socket().sent, [{ op: 'sub', topic: 'requests' }]);
  a();
  assert.equal(socket().sent.length, 1);
  b();
  assert.deepEqual(socket().sent.at(-1), { op: 'unsub', topic: 'requests' });
  live.close();
});

test('frames reach those who watch the topic, and are acknowledged', () => {
  const { live, socket } = start();
  socket().accept();
  const frames = [];
  live.watch('request/7', { frame: (f) => frames.push(f.state) });
  socket().say({ topic: 'request/7', seq: 3, kind: 'changed', state: 'deploying' });
  socket().say({ topic: 'request/8', seq: 1, kind: 'changed', state: 'failed' });
  assert.deepEqual(frames, ['deploying']);
  assert.deepEqual(socket().sent.at(1), { op: 'ack', topic: 'request/7', seq: 3 });
  live.close();
});

test('the personal topic is answered under its full name', () => {
  const { live, socket } = start();
  socket().accept();
  let ready = 0;
  let unread = 0;
  live.watch('me', { ready: () => ready++, frame: (f) => (unread = f.unread) });
  socket().say({ op: 'subscribed', topic: 'me/7', seq: 0 });
  socket().say({ topic: 'me/7', seq: 1, kind: 'notification', unread: 4 });
  assert.equal(ready, 1);
  assert.equal(unread, 4);
  live.close();
});

test('after a break everything is subscribed again and its watchers fetch', () => {
  const clock = new Clock();
  const states = [];
  const { live, socket } = start({ onState: (state) => states.push(state) });
  socket().accept();
  let ready = 0;
  live.watch('requests', { ready: () => ready++ });
  socket().say({ op: 'subscribed', topic: 'requests', seq: 0 });

  socket().hangUp();
  assert.equal(live.downSince, Date.now());
  clock.tick(1000);
  socket().accept();
  assert.deepEqual(socket().sent, [{ op: 'sub', topic: 'requests' }]);
  socket().say({ op: 'subscribed', topic: 'requests', seq: 0 });

  assert.equal(ready, 2);
  assert.equal(live.downSince, 0);
  assert.deepEqual(states, ['connecting', 'on', 'off', 'connecting', 'on']);
  live.close();
  clock.restore();
});

test('a silent channel is pinged, then given up', () => {
  const clock = new Clock();
  const { live, socket } = start();
  const first = socket();
  first.accept();
  clock.tick(25_000);
  assert.deepEqual(first.sent, [{ op: 'ping' }]);
  first.say({ op: 'pong' });
  clock.tick(100_000);
  assert.equal(first.closed, true);
  assert.ok(FakeSocket.made.length > 1);
  live.close();
  clock.restore();
});

test('signed out elsewhere: no second attempt, and it is said', () => {
  let out = 0;
  const { live, socket } = start({ onSignedOut: () => out++ });
  socket().accept();
  socket().hangUp(4401);
  assert.equal(out, 1);
  assert.equal(live.state, 'off');
  assert.equal(FakeSocket.made.length, 1);
});

test('a socket that never opens is told apart from one that breaks', () => {
  const clock = new Clock();
  let refused = 0;
  const { live, socket } = start({ onRefused: () => refused++ });
  socket().accept();
  socket().hangUp();
  assert.equal(refused, 0);
  clock.tick(1000);
  socket().hangUp();
  assert.equal(refused, 1);
  live.close();
  clock.restore();
});

test('a watcher that comes later to a standing topic fetches at once', async () => {
  const { live, socket } = start();
  socket().accept();
  live.watch('requests', {});
  socket().say({ op: 'subscribed', topic: 'requests', seq: 0 });
  let ready = 0;
  live.watch('requests', { ready: () => ready++ });
  await Promise.resolve();
  assert.equal(ready, 1);
  live.close();
});
