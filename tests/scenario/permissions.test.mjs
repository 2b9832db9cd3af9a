// Who may do what: every action that exists, asked by every kind of person about objects of his own, of his projects
// and of others, against a table written from the rules and not from the code. Also: what each database role may touch.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { startStack } from '../lib/stack.mjs';

const MESSAGES = readFileSync(new URL('../../proto/messages.h', import.meta.url), 'utf8');

let stack;
const id = {};

// People: role and level of the grant on project "ours" (0: none). Nobody has a grant on "theirs".
const people = {
  admin: ['administrator', 0], manager0: ['technical_manager', 0], manager1: ['technical_manager', 1], manager2: ['technical_manager', 2],
  manager3: ['technical_manager', 3], agent0: ['technical_agent', 0], agent1: ['technical_agent', 1], agent2: ['technical_agent', 2],
  agent3: ['technical_agent', 3], sales0: ['sales_agent', 0], sales1: ['sales_agent', 1], sales3: ['sales_agent', 3],
};

const request = (name, project, requester, state = 'pending', euro = 4) => `INSERT INTO workflow.request (state, project, requester, name, client,
  server_type, location, image, server_minor, ipv4_minor, currency, priced_at, op, decided_by, decided_at, failure_step, failure_code, failure_text)
  VALUES ('${state}', ${project}, ${requester}, '${name}', 'Nordwind', 'cx23', 'fsn1', 'debian-12', ${euro * 100}, 0, 'EUR', now(), gen_random_uuid(),
  1, now(), 'ssh', 'x', 'x') RETURNING id`;

const make = async (key, statement) => {
  id[key] = Number(await stack.execute(statement));
};

before(async () => {
  stack = await startStack({ services: [], demo: false, emulator: false });
  for (const [name, [role]] of Object.entries(people))
    await make(name, `SELECT workflow.user_create('${name}', '${name}', '${name}@example.org', '${role}', '$argon2id$v=19$none')`);
  for (const [name, open] of [['ours', false], ['theirs', false], ['open', true], ['archived', true]])
    await make(name, `INSERT INTO workflow.project (name, created_by, manager_limit_minor, open_for_sales) VALUES ('${name}', ${id.admin}, 1000, ${open}) RETURNING id`);
  for (const [name, [, level]] of Object.entries(people))
    if (level) {
      await stack.execute(`SELECT workflow.project_grant_set(${id[name]}, ${id.ours}, ${level}, ${id.admin})`);
      await stack.execute(`SELECT workflow.project_grant_set(${id[name]}, ${id.archived}, ${level}, ${id.admin})`);
    }
  await stack.execute(`UPDATE workflow.project SET state = 'archived' WHERE id = ${id.archived}`);
  for (const project of ['ours', 'theirs']) {
    await make(`${project}.pending`, request(`p-${project}`, id[project], id.admin));
    await make(`${project}.dear`, request(`d-${project}`, id[project], id.admin, 'pending', 11));
    for (const state of ['approved', 'deploying', 'failed'])
      await make(`${project}.${state}`, request(`${state}-${project}`, id[project], id.admin, state));
    await make(`${project}.server`, `INSERT INTO hetzner.server (project, provider_id, name, lifecycle, status, server_type, location)
      VALUES (${id[project]}, 1, 's', 'managed', 'running', 'cx23', 'fsn1') RETURNING id`);
    await make(`${project}.run`, `INSERT INTO runner.run (op, attempt, request, project, server, name, address, playbook, purpose, timeout_s)
      VALUES (gen_random_uuid(), 1, 1, ${id[project]}, ${id[`${project}.server`]}, 's', '192.0.2.1', 'baseline', 'baseline', 60) RETURNING id`);
  }
  for (const name of Object.keys(people)) await make(`own.${name}`, request(`own-${name}`, id.theirs, id[name]));
});

after(() => stack?.stop());

const check = async (who, action, object) => {
  const verdict = await stack.value(`SELECT coalesce(authz.check(${id[who]}, workflow.user_generation(${id[who]}), '${action}', ${object}), 'yes') AS v`);
  return { yes: '+', forbidden: '-', not_found: '.' }[verdict] ?? verdict;
};

