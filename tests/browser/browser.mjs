// Chromium from Debian, one window for each person, and the three things that must never happen in it: an error on
// the console, a breach of the content security policy, a finding of axe.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

const SHOTS = fileURLToPath(new URL('../../build/screenshots', import.meta.url));

export async function openBrowser() {
  return chromium.launch({
    executablePath: process.env.SPS_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
}

// A person at her own window. Complaints collects what went wrong in it.
export async function openWindow(browser, url, { width = 1440, height = 900 } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: 'dark', locale: 'en-GB', timezoneId: 'UTC' });
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // Chromium reports every 4xx answer as an error of its own; those are checked where they are provoked.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text());
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (e) => console.error(`CSP: ${e.violatedDirective} ${e.blockedURI}`));
  });
  return { page, complaints, url, close: () => context.close() };
}

export async function signIn({ page, url }, { username, password }, path = '/') {
  await page.goto(`${url}${path}`);
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Password').waitFor({ state: 'detached' }); // on a phone the navigation is folded away
  await page.getByRole('heading', { level: 1 }).waitFor();
}

// The page as it is, kept for a look: build/screenshots/NAME.png
export async function shot({ page }, name) {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}

// What axe finds wrong, as short sentences.
export async function axe({ page }) {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
  return violations.map((v) => `${v.id}: ${v.help} (${v.nodes.map((n) => n.target.join(' ')).join(', ')})`);
}
