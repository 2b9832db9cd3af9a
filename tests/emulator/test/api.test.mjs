import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { code, Emulator, judge, newToken, scratch, sshKey } from './support.mjs';

let emu;
before(async () => {
  emu = await Emulator.start();
});
after(async () => {
  await emu.stop();
});

test('the route is matched before the token, and the token before the method', async () => {
  const unknown = await emu.get('/nothing', { token: null });
  assert.deepEqual(
    [unknown.status, unknown.body],
    [404, { error: { code: 'not_found', message: 'api route not found', details: null } }],
  );
  assert.match(unknown.text, /^\{\n {2}"error"/);
  assert.equal(unknown.headers.get('content-type'), 'application/json; charset=UTF-8');

  const without = await emu.get('/servers', { token: null });
  assert.deepEqual([without.status, without.body.error.message], [401, 'token is required']);
  const wrong = await emu.get('/servers', { token: newToken() });
  assert.deepEqual(
    [wrong.status, wrong.body.error.message],
    [401, 'the token you have provided is invalid'],
  );
  assert.equal((await emu.api('DELETE', '/servers', { token: null })).status, 401);
  assert.equal((await emu.api('DELETE', '/servers')).status, 405);
});

test('a read-only token reads and does not write', async () => {
  assert.equal((await emu.get('/servers', { token: emu.ro })).status, 200);
  const refused = await emu.post('/servers', {}, { token: emu.ro });
  assert.deepEqual([refused.status, code(refused)], [401, 'token_readonly']);
});

test('every answer carries the rate limit and a correlation id', async () => {
  const { headers } = await emu.get('/locations');
  assert.equal(headers.get('ratelimit-limit'), '3600');
  assert.match(headers.get('x-correlation-id'), /^[0-9a-f]{15,32}$/);
  assert.equal(headers.get('etag'), null);
});

test('the catalogue has the shape of today', async () => {
  const {
    body: { server_types: types },
  } = await emu.get('/server_types?per_page=50');
  const cx33 = types.find(({ name }) => name === 'cx33');
  assert.equal(cx33.prices[0].price_monthly.net, '5.4900');
  assert.equal(cx33.prices[0].price_monthly.gross, '6.5331000000000000');
  assert.equal(cx33.locations.length, 3);
  assert.equal(typeof cx33.locations[0].available, 'boolean');
  const cx22 = types.find(({ name }) => name === 'cx22');
  assert.equal(cx22.locations[0].available, false);
  assert.ok(cx22.deprecation.announced);

  assert.equal((await emu.get('/locations/1')).body.location.name, 'fsn1');
  assert.equal((await emu.get('/locations?name=hel1')).body.locations.length, 1);
  const {
    body: { pricing },
  } = await emu.get('/pricing');
  assert.equal(pricing.vat_rate, '19.00');
  assert.equal(pricing.traffic, undefined);
  const {
    body: { images },
  } = await emu.get('/images?name=debian-12&architecture=arm');
  assert.deepEqual(
    images.map(({ architecture }) => architecture),
    ['arm'],
  );
  for (const path of [
    'volumes',
    'networks',
    'firewalls',
    'floating_ips',
    'placement_groups',
    'isos',
    'primary_ips',
    'load_balancers',
    'load_balancer_types',
    'certificates',
    'ssh_keys',
  ]) {
    assert.equal((await emu.get(`/${path}`)).status, 200, path);
  }
});

test('datacenters and actions without ids are gone', async () => {
  for (const path of ['/datacenters', '/datacenters/4', '/actions']) {
    const answer = await emu.get(path);
    assert.deepEqual([answer.status, code(answer)], [410, 'deprecated_api_endpoint'], path);
    assert.ok(answer.body.error.details.announcement);
  }
});

test('the flat deprecated field can be switched off', async () => {
  await emu.tell('PUT', '/settings', { deprecated_field: false });
  const type = await fetch(`${emu.endpoint}/server_types/114`, {
    headers: { authorization: `Bearer ${emu.rw}` },
  });
  assert.equal('deprecated' in (await type.json()).server_type, false);
  await emu.tell('PUT', '/settings', { deprecated_field: true });
});

test('SSH keys are made, found, changed and deleted', async () => {
  const { text } = sshKey(scratch());
  const made = await emu.post('/ssh_keys', {
    name: 'laptop',
    public_key: text,
    labels: { 'a.b/c': 'd' },
  });
  assert.equal(made.status, 201);
  const { ssh_key: key } = made.body;
  assert.match(key.fingerprint, /^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);

  const again = await emu.post('/ssh_keys', { name: 'laptop', public_key: sshKey(scratch()).text });
  assert.deepEqual(
    [again.status, code(again), again.body.error.details.fields[0].name],
    [409, 'uniqueness_error', 'name'],
  );
  const same = await emu.post('/ssh_keys', { name: 'other', public_key: text });
  assert.deepEqual([same.status, code(same)], [409, 'uniqueness_error']);
  const bad = await emu.post('/ssh_keys', { name: 'bad', public_key: 'ssh-ed25519 nonsense' });
  assert.deepEqual(
    [bad.status, bad.body.error.message.startsWith("invalid input in field 'public_key'")],
    [422, true],
  );

  assert.equal((await emu.get(`/ssh_keys?fingerprint=${key.fingerprint}`)).body.ssh_keys.length, 1);
  assert.equal(
    (await emu.put(`/ssh_keys/${key.id}`, { name: 'desk', labels: {} })).body.ssh_key.name,
    'desk',
  );
  assert.equal(
    (await emu.get(`/ssh_keys/${key.id}`, { token: emu.two })).status,
    404,
    'another project',
  );
  assert.equal((await emu.delete(`/ssh_keys/${key.id}`)).status, 204);
  assert.equal((await emu.get(`/ssh_keys/${key.id}`)).status, 404);
});

test('bodies are strict about names and tolerant about types', async () => {
  const unknown = await emu.post('/servers', { name: 'x', labelkey: 1 });
  assert.deepEqual(
    [unknown.status, unknown.body.error.message],
    [422, "invalid input: unknown field name 'labelkey'"],
  );
  const missing = await emu.post('/servers', { name: 'x' });
  assert.equal(missing.body.error.message, "invalid input in fields 'server_type', 'image'");
  assert.deepEqual(
    missing.body.error.details.fields.map(({ name }) => name),
    ['server_type', 'image'],
  );
  const broken = await emu.api('POST', '/servers', {
    raw: '{"name":',
    headers: { 'content-type': 'application/json' },
  });
  assert.deepEqual([broken.status, code(broken)], [400, 'json_error']);
  const labels = await emu.post('/servers', {
    name: 'x',
    server_type: 114,
    image: 'debian-12',
    labels: { 'a b': '' },
  });
  assert.equal(code(labels), 'invalid_input');
  const tolerant = await emu.post('/servers', {
    name: 'tolerant',
    server_type: 114,
    image: 114690387,
    location: '2',
    user_data: null,
    labels: {},
    firewalls: [],
  });
  assert.equal(tolerant.status, 201);
  assert.equal(tolerant.body.server.location.name, 'nbg1');
  const empty = await emu.api(
    'POST',
    `/servers/${tolerant.body.server.id}/actions/change_protection`,
  );
  assert.equal(empty.status, 201, 'an empty body without a content type');
});

test('lists: pages, links, sort, filters, label selectors', async () => {
  await emu.tell('POST', '/projects', {
    name: 'many',
    tokens: [{ token: 'm'.repeat(64) }],
    fill: 120,
  });
  const options = { token: 'm'.repeat(64) };
  const first = await emu.get('/servers?per_page=50&sort=id:asc', options);
  assert.deepEqual(first.body.meta.pagination, {
    page: 1,
    per_page: 50,
    previous_page: null,
    next_page: 2,
    last_page: 3,
    total_entries: 120,
  });
  assert.equal(
    first.headers.get('link'),
    `<${emu.endpoint}/servers?per_page=50&sort=id%3Aasc&page=2>; rel=next, ` +
      `<${emu.endpoint}/servers?per_page=50&sort=id%3Aasc&page=3>; rel=last`,
  );
  const third = await emu.get('/servers?per_page=50&page=3', options);
  assert.deepEqual([third.body.servers.length, third.body.meta.pagination.next_page], [20, null]);
  assert.equal((await emu.get('/servers', options)).body.servers.length, 25, 'default');
  assert.equal(
    (await emu.get('/servers?per_page=500', options)).body.servers.length,
    50,
    'at most',
  );
  assert.equal((await emu.get('/servers?page=0', options)).status, 422);
  assert.equal((await emu.get('/servers?page=99', options)).body.servers.length, 0);

  const names = (await emu.get('/servers?per_page=50&sort=name:desc', options)).body.servers.map(
    ({ name }) => name,
  );
  assert.deepEqual(names, [...names].sort().reverse());
  assert.equal((await emu.get('/servers?sort=updated', options)).status, 422);
  assert.equal(
    (await emu.get('/server_types?sort=id:asc', options)).status,
    200,
    'sort where there is none',
  );
  assert.equal((await emu.get('/servers?unknown=1', options)).status, 200);

  const count = async (query) =>
    (await emu.get(`/servers?${query}`, options)).body.meta.pagination.total_entries;
  const labels = (text) => count(`label_selector=${encodeURIComponent(text)}`);
  assert.equal(await labels('role==web'), 20);
  assert.equal(await labels('role=web,fill'), 20);
  assert.equal(await labels('role in (web, db),fill=true'), 40);
  assert.equal(await labels('role notin (web,db)'), 80);
  assert.equal(await labels('role!=web'), 100);
  assert.equal(await labels('!role'), 0);
  assert.equal(
    (await emu.get(`/servers?label_selector=${encodeURIComponent('a b c')}`, options)).status,
    422,
  );
  assert.equal(await count('status=running&status=off'), 120);
  assert.equal(await count('status=off'), 0);
  assert.equal(await count(`name=${names[3]}`), 1);

  await emu.tell('PUT', '/settings', { total_entries: false, page_cap: 10 });
  const unknown = (await emu.get('/servers?per_page=50', options)).body.meta.pagination;
  assert.deepEqual(
    [unknown.per_page, unknown.last_page, unknown.total_entries, unknown.next_page],
    [10, null, null, 2],
  );
  await emu.tell('PUT', '/settings', { total_entries: true, page_cap: 50 });
});

test('metrics: nine series, values as text, bounded samples', async () => {
  const { server } = await emu.server('metered');
  await emu.tell('POST', '/clock', { advance: 86_400 });
  const { now } = await emu.tell('GET', '/clock');
  const range = (hours) =>
    `start=${new Date(Date.parse(now) - hours * 3_600_000).toISOString()}&end=${now}`;
  const { body } = await emu.get(
    `/servers/${server.id}/metrics?type=cpu,disk,network&${range(24)}`,
  );
  const series = body.metrics.time_series;
  assert.deepEqual(Object.keys(series), [
    'cpu',
    'disk.0.iops.read',
    'disk.0.iops.write',
    'disk.0.bandwidth.read',
    'disk.0.bandwidth.write',
    'network.0.pps.in',
    'network.0.pps.out',
    'network.0.bandwidth.in',
    'network.0.bandwidth.out',
  ]);
  assert.ok(series.cpu.values.length > 100 && series.cpu.values.length <= 200);
  assert.equal(typeof series.cpu.values[0][1], 'string');
  const raised = await emu.get(`/servers/${server.id}/metrics?type=cpu&step=1&${range(24)}`);
  assert.ok(
    raised.body.metrics.step > 1 && raised.body.metrics.time_series.cpu.values.length <= 500,
  );
  assert.equal((await emu.get(`/servers/${server.id}/metrics?type=cpu`)).status, 422);
});

test('the journal holds what was asked, never a token', async () => {
  await emu.tell('DELETE', '/journal');
  await emu.post('/servers', {
    name: '-bad-',
    server_type: 'cx23',
    image: 'debian-12',
    user_data: '#cloud-config',
  });
  const {
    entries: [entry],
  } = await emu.tell('GET', '/journal?method=POST');
  assert.deepEqual(
    [entry.path, entry.project, entry.access, entry.status],
    ['/servers', 'one', 'rw', 422],
  );
  assert.equal(entry.body.user_data, '#cloud-config');
  assert.equal(JSON.stringify(entry).includes(emu.rw), false);
});

test('the admin API refuses web pages', async () => {
  const answer = await fetch(`${emu.admin}/servers`, { headers: { origin: 'http://example.com' } });
  assert.equal(answer.status, 403);
});

const NOT_JUDGED = "SPS_HCLOUD_SPEC IS NOT SET: NO ANSWER WAS HELD AGAINST HETZNER'S OPENAPI FILE";

test(
  "Hetzner's OpenAPI file judges the answers, and sees faults",
  { skip: judge.active ? false : NOT_JUDGED },
  async () => {
    assert.ok(judge.seen.count > 60, `only ${judge.seen.count} answers judged`);
    const { body } = await emu.get('/servers');
    const spoil = (change) => {
      const copy = structuredClone(body);
      change(copy.servers[0]);
      return judge.check('GET', '/servers', 200, copy);
    };
    assert.equal(
      spoil(() => {}),
      null,
    );
    assert.match(
      spoil((server) => {
        delete server.locked;
      }),
      /required property 'locked'/,
    );
    assert.match(
      spoil((server) => {
        server.status = 'sleeping';
      }),
      /allowed values/,
    );
    assert.match(
      spoil((server) => {
        server.id = '7';
      }),
      /must be integer/,
    );
    assert.match(
      spoil((server) => {
        server.created = 'yesterday';
      }),
      /date-time/,
    );
    assert.match(judge.check('GET', '/servers', 301, {}), /status 301/);
  },
);
