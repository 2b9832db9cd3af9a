import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../src/lib/errors.js';
import { Resource } from '../src/lib/resource.js';
import { Clock } from '../testing/clock.js';

const settle = async () => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};

test('many changes in a moment cause one fetch', async () => {
  const clock = new Clock();
  let fetched = 0;
  const resource = new Resource(
    async () => ++fetched,
    () => {},
  );
  await resource.load();
  for (let i = 0; i < 50; i++) resource.refresh();
  clock.tick(250);
  await settle();
  assert.equal(fetched, 2);
  assert.equal(resource.data, 2);
  resource.end();
  clock.restore();
});

test('a change during a fetch is not lost', async () => {
  const clock = new Clock();
  const answers = [];
  const resource = new Resource(
    () => new Promise((resolve) => answers.push(resolve)),
    () => {},
  );
  const loading = resource.load();
  resource.refresh();
  answers[0]('old');
  await loading;
  clock.tick(250);
  await settle();
  assert.equal(answers.length, 2);
  answers[1]('new');
  await settle();
  assert.equal(resource.data, 'new');
  resource.end();
  clock.restore();
});

test('the first change of a burst is seen at once, the rest in one fetch a second later', async () => {
  const clock = new Clock();
  let fetched = 0;
  const resource = new Resource(
    async () => ++fetched,
    () => {},
  );
  await resource.load();
  clock.tick(5000);
  for (let i = 0; i < 150; i++) {
    resource.refresh(1000);
    clock.tick(10);
    await settle();
  }
  assert.equal(fetched, 1 + 2);
  clock.tick(1000);
  await settle();
  assert.equal(fetched, 1 + 3);
  resource.end();
  clock.restore();
});

test('after its end nothing is drawn any more', async () => {
  let drawn = 0;
  const resource = new Resource(
    async () => 'old',
    () => drawn++,
  );
  await resource.load();
  resource.end();
  resource.set('new');
  await resource.load();
  assert.deepEqual([resource.data, drawn], ['old', 1]);
});

test('the answer to an older question is thrown away', async () => {
  const answers = [];
  const resource = new Resource(
    () => new Promise((resolve) => answers.push(resolve)),
    () => {},
  );
  const first = resource.load();
  const second = resource.load();
  answers[1]('second');
  await second;
  answers[0]('first');
  await first;
  assert.equal(resource.data, 'second');
});

test('data stays when a reload fails; the reload is repeated when the service wishes', async () => {
  const clock = new Clock();
  const outcomes = [1, new ApiError({ status: 503, retryAfter: 9 }), 2];
  const resource = new Resource(
    async () => {
      const next = outcomes.shift();
      if (next instanceof Error) throw next;
      return next;
    },
    () => {},
  );
  await resource.load();
  await resource.load();
  assert.equal(resource.data, 1);
  assert.equal(resource.error.status, 503);
  clock.tick(8999);
  await settle();
  assert.equal(outcomes.length, 1);
  clock.tick(1);
  await settle();
  assert.equal(resource.data, 2);
  assert.equal(resource.error, null);
  resource.end();
  clock.restore();
});

test('a refusal is not repeated', async () => {
  const clock = new Clock();
  let fetched = 0;
  const resource = new Resource(
    async () => {
      fetched++;
      throw new ApiError({ status: 404 });
    },
    () => {},
  );
  await resource.load();
  clock.tick(600_000);
  await settle();
  assert.equal(fetched, 1);
  clock.restore();
});
