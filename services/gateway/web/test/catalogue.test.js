import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hindrance, priceOf, sizeOf } from '../src/lib/catalogue.js';
import { payloadOf } from '../src/pages/project-create-payload.js';

const type = {
  name: 'cx23',
  cores: 2,
  memory_gb: 4,
  disk_gb: 40,
  locations: [
    { name: 'fsn1', available: true, price_monthly_minor: 349, price_hourly_micro: 5600 },
    { name: 'hel1', available: false, price_monthly_minor: 349, price_hourly_micro: 5600 },
  ],
};
const catalogue = {
  currency: 'EUR',
  ipv4_monthly_minor: 60,
  server_types: [type],
  locations: [
    { name: 'fsn1', city: 'Falkenstein' },
    { name: 'hel1', city: 'Helsinki' },
    { name: 'ash', city: 'Ashburn' },
  ],
};

test('what cannot be ordered says why', () => {
  assert.equal(hindrance(catalogue, type, 'fsn1'), null);
  assert.equal(hindrance(catalogue, type, 'hel1'), 'Sold out in Helsinki now');
  assert.equal(hindrance(catalogue, type, 'ash'), 'Not offered in Ashburn');
});

test('the price adds up in whole cents', () => {
  const price = priceOf(catalogue, type, 'fsn1');
  assert.equal(price.serverMinor, 349);
  assert.equal(price.ipv4Minor, 60);
  assert.equal(price.totalMinor, 409);
  assert.equal(price.hourMicro, 5600 + 963);
  assert.equal(priceOf(catalogue, type, 'ash'), null);
});

test('a size reads like a sentence', () => {
  assert.equal(sizeOf(type), '2 vCPU, 4 GB RAM, 40 GB disk');
});

test('a project is sent without what was left empty, amounts in cents', () => {
  const empty = {
    description: ' ',
    budget_minor: '',
    server_cap: '',
    manager_limit_minor: '',
    open_for_sales: '',
  };
  const base = {
    name: ' Shop ',
    token: 'x'.repeat(64),
    environment: 'production',
    manual_provision: '',
    ...empty,
  };
  assert.deepEqual(payloadOf(base), {
    name: 'Shop',
    token: 'x'.repeat(64),
    environment: 'production',
    open_for_sales: false,
    manual_provision: false,
  });
  const full = payloadOf({
    ...base,
    budget_minor: '320',
    manager_limit_minor: '49,90',
    server_cap: '12',
    open_for_sales: 'yes',
  });
  assert.equal(full.budget_minor, 32000);
  assert.equal(full.manager_limit_minor, 4990);
  assert.equal(full.server_cap, 12);
  assert.equal(full.open_for_sales, true);
});