// + allowed, - known but forbidden, . as if it did not exist; one sign per person, in the order above.
//                                  admin | manager 0 1 2 3 | agent 0 1 2 3 | sales 0 1 3
const matrix = [
  ['self',              '0',              '+ ++++ ++++ +++'],
  ['project.create',    '0',              '+ ---- ---- ---'],
  ['project.token',     'ours',           '+ ---- ---- ---'],
  ['project.token',     'theirs',         '+ ---- ---- ---'],
  ['project.token',     'archived',       '- ---- ---- ---'],
  ['run.list',          '0',              '+ ++++ ++++ ---'],
  ['no.such.action',    '0',              '- ---- ---- ---'],
  ['project.view',      'ours',           '+ .+++ .+++ .++'],
  ['project.view',      'theirs',         '+ .... .... ...'],
  ['project.view',      'open',           '+ .... .... +++'],
  ['project.view',      'archived',       '+ .+++ .+++ .++'],
  ['request.create',    'ours',           '+ .-++ .--- .++'],
  ['request.create',    'theirs',         '+ .... .... ...'],
  ['request.create',    'open',           '+ .... .... +++'],
  ['request.create',    'archived',       '- .--- .--- .++'], // the service says that it is archived
  ['request.view',      'ours.pending',   '+ .+++ .... ...'],
  ['request.view',      'theirs.pending', '+ .... .... ...'],
  ['request.approve',   'ours.pending',   '- .--+ ---- ---'], // the administrator asked for it himself
  ['request.approve',   'ours.dear',      '- .--- ---- ---'],
  ['request.approve',   'theirs.pending', '- .... ---- ---'],
  ['request.reject',    'ours.pending',   '- .--+ ---- ---'],
  ['request.reject',    'ours.dear',      '- .--- ---- ---'],
  ['request.cancel',    'ours.pending',   '+ .--- .... ...'],
  ['request.cancel',    'ours.approved',  '+ .--+ .... ...'],
  ['request.cancel',    'ours.deploying', '+ .--+ .... ...'],
  ['request.cancel',    'theirs.deploying', '+ .... .... ...'],
  ['request.provision', 'ours.approved',  '+ .--+ ---- ---'],
  ['request.retry',     'ours.failed',    '+ .--+ ---- ---'],
  ['request.rollback',  'ours.failed',    '+ .--+ ---- ---'],
  ['request.rollback',  'theirs.failed',  '+ .... ---- ---'],
  ['server.view',       'ours.server',    '+ .+++ .+++ .++'],
  ['server.view',       'theirs.server',  '+ .... .... ...'],
  ['run.view',          'ours.run',       '+ .+++ .+++ ---'],
  ['run.view',          'theirs.run',     '+ .... .... ---'],
  ['run.cancel',        'ours.run',       '+ .-++ .--+ ---'],
  ['run.cancel',        'theirs.run',     '+ .... .... ---'],
];

for (const [action, object, expected] of matrix)
  test(`${action} on ${object}`, async () => {
    const got = [];
    for (const who of Object.keys(people)) got.push(await check(who, action, id[object] ?? 0));
    assert.equal(got.join(''), expected.replaceAll(' ', ''), Object.keys(people).join(' '));
  });

test('what does not exist looks like what belongs to others', async () => {
  for (const [action, object] of [['request.view', 'theirs.pending'], ['project.view', 'theirs'], ['server.view', 'theirs.server'], ['run.view', 'theirs.run']])
    for (const who of ['manager3', 'agent3', 'sales3'])
      assert.equal(await check(who, action, 999999), await check(who, action, id[object]), `${who} ${action}`);
  const say = (object) => stack.value(`SELECT api.request_get(${id.agent3}, 1, '{"id":"${object}"}')`).then(() => 'an answer', (e) => /ERROR: .*/.exec(e.message)[0]);
  assert.equal(await say(999999), await say(id['theirs.pending']));
});

test('everybody may see and take back his own pending request, and nobody may decide about it', async () => {
  for (const who of Object.keys(people)) {
    const own = id[`own.${who}`];
    assert.equal(await check(who, 'request.view', own), '+', who);
    assert.equal(await check(who, 'request.cancel', own), '+', who);
    assert.equal(await check(who, 'request.approve', own), '-', who);
    assert.equal(await check(who, 'request.reject', own), '-', who);
  }
});

