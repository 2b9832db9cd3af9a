// Clients nobody here wrote: Debian's hcloud-cli and python3-hcloud.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Emulator, has, scratch, sshKey, until } from './support.mjs';

const PYTHON = '/usr/bin/python3';
const pythonHcloud =
  fs.existsSync(PYTHON) && spawnSync(PYTHON, ['-c', 'import hcloud']).status === 0;
let emu;
let directory;
before(async () => {
  emu = await Emulator.start();
  directory = scratch();
});
after(async () => {
  await emu.stop();
});

function hcloud(...args) {
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    HCLOUD_ENDPOINT: emu.endpoint,
    HCLOUD_TOKEN: emu.rw,
  };
  const ran = spawnSync('hcloud', ['--poll-interval', '50ms', ...args], {
    env,
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.equal(ran.status, 0, `hcloud ${args.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}

const columns = (...args) =>
  hcloud(...args, '-o', 'noheader')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(/ {2,}/));

test(
  "hcloud: a server's life",
  { skip: has('hcloud') ? false : 'HCLOUD-CLI IS NOT INSTALLED (apt-get install hcloud-cli)' },
  async () => {
    const { file } = sshKey(directory, 'cli');
    hcloud('ssh-key', 'create', '--name', 'cli', '--public-key-from-file', `${file}.pub`);
    assert.equal(columns('ssh-key', 'list')[0][1], 'cli');
    assert.equal(columns('location', 'list').length, 6);
    assert.ok(columns('server-type', 'list').length > 20);
    assert.ok(columns('image', 'list', '-t', 'system').length > 10);

    const made = hcloud(
      'server',
      'create',
      '--name',
      'cli-1',
      '--type',
      'cx23',
      '--image',
      'debian-12',
      '--location',
      'nbg1',
      '--ssh-key',
      'cli',
      '--label',
      'team=shop',
    );
    assert.match(made, /Server \d+ created/);
    const state = () => columns('server', 'list', '-l', 'team=shop')[0]?.[2];
    assert.equal(state(), 'running');
    hcloud('server', 'poweroff', 'cli-1');
    assert.equal(state(), 'off');
    hcloud('server', 'poweron', 'cli-1');
    hcloud('server', 'reboot', 'cli-1');
    hcloud('server', 'reset', 'cli-1');
    hcloud('server', 'rebuild', '--image', 'debian-12', 'cli-1');
    assert.equal(state(), 'running');
    hcloud('server', 'set-rdns', '--hostname', 'cli.example.net', 'cli-1');
    hcloud('server', 'enable-protection', 'cli-1', 'delete', 'rebuild');
    hcloud('server', 'disable-protection', 'cli-1', 'delete', 'rebuild');
    hcloud('server', 'add-label', 'cli-1', 'more=yes');
    hcloud('server', 'update', '--name', 'cli-2', 'cli-1');
    const shown = JSON.parse(hcloud('server', 'describe', '-o', 'json', 'cli-2'));
    assert.deepEqual(shown.labels, { team: 'shop', more: 'yes' });
    assert.equal(shown.public_net.ipv4.dns_ptr, 'cli.example.net');
    hcloud('server', 'create-image', '--type', 'snapshot', '--description', 'cli', 'cli-2');
    assert.equal(columns('image', 'list', '-t', 'snapshot').length, 1);
    await emu.tell('POST', '/clock', { advance: 7200 });
    const { now } = await emu.tell('GET', '/clock');
    const start = new Date(Date.parse(now) - 3_600_000).toISOString();
    assert.match(
      hcloud('server', 'metrics', '--type', 'cpu', '--start', start, '--end', now, 'cli-2'),
      /┤/,
    );
    hcloud('server', 'shutdown', 'cli-2');
    await until('the guest goes off', () => state() === 'off');
    hcloud('server', 'change-type', 'cli-2', 'cx33');
    hcloud('primary-ip', 'list');
    hcloud('server', 'delete', 'cli-2');
    await until('the server is gone', () => state() === undefined);
  },
);

test(
  "python3-hcloud: a server's life",
  {
    skip: pythonHcloud ? false : 'PYTHON3-HCLOUD IS NOT INSTALLED (apt-get install python3-hcloud)',
  },
  () => {
    const script = fileURLToPath(new URL('./life.py', import.meta.url));
    const { text } = sshKey(directory, 'python');
    const env = {
      PATH: process.env.PATH,
      HCLOUD_ENDPOINT: emu.endpoint,
      HCLOUD_TOKEN: emu.rw,
      PUBLIC_KEY: text,
    };
    const ran = spawnSync(PYTHON, ['-W', 'ignore', script], {
      env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(ran.status, 0, ran.stderr);
    assert.equal(ran.stdout.trim(), 'created powered rebuilt deleted');
  },
);

test('nothing a client sent was answered with a server error', async () => {
  const { entries } = await emu.tell('GET', '/journal');
  assert.deepEqual(
    entries.filter(({ status }) => status >= 500),
    [],
  );
});
