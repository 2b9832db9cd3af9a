// Servers that really boot: reached by SSH, apart from the host, doing what power, rebuild and
// delete say.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { BASE, keyscan, skip, Ssh } from './boot-support.mjs';
import { Emulator, has, newToken, scratch, sleep, sshKey, until } from './support.mjs';

const TAG = `t${process.pid % 1_000_000}`;

let emu;
let directory;
let key;
let remote;
let sink;
const calls = [];

function start(rw) {
  return Emulator.start({
    directory,
    rw,
    args: [
      '--boot',
      'netns',
      '--tag',
      TAG,
      '--var',
      path.join(directory, 'var'),
      '--base-root',
      BASE,
      '--state',
      path.join(directory, 'state.json'),
    ],
  });
}

before(
  async () => {
    if (skip) return;
    directory = scratch();
    key = sshKey(directory);
    remote = new Ssh(key.file);
    sink = http.createServer((req, res) => {
      let text = '';
      req
        .on('data', (part) => {
          text += part;
        })
        .on('end', () => {
          calls.push({
            path: req.url,
            type: req.headers['content-type'],
            form: new URLSearchParams(text),
          });
          res.writeHead(calls.length === 1 ? 503 : 200); // a failed try: cloud-init tries again
          res.end();
        });
    });
    sink.listen(0, '127.0.0.1');
    await once(sink, 'listening');
    emu = await start(newToken());
  },
  { timeout: 300_000 },
);

after(async () => {
  if (skip) return;
  await emu.stop();
  sink.close();
  const left = fs.existsSync('/run/netns') ? fs.readdirSync('/run/netns') : [];
  assert.deepEqual(
    left.filter((name) => name.startsWith(`sps-emu-${TAG}`)),
    [],
    'a namespace was left behind',
  );
  assert.equal(os.networkInterfaces()[`spse-${TAG}`], undefined);
  assert.equal(fs.readFileSync('/proc/mounts', 'utf8').includes(directory), false);
});

async function acted(id, name, body) {
  const answer = await emu.post(`/servers/${id}/actions/${name}`, body);
  assert.equal(answer.status, 201, answer.text);
  const action = await emu.done(answer.body.action);
  assert.equal(action.status, 'success', action.error?.message);
  return answer.body;
}

const userData = (token) =>
  `#cloud-config\nphone_home:\n  url: http://127.0.0.1:${sink.address().port}/h/${token}\n` +
  '  post: [pub_key_ed25519, instance_id, hostname, fqdn]\n';

let shared; // one server for the tests below, in order

test(
  'a created server answers SSH within two seconds and calls home with its very host key',
  { skip },
  async () => {
    const { body } = await emu.post('/ssh_keys', { name: 'boot', public_key: key.text });
    const began = Date.now();
    const made = await emu.server('shop.example.net', {
      ssh_keys: [body.ssh_key.id],
      user_data: userData('first'),
    });
    const took = Date.now() - began;
    assert.ok(took < 5000, `took ${took} ms`); // two seconds on an idle machine
    shared = { id: made.server.id, ip: made.server.public_net.ipv4.ip };
    assert.equal(await remote.said(shared.ip, 'hostname'), 'shop');

    const call = await until('phone_home after a failed try', () => calls[1]);
    assert.deepEqual([call.path, call.type], ['/h/first', 'application/x-www-form-urlencoded']);
    assert.deepEqual(
      [call.form.get('instance_id'), call.form.get('hostname'), call.form.get('fqdn')],
      [String(shared.id), 'shop', 'shop.example.net'],
    );
    const told = call.form.get('pub_key_ed25519').trim().split(' ').slice(0, 2).join(' ');
    assert.equal(told, keyscan(shared.ip));
  },
);

test('it is a Debian of its own, and the host is not to be seen from it', { skip }, async () => {
  const { ip } = shared;
  assert.equal(await remote.said(ip, 'ps -o comm= -p 1'), 'init');
  assert.equal(
    await remote.said(ip, 'ip route'),
    `${ip.replace(/\d+$/, '0')}/24 dev eth0 proto kernel scope link src ${ip}`,
  );
  assert.equal(await remote.said(ip, `test -e ${directory}; echo $?`), '1');
  const escape =
    'import os\nos.mkdir("/tmp/j")\nfd = os.open("/", os.O_RDONLY)\n' +
    'os.chroot("/tmp/j")\nos.fchdir(fd)\n' +
    'for _ in range(64): os.chdir("..")\nos.chroot(".")\n' +
    `print(os.path.exists("${directory}"))`;
  assert.equal(await remote.said(ip, `python3 -c '${escape}'`), 'False');
  for (const command of [
    'mount -t tmpfs none /mnt',
    'mknod /tmp/disk b 8 0',
    'umount -l /proc/sys',
    'echo 1 > /proc/sys/kernel/panic',
    'echo b > /proc/sysrq-trigger; test -b /proc/sysrq-trigger',
    'unshare -Urm umount -l /',
    'date -s 2000-01-01',
  ]) {
    assert.notEqual((await remote.run(ip, command)).status, 0, `${command} must fail`);
  }
});

