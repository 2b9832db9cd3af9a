import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ago,
  duration,
  initials,
  money,
  moneyMicro,
  parseMoney,
  plural,
} from '../src/lib/format.js';

test('money is shown from minor units without rounding anything away', () => {
  assert.equal(money(409), '€4.09');
  assert.equal(money(0), '€0.00');
  assert.equal(money(123456789), '€1,234,567.89');
  assert.equal(money(100, 'USD'), 'US$1.00');
  assert.equal(moneyMicro(5600), '€0.0056');
});

test('an amount is read with point or comma, and only when it is clear', () => {
  assert.equal(parseMoney('120'), 12000);
  assert.equal(parseMoney(' 120.5 '), 12050);
  assert.equal(parseMoney('0,07'), 7);
  for (const odd of ['', '-1', '1.200', '1,234.56', '1e3', '12 €', '.5'])
    assert.equal(parseMoney(odd), null, odd);
});

test('times are relative for a week, then a date', () => {
  const now = Date.parse('2026-11-28T12:00:00Z');
  const before = (ms) => ago(new Date(now - ms).toISOString(), now);
  assert.equal(before(20_000), 'just now');
  assert.equal(before(5 * 60_000), '5 minutes ago');
  assert.equal(before(3 * 3600_000), '3 hours ago');
  assert.equal(before(24 * 3600_000), 'yesterday');
  assert.match(before(20 * 86400_000), /^8 Nov 2026$/);
});

test('durations name at most two units', () => {
  assert.equal(duration(900), '1 s');
  assert.equal(duration(192_000), '3 min 12 s');
  assert.equal(duration(3_600_000), '1 h');
  assert.equal(duration(7_199_999), '2 h');
  assert.equal(duration(90_000_000), '1 d 1 h');
  assert.equal(duration(-5), '0 s');
});

test('words follow their number', () => {
  assert.equal(plural(1, 'server'), '1 server');
  assert.equal(plural(0, 'server'), '0 servers');
  assert.equal(plural(2, 'entry', 'entries'), '2 entries');
});

test('initials exist for every name', () => {
  assert.equal(initials('Ada Admin'), 'AA');
  assert.equal(initials('mira'), 'M');
  assert.equal(initials(''), '?');
});
