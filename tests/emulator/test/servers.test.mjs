import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { code, Emulator, scratch, sshKey, until } from './support.mjs';

let emu;
before(async () => {
  emu = await Emulator.start();
});
after(async () => {
  await emu.stop();
});

const status = async (id) => (await emu.get(`/servers/${id}`)).body.server.status;
const act = (id, name, body) => emu.post(`/servers/${id}/actions/${name}`, body);

async function acted(id, name, body) {
  const answer = await act(id, name, body);
  assert.equal(answer.status, 201, answer.text);
  return emu.done(answer.body.action);
}

test('a create is initializing, starting, running; its actions run in order', async () => {
  await emu.tell('PUT', '/settings', { durations: { create_server: 300, start_server: 300 } });
  const made = await emu.post('/servers', {
    name: 'first',
    server_type: 'cx33',
    image: 'debian-12',
    location: 'hel1',
  });
  const {
    server,
    action,
    next_actions: [next],
    root_password: password,
  } = made.body;
  assert.deepEqual(
    [server.status, server.locked, action.command, next.command],
    ['initializing', true, 'create_server', 'start_server'],
  );
  assert.match(password, /^\w{20}$/, 'a password only without SSH keys');
  assert.equal('datacenter' in server, false);
  assert.equal(next.progress, 0);

  await emu.done(action);
  assert.equal((await emu.get(`/actions/${next.id}`)).body.action.status, 'running');
  assert.equal(await status(server.id), 'starting');
  await emu.done(next);
  const { body } = await emu.get(`/servers/${server.id}`);
  assert.deepEqual([body.server.status, body.server.locked], ['running', false]);
  const feed = await emu.get('/servers/actions?sort=id:desc&per_page=2');
  assert.deepEqual(
    feed.body.actions.map(({ command }) => command),
    ['start_server', 'create_server'],
  );
  const batch = await emu.get(`/actions?id=${action.id}&id=${next.id}&id=1`);
  assert.equal(batch.body.actions.length, 2, 'an unknown id is silently missing');
  await emu.tell('PUT', '/settings', { durations: { create_server: 50, start_server: 50 } });
});

test('a locked server refuses operations with 423', async () => {
  const { server } = await emu.server('locking');
  await emu.tell('PUT', '/settings', { durations: { reboot_server: 400 } });
  const first = await act(server.id, 'reboot');
  const second = await act(server.id, 'poweroff');
  assert.deepEqual([second.status, code(second)], [423, 'locked']);
  assert.equal((await emu.delete(`/servers/${server.id}`)).status, 423);
  assert.equal((await emu.put(`/servers/${server.id}`, { labels: { a: 'b' } })).status, 200);
  await emu.done(first.body.action);

  await emu.tell('POST', `/servers/${server.id}/out_of_band`, { do: 'lock' });
  assert.equal((await act(server.id, 'poweroff')).status, 423, 'the hidden lock');
  const running = await emu.get(`/servers/${server.id}/actions?status=running`);
  assert.deepEqual(
    running.body.actions.map(({ command }) => command),
    ['apply_firewall'],
  );
  await emu.done(running.body.actions[0]);
  assert.equal((await acted(server.id, 'poweroff')).status, 'success');
});

test('power: off, on, reset, and a shutdown that only asks', async () => {
  const { server } = await emu.server('power');
  await acted(server.id, 'poweroff');
  assert.equal(await status(server.id), 'off');
  await acted(server.id, 'poweron');
  await acted(server.id, 'reset');
  assert.equal(await status(server.id), 'running');

  await emu.tell('PUT', '/settings', { durations: { acpi_off: 300 } });
  await acted(server.id, 'shutdown');
  assert.equal(await status(server.id), 'running', 'success only says that the request was sent');
  await until('the guest goes off', async () => (await status(server.id)) === 'off');
  assert.equal((await acted(server.id, 'poweron')).command, 'start_server');
});