test('what is installed and deleted in it does not touch the host', { skip }, async () => {
  const { ip } = shared;
  const host = () =>
    [
      '/usr/sbin/nginx',
      '/etc/nginx',
      '/usr/share/common-licenses/GPL-2',
      '/etc/ssh',
      '/etc/passwd',
    ].map((file) => (fs.existsSync(file) ? fs.statSync(file).mtimeMs : null));
  const before_ = host();
  await remote.said(
    ip,
    'export DEBIAN_FRONTEND=noninteractive; ' +
      'apt-get update -qq && apt-get install -y -qq nginx-light >/dev/null 2>&1',
  );
  assert.equal(
    await remote.said(ip, "dpkg-query -W -f '${Status}' nginx-light"),
    'install ok installed',
  );
  await remote.said(
    ip,
    'useradd -m visitor && rm -rf /usr/share/common-licenses /etc/network; touch /root/kept; sync',
  );
  assert.deepEqual(host(), before_);
  assert.equal(fs.existsSync('/root/kept'), false);
  await remote.said(ip, 'service ssh restart');
  assert.equal(await remote.said(ip, 'hostname'), 'shop', 'after a restart of sshd');
});

test(
  'a reboot keeps the disk, begins a new boot, and brings the services back',
  { skip },
  async () => {
    const { id, ip } = shared;
    const boot = () => remote.said(ip, 'cat /proc/sys/kernel/random/boot_id');
    const first = await boot();
    await acted(id, 'reboot');
    assert.notEqual(await boot(), first);
    assert.equal(
      await remote.said(ip, 'test -e /root/kept && ! test -e /usr/share/common-licenses; echo $?'),
      '0',
    );
    const uptime = Number(await remote.said(ip, 'cut -d. -f1 /proc/uptime'));
    assert.ok(uptime < 30, `up ${uptime} s`);
    assert.match(await remote.said(ip, 'service nginx status || true'), /is running/);

    const second = await boot();
    await remote.run(ip, 'reboot');
    await until('it comes back from its own reboot', async () => {
      const { status, out } = await remote.run(ip, 'cat /proc/sys/kernel/random/boot_id');
      return status === 0 && out !== second;
    });
    assert.equal((await emu.get(`/servers/${id}`)).body.server.status, 'running');
    await remote.run(ip, 'poweroff');
    await until(
      'the API shows that it went off',
      async () => (await emu.get(`/servers/${id}`)).body.server.status === 'off',
    );
  },
);

test('power off ends it, power on brings it back; its address stays', { skip }, async () => {
  const { id, ip } = shared;
  await acted(id, 'poweron');
  const told = keyscan(ip);
  await acted(id, 'poweroff');
  assert.notEqual((await remote.run(ip, 'true')).status, 0);
  const { servers } = await emu.tell('GET', '/servers');
  assert.equal(servers.find((server) => server.id === id).boot.pid, null);
  await acted(id, 'poweron');
  assert.equal(keyscan(ip), told);
  await acted(id, 'shutdown');
  await until(
    'it is off',
    async () => (await emu.get(`/servers/${id}`)).body.server.status === 'off',
  );
  await acted(id, 'poweron');
});

test('rebuild: an empty disk, a new host key, and home is called again', { skip }, async () => {
  const { id, ip } = shared;
  const old = keyscan(ip);
  const so_far = calls.length;
  await acted(id, 'rebuild', { image: 'debian-12', user_data: userData('second') });
  assert.equal(await remote.said(ip, 'ls -A /root'), '.bashrc\n.profile\n.ssh');
  assert.equal(await remote.said(ip, 'test -e /usr/share/common-licenses; echo $?'), '0');
  const call = await until('the call', () => calls[so_far]);
  assert.equal(call.path, '/h/second');
  const told = call.form.get('pub_key_ed25519').trim().split(' ').slice(0, 2).join(' ');
  assert.notEqual(told, old);
  assert.equal(told, keyscan(ip));
});

