// Servers that really boot: reached by SSH, apart from the host, doing what power, rebuild and delete say.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Emulator, has, newToken, scratch, sleep, sshKey, until } from './support.mjs';

const needs = ['mmdebstrap', 'ip', 'unshare', 'ssh', 'ssh-keyscan'].filter((program) => !has(program));
const skip = process.getuid() !== 0 ? 'SERVERS BOOT ONLY AS ROOT: NOTHING OF IT WAS TESTED'
  : needs.length > 0 && `${needs.join(', ')} MISSING: NOTHING OF BOOTING WAS TESTED`;
const BASE = process.env.SPS_BASE_ROOT ?? '/var/tmp/sps-emulator-base';
const TAG = `t${process.pid % 1_000_000}`;

let emu;
let directory;
let key;
let sink;
const calls = [];

function start(rw) {
  return Emulator.start({
    directory,
    rw,
    args: ['--boot', 'netns', '--tag', TAG, '--var', path.join(directory, 'var'), '--base-root', BASE,
      '--state', path.join(directory, 'state.json')],
  });
}

before(async () => {
  if (skip) return;
  directory = scratch();
  key = sshKey(directory);
  sink = http.createServer((req, res) => {
    let text = '';
    req.on('data', (part) => { text += part; }).on('end', () => {
      calls.push({ path: req.url, type: req.headers['content-type'], form: new URLSearchParams(text) });
      res.writeHead(calls.length === 1 ? 503 : 200); // the first try fails: cloud-init tries again
      res.end();
    });
  });
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  emu = await start(newToken());
}, { timeout: 300_000 });

after(async () => {
  if (skip) return;
  await emu.stop();
  sink.close();
  const left = fs.existsSync('/run/netns') ? fs.readdirSync('/run/netns') : [];
  assert.deepEqual(left.filter((name) => name.startsWith(`sps-emu-${TAG}`)), [], 'a namespace was left behind');
  assert.equal(os.networkInterfaces()[`spse-${TAG}`], undefined);
  assert.equal(fs.readFileSync('/proc/mounts', 'utf8').includes(directory), false);
});

const SSH = ['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o',
  'LogLevel=ERROR', '-o', 'ConnectTimeout=3'];

function ssh(address, command, options = []) {
  return new Promise((done) => {
    const args = [...SSH, ...options, '-i', key.file, `root@${address}`, command];
    execFile('ssh', args, { encoding: 'utf8' }, (error, out) => done({ status: error?.code ?? 0, out: out.trim() }));
  });
}

async function said(address, command) {
  const { status, out } = await ssh(address, command);
  assert.equal(status, 0, `${command}: ${out}`);
  return out;
}

const scanned = (address) => spawnSync('ssh-keyscan', ['-t', 'ed25519', address], { encoding: 'utf8' }).stdout
  .split('\n').find((line) => line.startsWith(address))?.split(' ').slice(1).join(' ');

async function acted(id, name, body) {
  const answer = await emu.post(`/servers/${id}/actions/${name}`, body);
  assert.equal(answer.status, 201, answer.text);
  const action = await emu.done(answer.body.action);
  assert.equal(action.status, 'success', action.error?.message);
  return answer.body;
}

const userData = (token) => `#cloud-config\nphone_home:\n  url: http://127.0.0.1:${sink.address().port}/h/${token}\n`
  + '  post: [pub_key_ed25519, instance_id, hostname, fqdn]\n';

let shared; // one server for the tests below, in order

test('a created server answers SSH within two seconds and calls home with its very host key', { skip }, async () => {
  const { body } = await emu.post('/ssh_keys', { name: 'boot', public_key: key.text });
  const began = Date.now();
  const made = await emu.server('shop.example.net', { ssh_keys: [body.ssh_key.id], user_data: userData('first') });
  const took = Date.now() - began;
  assert.ok(took < 5000, `took ${took} ms`); // two seconds on an idle machine
  shared = { id: made.server.id, ip: made.server.public_net.ipv4.ip };
  assert.equal(await said(shared.ip, 'hostname'), 'shop');

  const call = await until('phone_home after a failed try', () => calls[1]);
  assert.deepEqual([call.path, call.type], ['/h/first', 'application/x-www-form-urlencoded']);
  assert.deepEqual([call.form.get('instance_id'), call.form.get('hostname'), call.form.get('fqdn')],
    [String(shared.id), 'shop', 'shop.example.net']);
  const told = call.form.get('pub_key_ed25519').trim().split(' ').slice(0, 2).join(' ');
  assert.equal(told, scanned(shared.ip));
});

