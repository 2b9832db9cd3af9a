// An administrator replaces the token of a project.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';

import { startStack } from '../lib/stack.mjs';
import { axe, openBrowser, openWindow, shot, signIn } from './browser.mjs';

let stack, browser;

before(async () => {
  stack = await startStack({ emulator: { boot: 'none' } });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

test('a refused token is replaced on the page of its project, and the page says how it went', async () => {
  const admin = await openWindow(browser, stack.url);
  await signIn(admin, stack.users.administrator, `/projects/${stack.project}`);
  const { page } = admin;
  const replace = async (token) => {
    await page.getByRole('button', { name: 'Replace token…' }).click();
    await page.getByLabel('Hetzner Cloud API token').fill(token);
    await page.getByRole('button', { name: 'Replace token', exact: true }).click();
    await page.getByText('The token was replaced; it is checked now.').first().waitFor();
  };

  await replace('y'.repeat(64));
  await page.getByText('Hetzner refuses the token of this project.').waitFor();
  const token = randomBytes(32).toString('hex');
  await stack.cloudSend('POST', '/projects', { name: 'demo', tokens: [{ token, access: 'rw' }] });
  await replace(token);
  await page.getByText('Hetzner refuses the token of this project.').waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Replace token…' }).click();
  await page.getByLabel('Hetzner Cloud API token').fill('short');
  await page.getByRole('button', { name: 'Replace token', exact: true }).click();
  await page.locator('.is-invalid').waitFor();
  await shot(admin, 'project-token-1440');
  assert.deepEqual(await axe(admin), []);
  assert.deepEqual(admin.complaints, []);
});

test('others see the state of the token at most, and no button', async () => {
  const manager = await openWindow(browser, stack.url);
  await signIn(manager, stack.users.technical_manager, `/projects/${stack.project}`);
  await manager.page.getByText('Hetzner token').first().waitFor();
  assert.equal(await manager.page.getByRole('button', { name: 'Replace token…' }).count(), 0);
  assert.deepEqual(manager.complaints, []);
});