test(
  'a snapshot holds the disk; a server made from it has a host key of its own',
  { skip },
  async () => {
    const { id, ip } = shared;
    await remote.said(ip, 'echo before > /root/state');
    const { image } = await acted(id, 'create_image', { description: 'before' });
    await remote.said(ip, 'echo after > /root/state; touch /etc/extra');
    const {
      ssh_keys: [{ id: keyId }],
    } = (await emu.get('/ssh_keys')).body;
    const { server } = await emu.server('twin', { image: image.id, ssh_keys: [keyId] });
    const twin = server.public_net.ipv4.ip;
    assert.equal(await remote.said(twin, 'hostname; cat /root/state'), 'twin\nbefore');
    assert.notEqual(keyscan(twin), keyscan(ip));
    assert.equal(
      await remote.said(twin, `ping -c1 -W2 ${ip} >/dev/null 2>&1; echo $?`),
      '127',
      'ping is not installed',
    );
    await emu.done((await emu.delete(`/servers/${server.id}`)).body.action);

    await acted(id, 'rebuild', { image: image.id });
    assert.equal(
      await remote.said(ip, 'cat /root/state; test -e /etc/extra; echo $?'),
      'before\n1',
    );
  },
);

test('rescue boots another system once; a reset password is set', { skip }, async () => {
  const { id, ip } = shared;
  const {
    ssh_keys: [{ id: keyId }],
  } = (await emu.get('/ssh_keys')).body;
  await acted(id, 'enable_rescue', { ssh_keys: [keyId] });
  await acted(id, 'reboot');
  assert.equal(await remote.said(ip, 'hostname; test -e /root/state; echo $?'), 'rescue\n1');
  await acted(id, 'reset');
  assert.equal(await remote.said(ip, 'hostname; cat /root/state'), 'shop\nbefore');
  const shadow = () => remote.said(ip, 'grep ^root: /etc/shadow');
  const old = await shadow();
  await acted(id, 'reset_password');
  assert.match(await shadow(), /^root:\$/);
  assert.notEqual(await shadow(), old);
});

test('a killed emulator leaves its servers running and finds them again', { skip }, async () => {
  const { id, ip } = shared;
  const boot = await remote.said(ip, 'cat /proc/sys/kernel/random/boot_id');
  await emu.stop('SIGKILL');
  assert.equal(await remote.said(ip, 'hostname'), 'shop');
  emu = await start(emu.rw);
  assert.equal(await remote.said(ip, 'cat /proc/sys/kernel/random/boot_id'), boot);
  await acted(id, 'reboot');
  assert.notEqual(await remote.said(ip, 'cat /proc/sys/kernel/random/boot_id'), boot);
});

test('a stopped emulator ends its servers and starts them again', { skip }, async () => {
  const { ip } = shared;
  await emu.stop();
  assert.equal(os.networkInterfaces()[`spse-${TAG}`], undefined);
  emu = await start(emu.rw);
  await until('the server is back', async () => (await remote.run(ip, 'true')).status === 0);
  assert.equal(await remote.said(ip, 'cat /root/state'), 'before');
});

test(
  'a playbook changes the server and nothing else',
  { skip: skip || (has('ansible-playbook') ? false : 'ANSIBLE IS NOT INSTALLED') },
  async () => {
    const play = path.join(directory, 'play.yml');
    fs.writeFileSync(
      play,
      JSON.stringify([
        {
          hosts: 'all',
          gather_facts: true,
          tasks: [
            { 'ansible.builtin.apt': { name: 'cron', state: 'present', update_cache: true } },
            { 'ansible.builtin.file': { path: '/usr/share/doc', state: 'absent' } },
            { 'ansible.builtin.service': { name: 'cron', state: 'restarted' } },
          ],
        },
      ]),
    );
    const documents = fs.readdirSync('/usr/share').length;
    const run = await new Promise((done) => {
      const args = ['-i', `${shared.ip},`, '-u', 'root', '--private-key', key.file, play];
      const env = {
        ...process.env,
        ANSIBLE_HOST_KEY_CHECKING: 'False',
        ANSIBLE_HOME: directory,
        ANSIBLE_SSH_ARGS: '-o UserKnownHostsFile=/dev/null',
        ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
      };
      execFile(
        'ansible-playbook',
        args,
        { encoding: 'utf8', env, timeout: 120_000 },
        (error, out, err) => done({ status: error?.code ?? 0, out: out + err }),
      );
    });
    assert.equal(run.status, 0, run.out);
    assert.equal(
      await remote.said(
        shared.ip,
        'test -e /usr/share/doc; echo $?; test -x /usr/sbin/cron; echo $?',
      ),
      '1\n0',
    );
    assert.equal(fs.readdirSync('/usr/share').length, documents);
  },
);

test('delete leaves nothing', { skip }, async () => {
  const { id, ip } = shared;
  const { servers } = await emu.tell('GET', '/servers');
  const { boot } = servers.find((server) => server.id === id);
  assert.equal(fs.existsSync(boot.directory), true);
  await emu.done((await emu.delete(`/servers/${id}`)).body.action);
  assert.equal(fs.existsSync(boot.directory), false);
  assert.equal(fs.existsSync(`/run/netns/sps-emu-${TAG}-${id}`), false);
  assert.equal(fs.existsSync(`/proc/${boot.pid}`), false);
  assert.notEqual((await remote.run(ip, 'true')).status, 0);
  await sleep(50);
});