test('it is a Debian of its own, and the host is not to be seen from it', { skip }, async () => {
  const { ip } = shared;
  assert.equal(await said(ip, 'ps -o comm= -p 1'), 'init');
  assert.equal(await said(ip, 'ip route'), `${ip.replace(/\d+$/, '0')}/24 dev eth0 proto kernel scope link src ${ip}`);
  assert.equal(await said(ip, `test -e ${directory}; echo $?`), '1');
  const escape = 'import os\nos.mkdir("/tmp/j")\nfd = os.open("/", os.O_RDONLY)\nos.chroot("/tmp/j")\nos.fchdir(fd)\n'
    + 'for _ in range(64): os.chdir("..")\nos.chroot(".")\n'
    + `print(os.path.exists("${directory}"))`;
  assert.equal(await said(ip, `python3 -c '${escape}'`), 'False');
  for (const command of ['mount -t tmpfs none /mnt', 'mknod /tmp/disk b 8 0', 'umount -l /proc/sys',
    'echo 1 > /proc/sys/kernel/panic', 'echo b > /proc/sysrq-trigger; test -b /proc/sysrq-trigger',
    'unshare -Urm umount -l /', 'date -s 2000-01-01']) {
    assert.notEqual((await ssh(ip, command)).status, 0, `${command} must fail`);
  }
});