test('every action has a rule for every role, and every command of a person has an action', async () => {
  const roles = ['administrator', 'sales_agent', 'technical_agent', 'technical_manager'];
  const rules = await stack.rows('SELECT action, array_agg(role ORDER BY role) AS roles FROM authz.rule GROUP BY action');
  for (const rule of rules) assert.deepEqual(rule.roles, roles, rule.action);
  const known = new Set(rules.map((rule) => rule.action));
  const commands = [...MESSAGES.matchAll(/^\s*M\(\w+,\s*"([\w.]+)",\s*COMMAND,[^"]*"([^"]+)"/gm)];
  assert.ok(commands.length > 10);
  for (const [, type, action] of commands) assert.ok(action === '-' || known.has(action), `${type} asks for ${action}`);
});

test('a session ends with the generation, the state and the role', async () => {
  const ask = (generation) => stack.value(`SELECT coalesce(authz.check(${id.sales0}, ${generation}, 'self', 0), 'yes') AS v`);
  assert.equal(await ask(1), 'yes');
  assert.equal(await ask(2), 'stale');
  await stack.execute(`UPDATE workflow."user" SET state = 'suspended' WHERE id = ${id.sales0}`);
  for (const generation of [1, 2, 3]) assert.equal(await ask(generation), 'stale', 'suspended');
  await stack.execute(`UPDATE workflow."user" SET state = 'active' WHERE id = ${id.sales0}`);
  assert.equal(await ask(1), 'stale', 'a session from before the suspension stays dead');
  assert.equal(await ask(3), 'yes');
  await stack.execute(`UPDATE workflow."user" SET role = 'technical_agent' WHERE id = ${id.sales0}`);
  assert.equal(await ask(3), 'stale', 'a session from before the change of role');
  await stack.execute(`UPDATE workflow."user" SET role = 'sales_agent' WHERE id = ${id.sales0}`);
  assert.equal(await stack.value("SELECT coalesce(authz.check(999999, 1, 'self', 0), 'yes') AS v"), 'stale', 'nobody');
});

test('an expired grant is as good as none, and a grant on one server opens that server only', async () => {
  await stack.execute(`UPDATE workflow.project_grant SET expires_at = now() - interval '1 s' WHERE user_id = ${id.manager3}`);
  assert.equal(await check('manager3', 'project.view', id.ours), '.');
  await stack.execute(`UPDATE workflow.project_grant SET expires_at = now() + interval '1 h' WHERE user_id = ${id.manager3}`);
  assert.equal(await check('manager3', 'project.view', id.ours), '+');
  await stack.execute(`INSERT INTO workflow.server_grant (user_id, server, level, granted_by) VALUES (${id.agent0}, ${id['theirs.server']}, 3, ${id.admin})`);
  assert.equal(await check('agent0', 'server.view', id['theirs.server']), '+');
  assert.equal(await check('agent0', 'run.cancel', id['theirs.run']), '+');
  assert.equal(await check('agent0', 'project.view', id.theirs), '.');
  assert.equal(await check('agent0', 'server.view', id['ours.server']), '.');
});

test('settings: agents may request, and a sole administrator may approve his own', async () => {
  const set = (key, value) => stack.execute(`UPDATE workflow.setting SET value = ${value} WHERE key = '${key}'`);
  await set('technical_agent_may_request', true);
  assert.deepEqual([await check('agent1', 'request.create', id.ours), await check('agent0', 'request.create', id.ours)], ['+', '.']);
  await set('technical_agent_may_request', false);
  await set('allow_sole_admin_self_approval', true);
  assert.equal(await check('admin', 'request.approve', id['own.admin']), '+');
  const second = await stack.execute("SELECT workflow.user_create('second', 'Second', 'second@example.org', 'administrator', '$argon2id$v=19$none')");
  assert.equal(await check('admin', 'request.approve', id['own.admin']), '-', 'there are two now');
  await stack.execute(`UPDATE workflow."user" SET state = 'suspended' WHERE id = ${second}`);
  await set('allow_sole_admin_self_approval', false);
  assert.equal(await check('admin', 'request.approve', id['own.admin']), '-');
});

test('lists show exactly what may be viewed one by one', async () => {
  for (const who of Object.keys(people)) {
    const generation = await stack.value(`SELECT workflow.user_generation(${id[who]})`);
    const list = await stack.value(`SELECT api.request_list(${id[who]}, ${generation}, '{"size":"100"}') AS j`);
    const all = await stack.rows('SELECT id FROM workflow.request ORDER BY id');
    const seen = [];
    for (const r of all) if (await check(who, 'request.view', r.id) === '+') seen.push(r.id);
    assert.deepEqual(list.items.map((i) => i.id).sort((a, b) => a - b), seen, who);
    assert.equal(list.total, seen.length, who);
    assert.equal(Object.values(list.counts).reduce((a, b) => a + b), seen.length, who);
    for (const item of list.items)
      assert.equal(item.can.approve, item.state === 'pending' && await check(who, 'request.approve', item.id) === '+', `${who} ${item.id}`);
  }
});

test('a sales agent sees of a server what it is called, how it is and whose it is, and no more', async () => {
  const server = id['ours.server'];
  await stack.execute(`UPDATE hetzner.server SET ipv4 = '198.51.100.7', ipv6 = '2001:db8::/64', server_minor = 349, ipv4_minor = 60, currency = 'EUR',
    request = ${id['ours.pending']} WHERE id = ${server}`);
  const list = (who, args = {}) => stack.value(`SELECT api.server_list(${id[who]}, 1, $1::jsonb)::json AS j`, [JSON.stringify(args)]);
  const get = (who) => stack.value(`SELECT api.server_get(${id[who]}, 1, '{"id":"${server}"}') AS j`);
  const search = async (who, q) => (await stack.value(`SELECT api.search(${id[who]}, 1, $1::jsonb) AS j`, [JSON.stringify({ q })])).servers;
  const shown = { project: { id: id.ours, name: 'ours' }, price: null, can: {}, id: server, version: 1, name: 's', state: 'managed', client: 'Nordwind' };
  for (const who of ['sales1', 'sales3']) {
    assert.deepEqual((await list(who)).items, [shown], who);
    assert.deepEqual(await get(who), shown, who);
    assert.deepEqual((await search(who, 's')).map((s) => [s.id, s.ipv4]), [[server, null]]);
    const hidden = await list(who, { q: '198.51' });
    assert.deepEqual([hidden.items, hidden.total, hidden.counts], [[], 0, {}], 'he cannot feel for the address');
    await assert.rejects(list(who, { sort: 'ipv4' }), /sort must be one of name, id, state, project/);
  }
  await stack.execute("UPDATE workflow.setting SET value = true WHERE key = 'sales_sees_costs'");
  assert.deepEqual(await get('sales1'), { ...shown, price: { server_minor: 349, ipv4_minor: 60, total_minor: 409, currency: 'EUR' } });
  await stack.execute("UPDATE workflow.setting SET value = false WHERE key = 'sales_sees_costs'");
  const all = (await list('agent1', { q: '198.51' })).items[0];
  assert.deepEqual(Object.keys(all).sort(), ['can', 'created_at', 'id', 'ipv4', 'ipv6', 'location', 'name', 'price', 'project', 'provider_status', 'request',
    'server_type', 'state', 'version']);
  assert.equal((await search('agent1', '198.51'))[0].ipv4, '198.51.100.7');
});

// Schema of each role's own tables; everything else is closed to it.
const roles = { sps_gateway: [], sps_workflow: ['workflow'], sps_hetzner: ['hetzner'], sps_runner: ['runner'], sps_notifier: ['notifier'] };

test('each service touches its own tables and no others, the gateway none', async () => {
  const tables = await stack.rows(`SELECT n.nspname AS schema, c.relname AS name, c.oid::int AS oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname IN ('workflow', 'hetzner', 'runner', 'notifier', 'bus', 'audit', 'authz', 'api')`);
  assert.ok(tables.length > 20);
  for (const [role, schemas] of Object.entries(roles)) {
    const may = await stack.rows(`SELECT o::int AS oid FROM unnest(ARRAY[${tables.map((t) => t.oid)}]::oid[]) o
      WHERE has_table_privilege('${role}', o, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')`);
    const open = tables.filter((t) => may.some((m) => m.oid === t.oid)).map((t) => `${t.schema}.${t.name}`);
    assert.deepEqual(open.sort(), tables.filter((t) => schemas.includes(t.schema)).map((t) => `${t.schema}.${t.name}`).sort(), role);
  }
});

test('the gateway can only call the reads, the journals and the look-ups', async () => {
  const open = await stack.rows(`SELECT n.nspname AS schema, p.proname AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname IN ('workflow', 'hetzner', 'runner', 'notifier', 'bus', 'audit', 'authz', 'api') AND has_function_privilege('sps_gateway', p.oid, 'EXECUTE')`);
  const bad = open.filter((f) => !(f.schema === 'api' || (f.schema === 'bus' && ['peers', 'command', 'result', 'me', 'beat', 'bye'].includes(f.name)) || f.name === 'submit'));
  assert.deepEqual(bad, []);
});

test('functions that cross schemas have a fixed search path and no right for everybody', async () => {
  const bad = await stack.rows(`SELECT n.nspname || '.' || p.proname AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname IN ('workflow', 'hetzner', 'runner', 'notifier', 'bus', 'audit', 'authz', 'api')
      AND ((p.prosecdef AND NOT coalesce(p.proconfig::text LIKE '%search_path=pg_catalog%', false))
        OR coalesce(array_to_string(p.proacl, ' ') ~ '(^| )=X', p.proacl IS NULL))`);
  assert.deepEqual(bad, []);
});