test('delete: answers with an action, then 404, and its addresses go with it', async () => {
  const { server } = await emu.server('doomed');
  const deleted = await emu.delete(`/servers/${server.id}`);
  assert.deepEqual([deleted.status, deleted.body.action.command], [200, 'delete_server']);
  assert.equal((await emu.done(deleted.body.action)).status, 'success');
  const gone = await emu.get(`/servers/${server.id}`);
  assert.deepEqual([gone.status, code(gone)], [404, 'not_found']);
  assert.equal((await emu.get(`/primary_ips/${server.public_net.ipv4.id}`)).status, 404);
  const { body } = await emu.get('/servers/actions?sort=id:desc&per_page=1');
  assert.equal(body.actions[0].command, 'delete_server', 'the feed keeps it');
});

test('primary IPs outlive a server when told so', async () => {
  const { server } = await emu.server('ip-keeper');
  const { ipv4, ipv6 } = server.public_net;
  const {
    body: { primary_ip: ip },
  } = await emu.put(`/primary_ips/${ipv4.id}`, { auto_delete: false, name: 'kept' });
  assert.deepEqual([ip.assignee_id, ip.assignee_type, ip.name], [server.id, 'server', 'kept']);
  const refused = await emu.delete(`/primary_ips/${ipv6.id}`);
  assert.deepEqual([refused.status, code(refused)], [422, 'must_be_unassigned']);
  await emu.done((await emu.delete(`/servers/${server.id}`)).body.action);

  const {
    body: { primary_ip: kept },
  } = await emu.get(`/primary_ips/${ipv4.id}`);
  assert.deepEqual([kept.assignee_id, kept.assignee_type], [null, 'unassigned']);
  const again = await emu.server('ip-user', {
    location: 'fsn1',
    public_net: { enable_ipv6: false, ipv4: ipv4.id },
  });
  assert.deepEqual(
    [again.server.public_net.ipv4.ip, again.server.public_net.ipv6],
    [ipv4.ip, null],
  );
  await acted(again.server.id, 'poweroff');
  assert.equal((await emu.post(`/primary_ips/${ipv4.id}/actions/unassign`)).status, 201);
  assert.equal((await emu.get(`/servers/${again.server.id}`)).body.server.public_net.ipv4, null);
  assert.equal(
    (
      await emu.post(`/primary_ips/${ipv4.id}/actions/assign`, {
        assignee_id: again.server.id,
        assignee_type: 'server',
      })
    ).status,
    201,
  );
});

test('reverse DNS', async () => {
  const { server } = await emu.server('dns');
  const { ip, dns_ptr: first } = server.public_net.ipv4;
  assert.match(first, /^static\..*\.clients\.your-server\.de$/);
  await acted(server.id, 'change_dns_ptr', { ip, dns_ptr: 'shop.example.net' });
  const six = server.public_net.ipv6.ip.replace('/64', '1');
  await acted(server.id, 'change_dns_ptr', { ip: six, dns_ptr: 'shop6.example.net' });
  const { public_net: net } = (await emu.get(`/servers/${server.id}`)).body.server;
  assert.equal(net.ipv4.dns_ptr, 'shop.example.net');
  assert.deepEqual(net.ipv6.dns_ptr, [{ ip: six, dns_ptr: 'shop6.example.net' }]);
  await acted(server.id, 'change_dns_ptr', { ip, dns_ptr: null });
  assert.equal((await emu.get(`/servers/${server.id}`)).body.server.public_net.ipv4.dns_ptr, first);
  assert.equal(
    (await act(server.id, 'change_dns_ptr', { ip: '192.0.2.1', dns_ptr: 'x' })).status,
    404,
  );
});

test('protection: both together, then delete and rebuild are refused', async () => {
  const { server } = await emu.server('precious');
  assert.equal((await act(server.id, 'change_protection', { delete: true })).status, 422);
  assert.equal(
    (await act(server.id, 'change_protection', { delete: true, rebuild: true })).body.action.status,
    'success',
  );
  for (const answer of [
    await emu.delete(`/servers/${server.id}`),
    await act(server.id, 'rebuild', { image: 'debian-12' }),
  ]) {
    assert.deepEqual([answer.status, code(answer)], [423, 'protected']);
  }
});

