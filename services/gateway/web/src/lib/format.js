/*
 * Numbers, money and time as text. Money arrives as integer minor units (cents); prices per hour
 * as millionths. Times arrive as RFC 3339 in UTC and are shown in the zone of the reader.
 */

const LOCALE = 'en-IE'; // English words, euro first: €4.09

const formats = new Map();

function currencyFormat(currency, digits) {
  const key = `${currency}/${digits}`;
  if (!formats.has(key)) {
    const options = { style: 'currency', currency, minimumFractionDigits: digits };
    formats.set(key, new Intl.NumberFormat(LOCALE, { ...options, maximumFractionDigits: digits }));
  }
  return formats.get(key);
}

/** 409 → "€4.09" */
export function money(minor, currency = 'EUR') {
  return currencyFormat(currency, 2).format(minor / 100);
}

/** 5600 → "€0.0056" */
export function moneyMicro(micro, currency = 'EUR') {
  return currencyFormat(currency, 4).format(micro / 1_000_000);
}

const plain = new Intl.NumberFormat(LOCALE);

export function number(value) {
  return plain.format(value);
}

/** plural(1, 'server') → "1 server"; plural(3, 'reply', 'replies') → "3 replies" */
export function plural(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/**
 * What a person types as an amount, in minor units; null when it is no amount.
 * Both 120.50 and 120,50 mean the same, 1.200 does not mean 1200: it is refused.
 */
export function parseMoney(text) {
  const found = /^(\d{1,9})(?:[.,](\d{1,2}))?$/.exec(text.trim());
  if (!found) return null;
  return Number(found[1]) * 100 + Number((found[2] ?? '').padEnd(2, '0'));
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const dayFormat = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});
const exactFormat = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
});
const clockFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

/** "3 minutes ago"; from seven days on the date. */
export function ago(iso, now = Date.now()) {
  const past = Date.parse(iso) - now;
  const size = Math.abs(past);
  if (size < MINUTE) return 'just now';
  if (size < HOUR) return relative.format(Math.round(past / MINUTE), 'minute');
  if (size < DAY) return relative.format(Math.round(past / HOUR), 'hour');
  if (size < 7 * DAY) return relative.format(Math.round(past / DAY), 'day');
  return dayFormat.format(new Date(iso));
}

/** "28 Nov 2026, 09:41:07 CET" */
export function exact(iso) {
  return exactFormat.format(new Date(iso));
}

/** "09:41" */
export function clock(time) {
  return clockFormat.format(new Date(time));
}

/** 192000 → "3 min 12 s" */
export function duration(ms) {
  const s = Math.max(0, Math.round(ms / SECOND));
  if (s < 60) return `${s} s`;
  if (s < 3600) return join(Math.floor(s / 60), 'min', s % 60, 's');
  if (s < 86400) return join(Math.floor(s / 3600), 'h', Math.floor((s % 3600) / 60), 'min');
  return join(Math.floor(s / 86400), 'd', Math.floor((s % 86400) / 3600), 'h');
}

function join(a, unitA, b, unitB) {
  return b ? `${a} ${unitA} ${b} ${unitB}` : `${a} ${unitA}`;
}

/** Milliseconds between two times; up to now when the second has not happened yet. */
export function between(from, to, now = Date.now()) {
  return (to ? Date.parse(to) : now) - Date.parse(from);
}

/** "Ada Admin" → "AA" */
export function initials(name) {
  const words = (name ?? '').trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? words[0][0] + words.at(-1)[0] : (words[0] ?? '?')[0];
  return letters.toUpperCase();
}
