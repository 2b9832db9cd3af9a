// Who is told what, in the portal, live and by mail; and what happens to letters when mail servers misbehave.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startStack, until } from '../lib/stack.mjs';

let stack;
let ada; // administrator
let max; // technical manager of the demo project, may approve small requests
let sam; // sales agent
const refuse = new Map(); // address → what the mail server answers; 'kept' → called after a letter was kept
let serial = 0;

const request = async (who = sam, extra = {}) =>
  who.write('/requests', { project: stack.project, name: `web-${++serial}`, client: 'Nordwind GmbH', server_type: 'cx23', location: 'fsn1', ...extra });

const notices = async (who, query = '') => (await who.read(`/notifications${query}`)).items;
const about = (id, event) => (n) => n.link === `/requests/${id}` && n.event === event;
const told = (who, id, event) => until(`${event} of request ${id} to be told`, async () => (await notices(who)).find(about(id, event)));
const letters = (address, text) => stack.mail.messages.filter((m) => m.to.includes(address) && m.data.includes(text));
const letterTo = (address, text) => until(`a letter to ${address} about ${text}`, () => letters(address, text)[0]);

// The outbox row of the letter to this person about this event of this request.
const delivery = async (username, event, id) => (await stack.rows(
  `SELECT d.* FROM notifier.delivery d JOIN notifier.notification n ON n.id = d.notification
     JOIN workflow."user" u ON u.id = n.user_id WHERE u.username = $1 AND n.event = $2 AND n.link = $3`,
  [username, event, `/requests/${id}`]))[0];
const deliveryIs = (state, ...which) => until(`the letter to be ${state}`, async () => (await delivery(...which))?.state === state && delivery(...which));

before(async () => {
  stack = await startStack({
    mail: { rcpt: (address) => refuse.get(address)?.(), kept: (message) => refuse.get('kept')?.(message) },
  });
  [ada, max, sam] = await Promise.all(['administrator', 'technical_manager', 'sales_agent'].map((role) => stack.client(role)));
});

after(() => stack?.stop());

test('a new request is told to those who may decide about it, and to nobody else', async () => {
  const { id, name } = await request();
  const notice = await told(ada, id, 'request.submitted');
  assert.equal(notice.title, `Sam Sales asks for the server ${name}`);
  assert.match(notice.body, /for Nordwind GmbH/);
  assert.equal(notice.read_at, null);
  await told(max, id, 'request.submitted');
  const letter = await letterTo('ada@example.org', name);
  await letterTo('max@example.org', name);
  assert.ok(letter.data.includes(`${stack.url}/requests/${id}`), 'the letter has the link');
  assert.equal(letter.from, 'portal@example.org');
  assert.equal(letters('sam@example.org', name).length, 0);
  assert.equal(letters('tina@example.org', name).length, 0);
  assert.equal((await notices(sam)).filter((n) => n.link === `/requests/${id}`).length, 0);
});

test('a rejected request tells the requester why', async () => {
  const { id, version, name } = await request();
  await ada.write(`/requests/${id}/reject`, { version, reason: 'Größer als nötig: please take the small one.' });
  const notice = await told(sam, id, 'request.rejected');
  assert.equal(notice.severity, 'warning');
  assert.match(notice.body, /^Ada Admin rejected the server .* The reason: Größer als nötig: please take the small one\.$/);
  await letterTo('sam@example.org', `request for ${name} was rejected`);
});

test('a name or reason cannot put a header into a letter', async () => {
  const { id, version } = await request(sam, { client: 'Bcc: thief@example.net' });
  await ada.write(`/requests/${id}/reject`, { version, reason: 'no\nBcc: thief@example.net\n\nX: y' });
  await deliveryIs('sent', 'sam', 'request.rejected', id);
  const { data: text, to } = stack.mail.messages.at(-1);
  assert.deepEqual(to, ['sam@example.org']);
  assert.doesNotMatch(text.split('\r\n\r\n')[0], /^Bcc:/m);
});

test('reading: one, then all; nobody reads for another', async () => {
  const mine = await notices(sam, '?state=unread');
  assert.ok(mine.length >= 2);
  assert.equal((await sam.read('/session')).unread, mine.length);
  const foreign = await max.post(`/notifications/${mine[0].id}/read`);
  assert.equal(foreign.status, 404);
  const read = await sam.write(`/notifications/${mine[0].id}/read`);
  assert.ok(read.read_at);
  assert.equal((await sam.read('/notifications?state=unread')).counts.unread, mine.length - 1);
  await sam.write('/notifications/read-all');
  const page = await sam.read('/notifications?state=unread');
  assert.equal(page.total, 0);
  assert.equal((await sam.read('/session')).unread, 0);
});

test('an open window hears of it at once', async () => {
  const live = await ada.live();
  live.send({ op: 'sub', topic: 'me' });
  await until('the subscription', () => live.messages.some((m) => m.op === 'subscribed'));
  const { id } = await request();
  const frame = await until('a live frame', () => live.messages.find((m) => m.kind === 'notification'));
  assert.equal((await notices(ada)).find((n) => n.id === frame.id).link, `/requests/${id}`);
  assert.ok(frame.unread >= 1);
  live.close();
});

