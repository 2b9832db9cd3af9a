// The road of one request, from form to deployed server, and what must be true at its end.

import assert from 'node:assert/strict';

import { until } from './until.mjs';

let count = 0;

// Servers really boot only for root; everything before the SSH step can be tried without.
export const canBoot = process.getuid() === 0;
export const bootOptions = canBoot ? { boot: 'auto', scale: 0.1 } : { boot: 'none' };

export function requestBody(stack, extra = {}) {
  count += 1;
  return {
    project: stack.project,
    name: `web-${process.pid}-${count}`,
    client: 'Nordwind GmbH',
    server_type: 'cx23',
    location: 'fsn1',
    image: 'debian-12',
    usage: 'Shop front end',
    priority: 'normal',
    justification: 'The shop expects four times its usual traffic.',
    ...extra,
  };
}

export const submit = (sales, stack, extra) => sales.write('/requests', requestBody(stack, extra));

export const approve = (admin, request) => admin.write(`/requests/${request.id}/approve`, { version: request.version });

export const untilState = (client, id, states, timeout = 120000) =>
  until(`request ${id} to be ${states.join(' or ')}`, async () => {
    const request = await client.read(`/requests/${id}`);
    if (request.state === 'failed' && !states.includes('failed')) throw new Error(`it failed: ${JSON.stringify(request.failure)}`);
    return states.includes(request.state) && request;
  }, { timeout, every: 200 });

// Servers in the cloud that carry this request's operation label.
export async function serversOf(stack, id) {
  const op = await stack.value('SELECT op FROM workflow.request WHERE id = $1', [id]);
  const { servers } = await stack.cloud('/servers');
  return servers.filter((s) => (s.labels ?? {})['sps-op'] === op);
}

// Every line of a run's log, page by page, as a browser would read it.
export async function wholeLog(client, run) {
  const lines = [];
  for (let from = 1; ;) {
    const page = await client.read(`/runs/${run}/log?from=${from}&limit=200`);
    lines.push(...page.lines);
    if (!page.lines.length || page.next > page.last) return lines;
    from = page.next;
  }
}

// Every step was ended once, in its order, and written down when it was.
async function checkSteps(stack, request) {
  const written = await stack.rows("SELECT detail ->> 'step' AS step FROM audit.log WHERE object = $1 AND action = 'request.step' ORDER BY seq", [`request:${request.id}`]);
  assert.deepEqual(written.map((row) => row.step), request.steps.map((s) => (s.state === 'skipped' ? `${s.label}: not needed` : s.label)), 'one audit row for each step');
}

// Who is told of a request that the sales agent asked for and the administrator approved, and what of it by mail too.
const news = [
  { event: 'request.submitted', to: ['administrator', 'technical_manager'], mail: true },
  { event: 'request.approved', to: ['sales_agent'], mail: true },
  { event: 'request.deploying', to: ['sales_agent'], mail: false, again: true }, // once more for each retry
  { event: 'request.deployed', to: ['sales_agent', 'technical_manager'], mail: true },
];

// Each of them was told once, and no letter went out as two.
export async function checkTold(stack, request) {
  const starts = request.history.filter((h) => ['provision', 'retry'].includes(h.event)).length;
  const expected = news.flatMap(({ event, to, mail, again }) => to.flatMap((role) =>
    Array(again ? starts : 1).fill(`${event} ${stack.users[role].username} ${mail ? 'sent' : 'no mail'}`)));
  const seen = async () => (await stack.rows(`SELECT n.event, u.username, d.state, d.message_id FROM notifier.notification n
    JOIN workflow."user" u ON u.id = n.user_id LEFT JOIN notifier.delivery d ON d.notification = n.id
    WHERE n.link = $1 AND n.event = ANY ($2::text[])`, [`/requests/${request.id}`, `{${news.map((n) => n.event)}}`]));
  const rows = await until('everybody to be told and every letter to be sent', async () => {
    const now = await seen();
    return now.length >= expected.length && now.every((row) => row.state === null || row.state === 'sent') && now;
  });
  assert.deepEqual(rows.map((row) => `${row.event} ${row.username} ${row.state ?? 'no mail'}`).sort(), expected.sort());

  const letters = stack.mail.messages.filter((m) => m.data.includes(`/requests/${request.id}\r\n`));
  const header = (m, name) => new RegExp(`^${name}: (.*(?:\r\n .*)*)`, 'm').exec(m.data)[1];
  const ids = new Map();
  for (const letter of letters) {
    const which = `${letter.to} ${header(letter, 'Subject')}`;
    ids.set(which, (ids.get(which) ?? new Set()).add(header(letter, 'Message-ID')));
  }
  for (const [which, of] of ids) assert.equal(of.size, 1, `${which} went out under ${of.size} Message-IDs`);
  for (const { message_id: id } of rows.filter((row) => row.message_id))
    assert.ok(letters.some((m) => header(m, 'Message-ID').includes(id)), `a letter with the Message-ID ${id}`);
}

// The promises of the road, whatever happened on the way.
export async function checkDeployed(stack, client, id) {
  const request = await client.read(`/requests/${id}`);
  assert.equal(request.state, 'deployed');
  assert.equal(request.progress, 100);
  assert.equal((await serversOf(stack, id)).length, 1, 'exactly one server carries the operation');
  for (const step of request.steps) assert.ok(['done', 'skipped'].includes(step.state), `${step.step} is ${step.state}`);

  const transitions = await stack.rows("SELECT action, count(*)::int AS n FROM audit.log WHERE object = $1 AND outcome = 'ok' GROUP BY 1", [`request:${id}`]);
  const once = Object.fromEntries(transitions.map((t) => [t.action, t.n]));
  for (const action of ['request.submit', 'request.approve'])
    assert.equal(once[action], 1, `one audit row for ${action}: ${JSON.stringify(once)}`);
  await checkSteps(stack, request);
  const events = request.history.map((h) => `${h.event}:${h.from}>${h.to}`);
  assert.equal(new Set(request.history.map((h) => h.seq)).size, request.history.length);
  assert.equal(request.history.filter((h) => h.to === 'deployed' && h.from === 'deploying').length, 1, events.join(' '));

  const reservations = await stack.rows('SELECT state FROM workflow.reservation WHERE request = $1', [id]);
  assert.deepEqual(reservations, [{ state: 'committed' }]);

  const lines = await wholeLog(client, request.run.id);
  assert.ok(lines.length > 10, `${lines.length} lines`);
  assert.deepEqual(lines.map((l) => l.seq), lines.map((_, i) => i + 1), 'the log has no gap');
  assert.match(lines.map((l) => l.text).join('\n'), /PLAY RECAP/);
  await checkTold(stack, request);
  return request;
}