test('names are unique, also case by case of error', async () => {
  await emu.server('taken');
  const again = await emu.post('/servers', {
    name: 'taken',
    server_type: 'cx23',
    image: 'debian-12',
  });
  assert.deepEqual(
    [again.status, code(again), again.body.error.details.fields[0].name],
    [409, 'uniqueness_error', 'name'],
  );
  const { server } = await emu.server('renamed');
  assert.equal((await emu.put(`/servers/${server.id}`, { name: 'taken' })).status, 409);
  assert.equal((await emu.put(`/servers/${server.id}`, { name: 'not_a_host_name' })).status, 422);
});

test('stock: the hint and the truth', async () => {
  await emu.tell('POST', '/stock', { server_type: 'cx43', location: 'nbg1', available: false });
  const { body } = await emu.get('/server_types?name=cx43');
  assert.equal(body.server_types[0].locations.find(({ name }) => name === 'nbg1').available, false);
  const order = { name: 'stock', server_type: 'cx43', image: 'debian-12', location: 'nbg1' };
  const refused = await emu.post('/servers', order);
  assert.deepEqual(
    [refused.status, code(refused), refused.body.error.message],
    [412, 'resource_unavailable', 'error during placement'],
  );
  await emu.tell('POST', '/stock', {
    server_type: 'cx43',
    location: 'nbg1',
    available: false,
    orderable: true,
  });
  assert.equal((await emu.post('/servers', order)).status, 201);
  const elsewhere = await emu.post('/servers', { ...order, name: 'stock2', location: 'ash' });
  assert.equal(elsewhere.status, 412, 'a type that is not sold there');
  const old = await emu.post('/servers', { ...order, name: 'stock3', server_type: 'cx22' });
  assert.equal(old.status, 422, 'a retired type');
  const arm = await emu.post('/servers', {
    ...order,
    name: 'stock4',
    server_type: 'cax11',
    image: 114690387,
  });
  assert.equal(arm.status, 422, 'another architecture');
});

test('what a create refuses', async () => {
  const base = { name: 'refused', server_type: 'cx23', image: 'debian-12' };
  const refuses = async (fields, wanted) => {
    const answer = await emu.post('/servers', { ...base, ...fields });
    assert.deepEqual([answer.status, code(answer)], wanted, JSON.stringify(fields));
  };
  await refuses({ user_data: 'x'.repeat(33_000) }, [422, 'invalid_input']);
  await refuses({ image: 'amiga-os' }, [422, 'invalid_input']);
  await refuses({ server_type: 'cx99' }, [422, 'invalid_input']);
  await refuses({ ssh_keys: ['nobody'] }, [422, 'invalid_input']);
  await refuses({ networks: [5] }, [422, 'invalid_input']);
  await refuses({ firewalls: [{ firewall: 5 }] }, [422, 'firewall_resource_not_found']);
  await refuses({ datacenter: 'fsn1-dc14' }, [422, 'invalid_input']);
  await refuses({ public_net: { enable_ipv4: false, enable_ipv6: false } }, [422, 'invalid_input']);
  await emu.tell('POST', '/projects', {
    name: 'full',
    tokens: [{ token: 'f'.repeat(64) }],
    server_limit: 1,
    fill: 1,
  });
  const full = await emu.post('/servers', base, { token: 'f'.repeat(64) });
  assert.deepEqual(
    [full.status, code(full), full.body.error.details.limits],
    [403, 'resource_limit_exceeded', [{ name: 'server_limit' }]],
  );
});