test('an event that arrives twice is told once', async () => {
  const { id } = await request();
  const { id: notice } = await told(ada, id, 'request.submitted');
  const event = await stack.value('SELECT event_id FROM notifier.notification WHERE id = $1', [notice]);
  await stack.execute('UPDATE notifier.inbox SET state = 0, done_at = NULL WHERE id = $1', [event]);
  await until('it to be handled again', async () => (await stack.value('SELECT state FROM notifier.inbox WHERE id = $1', [event])) === 2);
  assert.equal((await notices(ada)).filter(about(id, 'request.submitted')).length, 1);
});

test('a mail server that says "later" gets it later, and the Message-ID stays', async () => {
  let tries = 0;
  refuse.set('max@example.org', () => (++tries <= 2 ? '451 4.3.0 later' : undefined));
  const { id, name } = await request();
  const row = await deliveryIs('sent', 'max', 'request.submitted', id);
  refuse.clear();
  assert.equal(row.tries, 3);
  assert.match((await letterTo('max@example.org', name)).data, new RegExp(`Message-ID: <${row.message_id}@example.org>`));
});

test('an address the mail server refuses for good is not tried again; its owner reads why in the portal', async () => {
  refuse.set('max@example.org', () => '550 5.1.1 no such user');
  const { id } = await request();
  const row = await deliveryIs('dead', 'max', 'request.submitted', id);
  assert.equal(row.tries, 1);
  const notice = await until('a notice', async () => (await notices(max)).find((n) => n.event === 'mail.undelivered'));
  assert.match(notice.body, /550/);
  await deliveryIs('sent', 'ada', 'request.submitted', id);
  refuse.clear();
});

test('a mail server that is away for a while loses nothing', async () => {
  refuse.set('ada@example.org', () => 'drop');
  const { id } = await request();
  await until('some tries', async () => (await delivery('ada', 'request.submitted', id))?.tries >= 2);
  refuse.clear();
  await deliveryIs('sent', 'ada', 'request.submitted', id);
});

test('killed between the mail server\'s yes and the record, it sends once more with the same Message-ID', async () => {
  let killed = false;
  refuse.set('kept', (message) => {
    if (killed || !message.to.includes('ada@example.org')) return undefined;
    killed = true;
    stack.services.notifier.killGroup();
    return 'drop';
  });
  const { id, name } = await request();
  await until('the notifier to be killed', () => !stack.services.notifier.running);
  stack.services.notifier.start();
  await deliveryIs('sent', 'ada', 'request.submitted', id);
  refuse.clear();
  const ids = letters('ada@example.org', name).map((m) => /^Message-ID: (.*)$/m.exec(m.data)[1]);
  assert.equal(ids.length, 2);
  assert.equal(ids[0], ids[1]);
});

test('a letter that was claimed without our hearing of it waits again, and one that is being sent does not', async () => {
  const me = await until('the replica', () => stack.value("SELECT id FROM bus.instance WHERE service = 'notifier' AND bus.alive(id)"));
  let slow = 0;
  refuse.set('ada@example.org', () => { // longer than the notifier looks for abandoned letters
    slow += 1;
    return new Promise((resolve) => setTimeout(resolve, 5000));
  });
  refuse.set('max@example.org', () => '451 4.3.0 later');
  const { id, name } = await request();
  await until('a try', async () => (await delivery('max', 'request.submitted', id))?.tries >= 1);
  const { id: letter } = await delivery('max', 'request.submitted', id);
  // what a claim leaves whose COMMIT was not answered: the database knows of it, the replica does not
  await until('the letter to be claimed', async () => (await stack.execute(
    `UPDATE notifier.delivery SET state = 'sending', owner = '${me}', tries = tries + 1 WHERE id = ${letter} AND state = 'waiting' RETURNING id`)).trim());
  refuse.delete('max@example.org');
  await deliveryIs('sent', 'max', 'request.submitted', id);
  await deliveryIs('sent', 'ada', 'request.submitted', id);
  assert.equal(slow, 1);
  assert.equal(letters('ada@example.org', name).length, 1);
  refuse.clear();
});

test('names of any alphabet and length are told and written whole', async () => {
  const lin = { username: 'lin', password: 'correct horse battery lin' };
  const long = '林'.repeat(120);
  await stack.spsctl(['user', 'add', '--username', lin.username, '--name', long, '--email', 'lin@example.org', '--role', 'sales_agent'], { input: lin.password });
  const { id, name } = await request(await stack.client(lin), { client: '客'.repeat(120) });
  const notice = await told(ada, id, 'request.submitted');
  assert.equal(notice.title, `${long} asks for the server ${name}`);
  assert.ok(notice.body.includes('客'.repeat(120)));
  await deliveryIs('sent', 'ada', 'request.submitted', id);
});

test('who has lost access gets no letter any more', async () => {
  refuse.set('max@example.org', () => '451 4.3.0 later');
  const { id } = await request();
  await until('a try', async () => (await delivery('max', 'request.submitted', id))?.tries >= 1);
  await stack.execute(`DELETE FROM workflow.project_grant WHERE user_id = (SELECT id FROM workflow."user" WHERE username = 'max')`);
  refuse.clear();
  await deliveryIs('skipped', 'max', 'request.submitted', id);
});
