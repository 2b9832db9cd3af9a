// The whole road in Chromium, with both people's windows open: she asks, he approves, both watch.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { bootOptions, canBoot, checkDeployed } from '../lib/road.mjs';
import { startStack, until } from '../lib/stack.mjs';
import { axe, openBrowser, openWindow, shot, signIn } from './browser.mjs';

let stack, browser, sales, admin;
const NAME = `shop-${process.pid}`;

before(async () => {
  stack = await startStack({ emulator: bootOptions });
  browser = await openBrowser();
  sales = await openWindow(browser, stack.url);
  admin = await openWindow(browser, stack.url);
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

const clean = async (who, what) => {
  assert.deepEqual(await axe(who), [], what);
  assert.deepEqual(who.complaints, [], what);
};

test('the sign-in page says what is wrong without saying which', async () => {
  await sales.page.goto(stack.url);
  await sales.page.getByLabel('User name').fill('nobody');
  await sales.page.getByLabel('Password').fill('not the password at all');
  await sales.page.getByRole('button', { name: 'Sign in' }).click();
  await sales.page.getByRole('alert').waitFor();
  await shot(sales, 'sign-in-refused-1440');
  await clean(sales, 'sign in');
});

test('a sales agent asks for a server and sees its price before sending', async () => {
  const { page } = sales;
  await signIn(sales, stack.users.sales_agent);
  await shot(sales, 'dashboard-sales-1440');
  await clean(sales, 'dashboard');
  await page.goto(`${stack.url}/requests/new`);
  await page.getByLabel('Project').selectOption({ label: 'Demo' });
  await page.getByLabel('Client').fill('Nordwind GmbH');
  await page.getByRole('radio', { name: /Falkenstein/ }).check({ force: true });
  await page.getByRole('radio', { name: /^CX23/i }).check({ force: true });
  await page.getByLabel('Server name').fill(NAME);
  await page.getByLabel(/Why it is needed/).fill('The shop expects four times its usual traffic.');
  await page.getByText(/per month/i).first().waitFor();
  await shot(sales, 'request-new-1440');
  await clean(sales, 'new request');
  await page.getByRole('button', { name: 'Send request' }).click();
  await page.waitForURL(/\/requests\/\d+$/);
  await page.getByText('Waiting for approval').first().waitFor();
  assert.equal(await page.getByRole('button', { name: 'Approve…' }).count(), 0, 'nobody sees a button that would be refused');
  await shot(sales, 'request-pending-sales-1440');
  await clean(sales, 'request');
});

test('the administrator approves, and both windows follow it to its end', { skip: !canBoot && 'booting a server needs root' }, async () => {
  await signIn(admin, stack.users.administrator);
  await shot(admin, 'dashboard-administrator-1440');
  await clean(admin, 'dashboard');
  const path = new URL(sales.page.url()).pathname;
  await admin.page.goto(`${stack.url}${path}`);
  await admin.page.getByRole('button', { name: 'Approve…' }).click();
  await admin.page.getByRole('dialog').waitFor();
  await shot(admin, 'request-approve-1440');
  await clean(admin, 'approve dialog');
  await admin.page.getByRole('button', { name: 'Approve and deploy' }).click();
  // the sales agent's window changes by itself
  await sales.page.getByText('Deploying').first().waitFor();
  await shot(sales, 'request-deploying-1440');
  for (const who of [sales, admin]) await who.page.getByText('Deployed', { exact: true }).first().waitFor({ timeout: 120000 });
  await shot(admin, 'request-deployed-1440');
  await shot(sales, 'request-deployed-sales-1440');
  await clean(admin, 'deployed');
  await clean(sales, 'deployed');
  const client = await stack.client('administrator');
  const request = await checkDeployed(stack, client, Number(path.split('/').pop()));
  assert.equal(request.name, NAME);
});

test('the run page shows the whole log', { skip: !canBoot && 'booting a server needs root' }, async () => {
  const client = await stack.client('administrator');
  const { items } = await client.read('/runs');
  await admin.page.goto(`${stack.url}/runs/${items[0].id}`);
  await admin.page.getByText('PLAY RECAP').first().waitFor({ timeout: 20000 });
  await shot(admin, 'run-1440');
  await clean(admin, 'run');
});

test('the bell tells the sales agent, and leads to what happened', { skip: !canBoot && 'booting a server needs root' }, async () => {
  const { page } = sales;
  const client = await stack.client('sales_agent');
  const { unread } = await client.read('/session');
  assert.equal(unread, 3, 'approved, being set up, ready');
  const bell = (n) => page.getByRole('link', { name: n ? `Notifications, ${n} unread` : 'Notifications', exact: true }).first();
  await bell(unread).waitFor(); // her window was open all the time: nobody has reloaded it
  await bell(unread).click();
  await page.waitForURL(/\/notifications$/);
  await page.getByText(`The server ${NAME} is ready`).waitFor();
  await shot(sales, 'notifications-sales-1440');
  await clean(sales, 'notifications');
  await page.getByRole('link', { name: `The server ${NAME} is ready` }).click();
  await page.waitForURL(/\/requests\/\d+$/);
  await page.getByRole('heading', { level: 1, name: NAME }).waitFor();
  await bell(unread - 1).waitFor(); // what was opened is read
  assert.equal((await client.read('/session')).unread, unread - 1);
});

test('a sales agent with access to the project finds the server in the list, without what is not hers to see', { skip: !canBoot && 'booting a server needs root' }, async () => {
  const { page } = sales;
  await stack.execute(`SELECT workflow.project_grant_set(workflow.user_id('${stack.users.sales_agent.username}'), ${stack.project}, 1, workflow.user_id('${stack.users.administrator.username}'))`);
  await page.goto(`${stack.url}/servers`);
  await page.getByRole('link', { name: NAME }).waitFor();
  await page.getByText('Nordwind GmbH').waitFor();
  assert.deepEqual(await page.getByRole('columnheader').allInnerTexts().then((names) => names.map((n) => n.trim())), ['Name', 'State', 'Project', 'Client', 'Per month']);
  await shot(sales, 'servers-sales-1440');
  await clean(sales, 'servers');
  await page.getByRole('link', { name: NAME }).click();
  await page.getByRole('heading', { level: 1, name: NAME }).waitFor();
  assert.equal(await page.getByText('IPv4').count(), 0);
  await shot(sales, 'server-sales-1440');
  await clean(sales, 'server');
});

test('every page is clean at both widths', async () => {
  const phone = await openWindow(browser, stack.url, { width: 390, height: 844 });
  await signIn(phone, stack.users.administrator);
  const requests = (await (await stack.client('administrator')).read('/requests')).items;
  const pages = ['/', '/requests', '/requests/new', `/requests/${requests[0].id}`, '/servers', '/projects', '/runs', '/notifications', '/audit'];
  for (const who of [admin, phone]) {
    if (!who.page.url().startsWith(stack.url)) await signIn(who, stack.users.administrator);
    for (const path of pages) {
      await who.page.goto(`${stack.url}${path}`);
      await who.page.getByRole('heading', { level: 1 }).waitFor();
      await until('the page to be quiet', () => who.page.evaluate(() => !document.querySelector('.skeleton')));
      const width = who === phone ? 390 : 1440;
      await shot(who, `${path === '/' ? 'dashboard' : path.slice(1).replaceAll('/', '-').replace(/\d+/, 'id')}-${width}`);
      await clean(who, `${path} at ${width}`);
      assert.ok(await who.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${path} does not scroll sideways at ${width}`);
    }
  }
  await phone.close();
});