test('resize: only when off, never to a smaller disk', async () => {
  const { server } = await emu.server('growing');
  const bigger = { server_type: 'cx33', upgrade_disk: false };
  assert.equal(code(await act(server.id, 'change_type', bigger)), 'server_not_stopped');
  await acted(server.id, 'poweroff');
  assert.equal(
    code(await act(server.id, 'change_type', { server_type: 'cax11', upgrade_disk: false })),
    'invalid_server_type',
  );
  assert.equal((await acted(server.id, 'change_type', bigger)).command, 'change_server_type');
  const { body } = await emu.get(`/servers/${server.id}`);
  assert.deepEqual(
    [body.server.server_type.name, body.server.primary_disk_size, body.server.status],
    ['cx33', 40, 'off'],
  );
});

test('snapshots and backups', async () => {
  const { server } = await emu.server('pictured');
  const made = await act(server.id, 'create_image', {
    description: 'before',
    labels: { why: 'test' },
  });
  assert.deepEqual(
    [made.status, made.body.image.status, made.body.image.image_size],
    [201, 'creating', null],
  );
  await emu.done(made.body.action);
  const { image } = (await emu.get(`/images/${made.body.image.id}`)).body;
  assert.deepEqual(
    [image.status, image.type, image.name, image.created_from.id],
    ['available', 'snapshot', null, server.id],
  );
  assert.equal((await acted(server.id, 'rebuild', { image: image.id })).command, 'rebuild_server');

  assert.equal(code(await act(server.id, 'create_image', { type: 'backup' })), 'service_error');
  await acted(server.id, 'enable_backup', {});
  const backup = await act(server.id, 'create_image', { type: 'backup' });
  await emu.done(backup.body.action);
  assert.equal((await emu.get(`/images?bound_to=${server.id}`)).body.images.length, 1);
  assert.equal(
    (await emu.put(`/images/${backup.body.image.id}`, { type: 'snapshot' })).body.image.bound_to,
    null,
  );
  await acted(server.id, 'disable_backup');
  assert.equal((await emu.get('/images?type=snapshot&type=backup')).body.images.length, 2);
  await emu.post(`/images/${image.id}/actions/change_protection`, { delete: true });
  assert.equal((await emu.delete(`/images/${image.id}`)).status, 423);
  assert.equal((await emu.delete(`/images/${backup.body.image.id}`)).status, 204);
  assert.equal((await emu.delete('/images/114690387')).status, 403, 'a system image');
});

test('rescue lasts until the next boot, or an hour', async () => {
  const { text } = sshKey(scratch());
  const {
    body: { ssh_key: key },
  } = await emu.post('/ssh_keys', { name: 'rescuer', public_key: text });
  const { server } = await emu.server('sick', { ssh_keys: [key.id] });
  const rescue = async () => (await emu.get(`/servers/${server.id}`)).body.server.rescue_enabled;
  const enabled = await act(server.id, 'enable_rescue', { type: 'linux64', ssh_keys: [key.id] });
  assert.match(enabled.body.root_password, /^\w{20}$/);
  await emu.done(enabled.body.action);
  assert.equal(await rescue(), true);
  await acted(server.id, 'reboot');
  assert.equal(await rescue(), false);
  await acted(server.id, 'enable_rescue', {});
  await emu.tell('POST', '/clock', { advance: 3601 });
  assert.equal(await rescue(), false);
  const password = await act(server.id, 'reset_password');
  assert.match(password.body.root_password, /^\w{20}$/);
});

test("changes behind one's back: rename, power, move, delete", async () => {
  const { server } = await emu.server('drifting');
  const change = (body) => emu.tell('POST', `/servers/${server.id}/out_of_band`, body);
  await change({ do: 'rename', name: 'drifted' });
  await change({ do: 'power', on: false });
  const { body } = await emu.get('/servers?name=drifted');
  assert.equal(body.servers[0].status, 'off');
  await change({ do: 'move', project: 'two' });
  assert.equal((await emu.get(`/servers/${server.id}`)).status, 404);
  const moved = await emu.get(`/servers/${server.id}`, { token: emu.two });
  assert.equal(moved.body.server.public_net.ipv4.ip, server.public_net.ipv4.ip);
  await change({ do: 'delete' });
  assert.equal((await emu.get(`/servers/${server.id}`, { token: emu.two })).status, 404);
});
