import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { phoneHome } from '../src/machines/cloud-config.mjs';
import { readOptions } from '../src/options.mjs';
import { Emulator, scratch, sleep } from './support.mjs';

test('a restart keeps servers, ids and running actions; the file holds no token', async () => {
  const directory = scratch();
  const state = path.join(directory, 'state.json');
  const first = await Emulator.start({ directory, args: ['--state', state] });
  const { server } = await first.server('lasting', { labels: { keep: 'me' } });
  await first.tell('PUT', '/settings', { durations: { stop_server: 60_000 } });
  const { action } = (await first.post(`/servers/${server.id}/actions/poweroff`)).body;
  await first.stop();
  const text = fs.readFileSync(state, 'utf8');
  assert.equal(text.includes(first.rw), false);
  assert.equal(fs.statSync(state).mode & 0o777, 0o600);

  const second = await Emulator.start({ directory, rw: first.rw, args: ['--state', state] });
  const { body } = await second.get(`/servers/${server.id}`);
  assert.deepEqual(body.server.labels, { keep: 'me' });
  assert.deepEqual(body.server.public_net, server.public_net);
  assert.equal((await second.get(`/actions/${action.id}`)).body.action.command, 'stop_server');
  await second.tell('POST', '/clock', { advance: 61 });
  assert.equal((await second.done({ id: action.id, command: 'stop_server' })).status, 'success');
  const { server: other } = await second.server('later');
  assert.ok(other.id > server.id && other.public_net.ipv4.ip !== server.public_net.ipv4.ip);
  await second.stop('SIGKILL');
  await sleep(50);

  const third = await Emulator.start({ directory, rw: first.rw, args: ['--state', state] });
  assert.equal((await third.get('/servers')).body.servers.length, 2, 'after a kill -9 too');
  await third.stop();
});

const LIST = '\n  - pub_key_ed25519\n  - "instance_id"';

test('user_data: the phone_home part of a cloud-config is read', () => {
  const read = (text) => phoneHome(`#cloud-config\n${text}`);
  const block = [
    'packages:',
    '  - nginx',
    '# why',
    'phone_home:',
    '  url: https://x.example/h/$INSTANCE_ID?a=1#part  # one time',
    '  post: [pub_key_ed25519, "instance_id"]',
    '  tries: 3',
    'hostname: a',
  ].join('\n');
  const wanted = {
    url: 'https://x.example/h/$INSTANCE_ID?a=1#part',
    post: ['pub_key_ed25519', 'instance_id'],
    tries: 3,
  };
  assert.deepEqual(read(block), wanted);
  assert.deepEqual(read(block.replace('[pub_key_ed25519, "instance_id"]', LIST)), wanted);
  assert.deepEqual(read(JSON.stringify({ phone_home: wanted })), wanted);
  assert.deepEqual(read('phone_home: {url: "https://x/a,b", post: [fqdn], tries: 2}\n'), {
    url: 'https://x/a,b',
    post: ['fqdn'],
    tries: 2,
  });
  assert.deepEqual(read("phone_home:\n  url: 'http://h/it''s'\n"), {
    url: "http://h/it's",
    post: 'all',
    tries: 10,
  });
  assert.equal(read('phone_home:\n  post: all\n'), null);
  assert.equal(read('other:\n  phone_home:\n    url: x\n'), null, 'not at the top');
  assert.equal(phoneHome('#!/bin/sh\nphone_home:\n  url: x\n'), null);
  assert.equal(phoneHome(''), null);
});

test('options: the command line wins over the environment, and nonsense is refused', () => {
  assert.equal(readOptions(['--tag', 'a1'], { SPS_EMU_TAG: 'b2' }).tag, 'a1');
  assert.equal(readOptions([], { SPS_EMU_TAG: 'b2' }).tag, 'b2');
  assert.deepEqual(readOptions(['--listen', '127.0.0.2:99'], {}).listen, {
    host: '127.0.0.2',
    port: 99,
  });
  for (const argv of [
    ['--boot', 'maybe'],
    ['--boot', 'netns'],
    ['--tag', 'A;b'],
    ['--net', '10.0.0'],
    ['--listen', 'x:y'],
    ['--scale=-1'],
  ]) {
    assert.throws(() => readOptions(argv, {}), /must be|needed/, argv.join(' '));
  }
});
