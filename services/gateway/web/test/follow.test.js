import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followTopics } from '../src/lib/follow.js';
import { Resource } from '../src/lib/resource.js';
import { Clock } from '../testing/clock.js';

/** A live channel whose answers the test gives, and a resource that only counts. */
function parts(state = 'on') {
  const watchers = new Map();
  const live = {
    state,
    watch(topic, watcher) {
      watchers.set(topic, watcher);
      return () => watchers.delete(topic);
    },
  };
  const calls = [];
  const resource = { load: () => calls.push('load'), refresh: () => calls.push('refresh') };
  return { live, watchers, resource, calls };
}

test('one fetch is enough when all topics are answered in time', () => {
  const clock = new Clock();
  const { live, watchers, resource, calls } = parts();
  followTopics(live, ['requests', 'servers'], resource);
  watchers.get('requests').ready();
  assert.deepEqual(calls, []);
  watchers.get('servers').ready();
  clock.tick(1000);
  assert.deepEqual(calls, ['load']);
  clock.restore();
});

test('a slow channel does not keep the page waiting, its answer fetches again', () => {
  const clock = new Clock();
  const { live, watchers, resource, calls } = parts('connecting');
  followTopics(live, ['requests'], resource);
  clock.tick(150);
  assert.deepEqual(calls, ['load']);
  watchers.get('requests').ready();
  assert.deepEqual(calls, ['load', 'refresh']);
  clock.restore();
});

test('without a channel, and without topics, the fetch begins at once', () => {
  const down = parts('off');
  followTopics(down.live, ['requests'], down.resource);
  assert.deepEqual(down.calls, ['load']);
  const none = parts('on');
  followTopics(none.live, [], none.resource);
  assert.deepEqual(none.calls, ['load']);
});

test('a list follows its topic once a second, an object four times', async () => {
  const clock = new Clock();
  const loads = {};
  const { live, watchers } = parts();
  const resources = ['requests', 'request/7'].map((topic) => {
    loads[topic] = 0;
    const resource = new Resource(
      async () => loads[topic]++,
      () => {},
    );
    followTopics(live, [topic], resource);
    watchers.get(topic).ready();
    return resource;
  });
  for (let i = 0; i < 20; i++) {
    clock.tick(100);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    for (const topic of Object.keys(loads)) watchers.get(topic).frame({});
  }
  assert.deepEqual(loads, { requests: 3, 'request/7': 9 });
  for (const resource of resources) resource.end();
  clock.restore();
});

test('every frame and every new answer refreshes; afterwards nothing does', () => {
  const clock = new Clock();
  const { live, watchers, resource, calls } = parts();
  const stop = followTopics(live, ['requests'], resource);
  const watcher = watchers.get('requests');
  watcher.ready();
  watcher.frame({});
  watcher.ready();
  assert.deepEqual(calls, ['load', 'refresh', 'refresh']);
  stop();
  assert.equal(watchers.size, 0);
  clock.restore();
});
