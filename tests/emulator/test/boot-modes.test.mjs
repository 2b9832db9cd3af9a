// Where servers cannot have networks of their own, or cannot boot at all.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { BASE, skip, Ssh } from './boot-support.mjs';
import { Emulator, scratch, sshKey } from './support.mjs';

test(
  "loopback mode: an address of 127.0.0.0/8 for each, on a port of one's choice",
  { skip },
  async () => {
    const home = scratch();
    const other = await Emulator.start({
      directory: home,
      args: [
        '--boot',
        'loopback',
        '--ssh-port',
        '2322',
        '--net',
        '198.18.203',
        '--var',
        path.join(home, 'var'),
        '--base-root',
        BASE,
      ],
    });
    const key = sshKey(home);
    const remote = new Ssh(key.file, 2322);
    const { body } = await other.post('/ssh_keys', { name: 'boot', public_key: key.text });
    const { server } = await other.server('looped', { ssh_keys: [body.ssh_key.id] });
    const { ip } = server.public_net.ipv4;
    assert.equal(ip, '127.18.203.10');
    assert.equal(await remote.said(ip, 'hostname'), 'looped');
    assert.notEqual(
      (await remote.run(ip, 'ip link set lo down')).status,
      0,
      "the host's network is not its own",
    );
    const { servers } = await other.tell('GET', '/servers');
    assert.deepEqual([servers[0].boot.address, servers[0].boot.port], [ip, 2322]);
    await other.stop();
    assert.equal(fs.existsSync(`/proc/${servers[0].boot.pid}`), false);
  },
);

// uid 65534 has no range of numbers in /etc/subuid, so nothing can boot for it
const readable = fs.statSync(new URL('../emulator.mjs', import.meta.url)).mode & 0o004;

test(
  'where nothing can boot, the API works and each start says why',
  { skip: skip || (readable ? false : 'NOT READABLE FOR OTHERS') },
  async () => {
    const home = scratch();
    fs.chownSync(home, 65534, 65534);
    const poor = await Emulator.start({
      directory: home,
      spawn: { uid: 65534, gid: 65534, cwd: '/' },
      args: [
        '--boot',
        'auto',
        '--var',
        path.join(home, 'var'),
        '--base-root',
        path.join(home, 'base'),
      ],
    });
    assert.match(poor.said, /servers cannot boot here, only the API works: .*uidmap/s);
    const made = await poor.post('/servers', {
      name: 'vain',
      server_type: 'cx23',
      image: 'debian-12',
    });
    const action = await poor.done(made.body.next_actions[0]);
    assert.equal(action.status, 'error');
    assert.match(action.error.message, /uidmap/);
    assert.equal((await poor.get(`/servers/${made.body.server.id}`)).body.server.status, 'off');
    await poor.stop();
  },
);