test('what is installed and deleted in it does not touch the host', { skip }, async () => {
  const { ip } = shared;
  const host = () => ['/usr/sbin/nginx', '/etc/nginx', '/usr/share/common-licenses/GPL-2', '/etc/ssh', '/etc/passwd']
    .map((file) => (fs.existsSync(file) ? fs.statSync(file).mtimeMs : null));
  const before_ = host();
  await said(ip, 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nginx-light >/dev/null 2>&1');
  assert.equal(await said(ip, 'dpkg-query -W -f \'${Status}\' nginx-light'), 'install ok installed');
  await said(ip, 'useradd -m visitor && rm -rf /usr/share/common-licenses /etc/network; touch /root/kept; sync');
  assert.deepEqual(host(), before_);
  assert.equal(fs.existsSync('/root/kept'), false);
  await said(ip, 'service ssh restart');
  assert.equal(await said(ip, 'hostname'), 'shop', 'after a restart of sshd');
});

test('a reboot keeps the disk, begins a new boot, and brings the services back', { skip }, async () => {
  const { id, ip } = shared;
  const boot = () => said(ip, 'cat /proc/sys/kernel/random/boot_id');
  const first = await boot();
  await acted(id, 'reboot');
  assert.notEqual(await boot(), first);
  assert.equal(await said(ip, 'test -e /root/kept && ! test -e /usr/share/common-licenses; echo $?'), '0');
  const uptime = Number((await said(ip, 'cut -d. -f1 /proc/uptime')));
  assert.ok(uptime < 30, `up ${uptime} s`);
  assert.match(await said(ip, 'service nginx status || true'), /is running/);

  const second = await boot();
  await ssh(ip, 'reboot');
  await until('it comes back from its own reboot', async () => {
    const { status, out } = await ssh(ip, 'cat /proc/sys/kernel/random/boot_id');
    return status === 0 && out !== second;
  });
  assert.equal((await emu.get(`/servers/${id}`)).body.server.status, 'running');
  await ssh(ip, 'poweroff');
  await until('the API shows that it went off', async () => (await emu.get(`/servers/${id}`)).body.server.status === 'off');
});

test('power off ends it, power on brings it back; its address stays', { skip }, async () => {
  const { id, ip } = shared;
  await acted(id, 'poweron');
  const told = scanned(ip);
  await acted(id, 'poweroff');
  assert.notEqual((await ssh(ip, 'true')).status, 0);
  const { servers } = await emu.tell('GET', '/servers');
  assert.equal(servers.find((server) => server.id === id).boot.pid, null);
  await acted(id, 'poweron');
  assert.equal(scanned(ip), told);
  await acted(id, 'shutdown');
  await until('it is off', async () => (await emu.get(`/servers/${id}`)).body.server.status === 'off');
  await acted(id, 'poweron');
});

test('rebuild: an empty disk, a new host key, and home is called again', { skip }, async () => {
  const { id, ip } = shared;
  const old = scanned(ip);
  const so_far = calls.length;
  await acted(id, 'rebuild', { image: 'debian-12', user_data: userData('second') });
  assert.equal(await said(ip, 'ls -A /root'), '.bashrc\n.profile\n.ssh');
  assert.equal(await said(ip, 'test -e /usr/share/common-licenses; echo $?'), '0');
  const call = await until('the call', () => calls[so_far]);
  assert.equal(call.path, '/h/second');
  const told = call.form.get('pub_key_ed25519').trim().split(' ').slice(0, 2).join(' ');
  assert.notEqual(told, old);
  assert.equal(told, scanned(ip));
});

test('a snapshot holds the disk; a server made from it has a host key of its own', { skip }, async () => {
  const { id, ip } = shared;
  await said(ip, 'echo before > /root/state');
  const { image } = await acted(id, 'create_image', { description: 'before' });
  await said(ip, 'echo after > /root/state; touch /etc/extra');
  const { ssh_keys: [{ id: keyId }] } = (await emu.get('/ssh_keys')).body;
  const { server } = await emu.server('twin', { image: image.id, ssh_keys: [keyId] });
  const twin = server.public_net.ipv4.ip;
  assert.equal(await said(twin, 'hostname; cat /root/state'), 'twin\nbefore');
  assert.notEqual(scanned(twin), scanned(ip));
  assert.equal(await said(twin, `ping -c1 -W2 ${ip} >/dev/null 2>&1; echo $?`), '127', 'ping is not installed');
  await emu.done((await emu.delete(`/servers/${server.id}`)).body.action);

  await acted(id, 'rebuild', { image: image.id });
  assert.equal(await said(ip, 'cat /root/state; test -e /etc/extra; echo $?'), 'before\n1');
});

test('rescue boots another system once; a reset password is set', { skip }, async () => {
  const { id, ip } = shared;
  const { ssh_keys: [{ id: keyId }] } = (await emu.get('/ssh_keys')).body;
  await acted(id, 'enable_rescue', { ssh_keys: [keyId] });
  await acted(id, 'reboot');
  assert.equal(await said(ip, 'hostname; test -e /root/state; echo $?'), 'rescue\n1');
  await acted(id, 'reset');
  assert.equal(await said(ip, 'hostname; cat /root/state'), 'shop\nbefore');
  const shadow = () => said(ip, 'grep ^root: /etc/shadow');
  const old = await shadow();
  await acted(id, 'reset_password');
  assert.match(await shadow(), /^root:\$/);
  assert.notEqual(await shadow(), old);
});

test('a killed emulator leaves its servers running and finds them again', { skip }, async () => {
  const { id, ip } = shared;
  const boot = await said(ip, 'cat /proc/sys/kernel/random/boot_id');
  await emu.stop('SIGKILL');
  assert.equal(await said(ip, 'hostname'), 'shop');
  emu = await start(emu.rw);
  assert.equal(await said(ip, 'cat /proc/sys/kernel/random/boot_id'), boot);
  await acted(id, 'reboot');
  assert.notEqual(await said(ip, 'cat /proc/sys/kernel/random/boot_id'), boot);
});

test('a stopped emulator ends its servers and starts them again', { skip }, async () => {
  const { ip } = shared;
  await emu.stop();
  assert.equal(os.networkInterfaces()[`spse-${TAG}`], undefined);
  emu = await start(emu.rw);
  await until('the server is back', async () => (await ssh(ip, 'true')).status === 0);
  assert.equal(await said(ip, 'cat /root/state'), 'before');
});

test('a playbook changes the server and nothing else', { skip: skip || (has('ansible-playbook') ? false : 'ANSIBLE IS NOT INSTALLED') }, async () => {
  const play = path.join(directory, 'play.yml');
  fs.writeFileSync(play, JSON.stringify([{
    hosts: 'all',
    gather_facts: true,
    tasks: [
      { 'ansible.builtin.apt': { name: 'cron', state: 'present', update_cache: true } },
      { 'ansible.builtin.file': { path: '/usr/share/doc', state: 'absent' } },
      { 'ansible.builtin.service': { name: 'cron', state: 'restarted' } },
    ],
  }]));
  const documents = fs.readdirSync('/usr/share').length;
  const run = await new Promise((done) => {
    const args = ['-i', `${shared.ip},`, '-u', 'root', '--private-key', key.file, play];
    const env = { ...process.env, ANSIBLE_HOST_KEY_CHECKING: 'False', ANSIBLE_HOME: directory,
      ANSIBLE_SSH_ARGS: '-o UserKnownHostsFile=/dev/null', ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3' };
    execFile('ansible-playbook', args, { encoding: 'utf8', env, timeout: 120_000 },
      (error, out, err) => done({ status: error?.code ?? 0, out: out + err }));
  });
  assert.equal(run.status, 0, run.out);
  assert.equal(await said(shared.ip, 'test -e /usr/share/doc; echo $?; test -x /usr/sbin/cron; echo $?'), '1\n0');
  assert.equal(fs.readdirSync('/usr/share').length, documents);
});

test('delete leaves nothing', { skip }, async () => {
  const { id, ip } = shared;
  const { servers } = await emu.tell('GET', '/servers');
  const { boot } = servers.find((server) => server.id === id);
  assert.equal(fs.existsSync(boot.directory), true);
  await emu.done((await emu.delete(`/servers/${id}`)).body.action);
  assert.equal(fs.existsSync(boot.directory), false);
  assert.equal(fs.existsSync(`/run/netns/sps-emu-${TAG}-${id}`), false);
  assert.equal(fs.existsSync(`/proc/${boot.pid}`), false);
  assert.notEqual((await ssh(ip, 'true')).status, 0);
  await sleep(50);
});

test('loopback mode: an address of 127.0.0.0/8 for each, on a port of one\'s choice', { skip }, async () => {
  const other = await Emulator.start({
    args: ['--boot', 'loopback', '--ssh-port', '2322', '--net', '198.18.203', '--var', path.join(directory, 'loopback'),
      '--base-root', BASE],
  });
  const { body } = await other.post('/ssh_keys', { name: 'boot', public_key: key.text });
  const { server } = await other.server('looped', { ssh_keys: [body.ssh_key.id] });
  const { ip } = server.public_net.ipv4;
  assert.equal(ip, '127.18.203.10');
  assert.deepEqual(await ssh(ip, 'hostname', ['-p', '2322']), { status: 0, out: 'looped' });
  assert.notEqual((await ssh(ip, 'ip link set lo down', ['-p', '2322'])).status, 0, 'the host\'s network is not its own');
  const { servers } = await other.tell('GET', '/servers');
  assert.deepEqual([servers[0].boot.address, servers[0].boot.port], [ip, 2322]);
  await other.stop();
  assert.equal(fs.existsSync(`/proc/${servers[0].boot.pid}`), false);
});

// uid 65534 has no range of numbers in /etc/subuid, so nothing can boot for it
const readable = fs.statSync(new URL('../emulator.mjs', import.meta.url)).mode & 0o004;

test('where nothing can boot, the API works and each start says why', { skip: skip || (readable ? false : 'NOT READABLE FOR OTHERS') }, async () => {
  const home = scratch();
  fs.chownSync(home, 65534, 65534);
  const poor = await Emulator.start({
    directory: home,
    spawn: { uid: 65534, gid: 65534, cwd: '/' },
    args: ['--boot', 'auto', '--var', path.join(home, 'var'), '--base-root', path.join(home, 'base')],
  });
  assert.match(poor.said, /servers cannot boot here, only the API works: .*uidmap/s);
  const made = await poor.post('/servers', { name: 'vain', server_type: 'cx23', image: 'debian-12' });
  const action = await poor.done(made.body.next_actions[0]);
  assert.equal(action.status, 'error');
  assert.match(action.error.message, /uidmap/);
  assert.equal((await poor.get(`/servers/${made.body.server.id}`)).body.server.status, 'off');
  await poor.stop();
});
