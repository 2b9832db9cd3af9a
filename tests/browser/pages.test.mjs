// How pages behave under a person's hands: what was typed, folded or scrolled stays, nobody is thrown to another page,
// rows do not lie, and a log can be read without a mouse.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { submit } from '../lib/road.mjs';
import { startStack, until } from '../lib/stack.mjs';
import { axe, openBrowser, openWindow, shot, signIn } from './browser.mjs';

let stack, browser, who, page, client;

before(async () => {
  stack = await startStack();
  browser = await openBrowser();
  who = await openWindow(browser, stack.url);
  page = who.page;
  await signIn(who, stack.users.administrator);
  client = await stack.client('administrator');
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

beforeEach(async () => {
  await page.unrouteAll();
});

const clean = async (what) => {
  assert.deepEqual(await axe(who), [], what);
  assert.deepEqual(who.complaints, [], what);
};

const answer = (status, body) => ({ status, contentType: 'application/json', body: JSON.stringify(body) });
const path = () => new URL(page.url()).pathname;

async function fillRequest(name) {
  await page.goto(`${stack.url}/requests/new`);
  await page.getByLabel('Project').selectOption({ label: 'Demo' });
  await page.getByLabel('Client').fill('Nordwind GmbH');
  await page.getByRole('radio', { name: /Falkenstein/ }).check({ force: true });
  await page.getByRole('radio', { name: /^CX23/i }).check({ force: true });
  await page.getByLabel('Server name').fill(name);
}

// ---- addresses ---------------------------------------------------------------------------------

test('"Skip to content" moves the focus and leaves the page as it is', async () => {
  await page.goto(`${stack.url}/projects`);
  await page.getByRole('button', { name: 'New project…' }).waitFor();
  await page.evaluate(() => { document.querySelector('main').dataset.same = 'yes'; document.querySelector('.page-head').dataset.same = 'yes'; });
  await page.getByRole('searchbox').fill('nothing like this');
  await page.waitForURL(/q=nothing/);
  await page.getByText('No match').waitFor();
  await page.evaluate(() => { window.asked = performance.getEntriesByType('resource').filter((e) => e.name.includes('/api/')).length; });
  await page.locator('a.skip').focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/#main$/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  assert.equal(await page.getByRole('searchbox').inputValue(), 'nothing like this');
  assert.equal(await page.locator('.page-head').getAttribute('data-same'), 'yes');
  assert.equal(await page.evaluate(() => performance.getEntriesByType('resource').filter((e) => e.name.includes('/api/')).length - window.asked), 0, 'nothing is fetched again');
  await page.goBack(); // the fragment goes, the page stays
  assert.equal(await page.getByRole('searchbox').inputValue(), 'nothing like this');
  await page.getByRole('link', { name: 'Servers', exact: true }).click();
  await page.getByRole('heading', { name: 'Servers', exact: true }).waitFor();
  await page.goBack();
  await page.getByRole('heading', { name: 'Projects', exact: true }).waitFor();
});

// ---- what comes back late ----------------------------------------------------------------------

// The service is busy: it takes the command, and does it when the test says so.
async function busyService(result) {
  let command = { state: 'ready' };
  await page.route('**/api/v1/requests', (route) => (route.request().method() === 'POST' ? route.fulfill(answer(202, { command: 'c1' })) : route.continue()));
  await page.route('**/api/v1/commands/c1', (route) => route.fulfill(answer(200, command)));
  return () => { command = result; };
}

test('whoever goes elsewhere while a request is being taken stays there, and is told', async () => {
  await fillRequest('web-late');
  const done = await busyService({ state: 'done', result: { id: 4711, name: 'web-late' } });
  await page.getByRole('button', { name: 'Send request' }).click();
  await page.getByText('Accepted. The service is busy').waitFor();
  await page.getByRole('link', { name: 'Servers', exact: true }).click();
  await page.getByRole('heading', { name: 'Servers', exact: true }).waitFor();
  done();
  await page.getByText('Request #4711 is sent.').waitFor();
  assert.equal(path(), '/servers');
  assert.equal(await page.getByRole('link', { name: 'Look at it' }).getAttribute('href'), '/requests/4711');
  await page.goto(`${stack.url}/requests/new`);
  assert.equal(await page.getByLabel('Server name').inputValue(), '', 'what is sent is not offered again');
});

test('whoever waits is taken to the new request', async () => {
  const { id } = await submit(client, stack);
  await fillRequest('web-waits');
  const done = await busyService({ state: 'done', result: { id } });
  await page.getByRole('button', { name: 'Send request' }).click();
  await page.getByText('Accepted. The service is busy').waitFor();
  done();
  await page.waitForURL(`${stack.url}/requests/${id}`);
});

test('what was accepted and then refused can be mended', async () => {
  await fillRequest('web-refused');
  const done = await busyService({ state: 'failed', error: { detail: 'The name is taken.' } });
  await page.getByRole('button', { name: 'Send request' }).click();
  await page.getByText('Accepted. The service is busy').waitFor();
  await page.getByRole('link', { name: 'Servers', exact: true }).click();
  done();
  await page.getByText('Your request was not sent: The name is taken.').waitFor();
  assert.equal(path(), '/servers');
  await page.goto(`${stack.url}/requests/new`);
  assert.equal(await page.getByLabel('Server name').inputValue(), 'web-refused');
});

// ---- lists -------------------------------------------------------------------------------------

test('while new rows wait, a row that has left the filter is gone', async () => {
  const leaves = await submit(client, stack);
  const stays = await submit(client, stack);
  await page.goto(`${stack.url}/requests?state=pending`);
  await page.getByRole('link', { name: leaves.name }).waitFor();
  const fresh = await submit(client, stack);
  await page.getByRole('button', { name: 'Show 1 new request' }).waitFor();
  assert.equal(await page.getByRole('link', { name: leaves.name }).count(), 1);
  await client.write(`/requests/${leaves.id}/cancel`, { version: leaves.version });
  await page.getByRole('link', { name: leaves.name }).waitFor({ state: 'detached' });
  assert.equal(await page.getByRole('link', { name: stays.name }).count(), 1);
  assert.equal(await page.getByRole('link', { name: fresh.name }).count(), 0, 'nothing moves in by itself');
  await shot(who, 'requests-fresh-1440');
  await page.getByRole('button', { name: 'Show 1 new request' }).click();
  await page.getByRole('link', { name: fresh.name }).waitFor();
});

test('a list that many people change is read once a second', async () => {
  await page.goto(`${stack.url}/requests`);
  await page.getByRole('heading', { name: 'Requests', exact: true }).waitFor();
  let reads = 0;
  page.on('request', (rq) => { if (/\/api\/v1\/requests\?.*sort=created_at/.test(rq.url())) reads += 1; });
  await until('the list to follow', async () => {
    await stack.redisCommand('PUBLISH', 'live:requests', JSON.stringify({ topic: 'requests', kind: 'changed' }));
    return reads > 0;
  });
  reads = 0;
  for (let i = 0; i < 30; i++) {
    await stack.redisCommand('PUBLISH', 'live:requests', JSON.stringify({ topic: 'requests', kind: 'changed' }));
    await new Promise((resolve) => setTimeout(resolve, 70));
  }
  assert.ok(reads >= 1 && reads <= 4, `${reads} reads`);
});

test('search, filter, sort and page of every list live in its address', async () => {
  for (const [list, change] of [['requests', 'state=cancelled'], ['runs', 'state=failed'], ['servers', 'q=zzz'], ['notifications', 'state=unread'], ['projects', 'q=zzz'], ['audit', 'q=zzz']]) {
    await page.goto(`${stack.url}/${list}?${change}&size=15`);
    await page.locator('.page-head h1').waitFor();
    await page.locator('[aria-busy]').waitFor({ state: 'detached' });
    assert.match(page.url(), new RegExp(change), list);
    if (change.startsWith('q=')) assert.equal(await page.getByRole('searchbox').inputValue(), 'zzz', list);
    else assert.equal(await page.locator('.segments [aria-pressed=true]').count(), 1, list);
    const all = page.getByRole('button', { name: /^All\b/ });
    if (await all.count()) await all.click();
    if (!change.startsWith('q=')) await page.waitForURL((url) => !url.search.includes('state='));
  }
});

// ---- logs --------------------------------------------------------------------------------------

const TASKS = 12;
const LINES = Array.from({ length: 1 + TASKS * 25 }, (_, i) => {
  const task = i === 0 ? 0 : Math.ceil(i / 25);
  const head = i % 25 === 1;
  return { seq: i + 1, at: '2026-11-28T10:00:00Z', stream: 'out', task, text: i === 0 ? 'PLAY [all]' : head ? `TASK [Step ${task}]` : `ok: [web-1] item ${i}` };
});

async function openLog(hash = '', at = page) {
  const run = { id: 7, state: 'succeeded', playbook: 'baseline', started_at: '2026-11-28T10:00:00Z', finished_at: '2026-11-28T10:01:00Z', tasks_done: TASKS, tasks: [], counts: {}, can: {} };
  await at.route('**/api/v1/runs/7', (route) => route.fulfill(answer(200, run)));
  await at.route('**/api/v1/runs/7/log?*', (route) => route.fulfill(answer(200, { lines: LINES, next: LINES.length + 1, last: LINES.length, done: true })));
  await at.goto('about:blank');
  await at.goto(`${stack.url}/runs/7${hash}`);
  await at.locator('.log-line').first().waitFor();
  await at.locator('.log').focus();
}

const marked = () => page.locator('.log-line.is-marked .log-no').allTextContents();
const markedIs = (...lines) => until(`lines ${lines} to be marked`, async () => JSON.stringify(await marked()) === JSON.stringify(lines.map(String)), { every: 30 });
const foldedIs = (count) => until(`${count} folded tasks`, async () => (await page.locator('.log-line.is-folded').count()) === count, { every: 30 });
const inSight = (line) => page.evaluate((n) => {
  const box = document.querySelector('.log').getBoundingClientRect();
  const row = [...document.querySelectorAll('.log-line')].find((r) => r.querySelector('.log-no').textContent === String(n))?.getBoundingClientRect();
  return Boolean(row && row.top >= box.top - 1 && row.bottom <= box.bottom + 1);
}, line);

test('a log is read, marked and folded with the keyboard alone', async () => {
  await openLog();
  const press = (key) => page.keyboard.press(key);
  await press('Home');
  await markedIs(1);
  await until('the first line', () => inSight(1));
  await press('ArrowDown');
  await press('ArrowDown');
  await markedIs(3);
  await press('Shift+ArrowDown');
  await press('Shift+ArrowDown');
  await markedIs(3, 4, 5);
  await page.waitForURL(/#L3-L5$/);
  await press('Shift+ArrowUp');
  await markedIs(3, 4);
  await press('ArrowLeft'); // folds task 1: only its head is left
  await markedIs(2);
  await foldedIs(1);
  await press('ArrowDown');
  await markedIs(27);
  await press('ArrowUp');
  await markedIs(2);
  await until('the line to be said', async () => (await page.locator('run-log [aria-live]').textContent()) === 'Line 2, task is folded: TASK [Step 1]');
  await press('ArrowRight');
  await foldedIs(0);
  await press('Enter');
  await foldedIs(1);
  await press('End');
  await until('the last line', () => inSight(LINES.length));
  await markedIs(LINES.length);
  await press('Escape');
  await markedIs();
  await page.waitForURL(/\/runs\/7$/);
  assert.equal(await page.evaluate(() => document.activeElement.className), 'log', 'the focus never leaves the log');
});

test('its keys are listed, and the pages of a run stay clean', async () => {
  await openLog();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys of the log' }).waitFor();
  await shot(who, 'log-keys-1440');
  await clean('keys');
  await page.keyboard.press('Escape');
  await page.keyboard.press('t');
  await foldedIs(TASKS);
  await page.keyboard.press('ArrowDown');
  await shot(who, 'run-folded-1440');
  await clean('folded');
});

test('a link to lines works when the page is there already, and neither it nor "Skip to content" unfolds anything', async () => {
  await openLog('#L30');
  await markedIs(30);
  await page.keyboard.press('ArrowLeft');
  await markedIs(27);
  await page.evaluate(() => { location.hash = '#L100-L101'; });
  await markedIs(100, 101);
  await until('the line', () => inSight(100));
  await page.locator('a.skip').focus();
  await page.keyboard.press('Enter');
  await page.locator('.log').focus();
  await page.keyboard.press('Home');
  for (let i = 0; i < 26; i++) await page.keyboard.press('ArrowDown');
  await markedIs(27);
  await foldedIs(1);
});

test('with the mouse it works as before', async () => {
  await openLog('#L3');
  await page.locator('.log-no', { hasText: /^5$/ }).click();
  await markedIs(5);
  await page.locator('.log-no', { hasText: /^7$/ }).click({ modifiers: ['Shift'] });
  await markedIs(5, 6, 7);
  await page.locator('.log-line', { hasText: 'TASK [Step 1]' }).locator('.log-text').click();
  await foldedIs(1);
});

test('lists and logs are clean on a phone', async () => {
  const phone = await openWindow(browser, stack.url, { width: 390, height: 844 });
  await signIn(phone, stack.users.administrator);
  for (const list of ['requests', 'runs', 'servers', 'projects', 'notifications', 'audit']) {
    await phone.page.goto(`${stack.url}/${list}`);
    await phone.page.locator('.page-head h1').waitFor();
    await phone.page.locator('[aria-busy]').waitFor({ state: 'detached' });
    await shot(phone, `list-${list}-390`);
    assert.deepEqual(await axe(phone), [], list);
    assert.deepEqual(phone.complaints, [], list);
  }
  await openLog('#L30', phone.page);
  await shot(phone, 'run-390');
  assert.deepEqual(await axe(phone), [], 'run');
  assert.ok(await phone.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'the run does not scroll sideways');
  await phone.close();
});
