import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../src/lib/errors.js';
import { LogFeed } from '../src/lib/log-feed.js';

/** A run whose log is kept by the service; pages are as long as it likes. */
class Service {
  constructor({ pageSize = 3, done = false } = {}) {
    this.stored = [];
    this.pageSize = pageSize;
    this.done = done;
    this.asked = [];
    this.failures = [];
  }

  write(count) {
    const first = this.stored.length + 1;
    for (let i = 0; i < count; i++) {
      const seq = first + i;
      this.stored.push({
        seq,
        at: new Date(seq * 1000).toISOString(),
        stream: 'out',
        task: 1,
        text: `line ${seq}`,
      });
    }
    const lines = this.stored
      .slice(first - 1)
      .map((l) => [l.seq, l.seq * 1000, l.stream, l.task, l.text]);
    return { first, seq: first + count - 1, lines };
  }

  page = async (from, limit) => {
    this.asked.push(from);
    const failure = this.failures.shift();
    if (failure) throw failure;
    const lines = this.stored.slice(from - 1, from - 1 + Math.min(limit, this.pageSize));
    return { from, next: from + lines.length, last: this.stored.length, done: this.done, lines };
  };
}

function follow(service) {
  const seen = [];
  const naps = [];
  const feed = new LogFeed({
    page: service.page,
    onLines: (lines) => seen.push(...lines.map(([seq]) => seq)),
    sleep: async (ms) => naps.push(ms),
  });
  return { feed, seen, naps };
}

const upTo = (n) => Array.from({ length: n }, (_, i) => i + 1);

test('pages are read until nothing is left', async () => {
  const service = new Service({ done: true });
  service.write(8);
  const { feed, seen } = follow(service);
  await feed.fill();
  assert.deepEqual(seen, upTo(8));
  assert.deepEqual(service.asked, [1, 4, 7]);
  assert.equal(feed.complete, true);
});

test('live frames that follow each other need no page', async () => {
  const service = new Service();
  const { feed, seen } = follow(service);
  await feed.fill();
  service.asked.length = 0;
  feed.frame(service.write(2));
  feed.frame(service.write(3));
  assert.deepEqual(seen, upTo(5));
  assert.deepEqual(service.asked, []);
});

test('a lost frame is fetched by its number, the order stays', async () => {
  const service = new Service();
  const { feed, seen } = follow(service);
  await feed.fill();
  feed.frame(service.write(2));
  service.write(4); // never arrives
  feed.frame(service.write(2));
  await feed.fill();
  assert.deepEqual(seen, upTo(8));
});

test('a frame that comes twice or overlaps a page shows nothing twice', async () => {
  const service = new Service({ pageSize: 100 });
  const first = service.write(3);
  const second = service.write(3);
  const { feed, seen } = follow(service);
  feed.frame(second); // before any page
  await feed.fill();
  feed.frame(first);
  feed.frame(second);
  assert.deepEqual(seen, upTo(6));
});

test('frames that arrive while pages are read wait for their turn', async () => {
  const service = new Service({ pageSize: 2 });
  service.write(6);
  const { feed, seen } = follow(service);
  const filling = feed.fill();
  feed.frame(service.write(2));
  await filling;
  assert.deepEqual(seen, upTo(8));
});

test('a busy service is asked again as late as it wishes', async () => {
  const service = new Service();
  service.write(2);
  service.failures.push(
    new ApiError({ status: 503, retryAfter: 7 }),
    new ApiError({ code: 'offline' }),
  );
  const { feed, seen, naps } = follow(service);
  await feed.fill();
  assert.deepEqual(seen, upTo(2));
  assert.equal(naps[0], 7000);
  assert.equal(feed.error, null);
});

test('a refusal is final and said', async () => {
  const service = new Service();
  service.failures.push(new ApiError({ status: 403 }));
  const { feed, seen } = follow(service);
  await feed.fill();
  assert.deepEqual(seen, []);
  assert.equal(feed.error.status, 403);
  assert.equal(service.asked.length, 1);
});

test('lines the service no longer has are skipped, not asked for for ever', async () => {
  const service = new Service({ done: true });
  service.write(4);
  const page = service.page;
  service.page = async (from, limit) => {
    const answer = await page(from, limit);
    return { ...answer, lines: answer.lines.filter((l) => l.seq > 2) };
  };
  const { feed, seen } = follow(service);
  await feed.fill();
  assert.deepEqual(seen, [3, 4]);
  assert.equal(feed.complete, true);
});
