/* Contrast of every colour people read or aim at, calculated (WCAG 2.2: 1.4.3 and 1.4.11). */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';

const css = fs.readFileSync(new URL('../src/style/tokens.css', import.meta.url), 'utf8');

function tokens(theme) {
  const block = new RegExp(`\\[data-bs-theme='${theme}'\\] \\{([^}]*)\\}`).exec(css)[1];
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((m) => [m[1], m[2]]),
  );
}

const dark = tokens('dark');
const THEMES = { dark, light: { ...dark, ...tokens('light') } };

const rgb = (hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));

function luminance(hex) {
  const [r, g, b] = rgb(hex).map((v) => {
    const s = v / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

/** `share` of a over b, as color-mix does it in sRGB. */
function mix(a, b, share) {
  const channels = rgb(a).map((v, i) => Math.round(v * share + rgb(b)[i] * (1 - share)));
  return `#${channels.map((v) => v.toString(16).padStart(2, '0')).join('')}`;
}

const TONES = ['pending', 'approved', 'busy', 'good', 'bad', 'quiet'];

for (const [name, t] of Object.entries(THEMES)) {
  const atLeast = (ratio, a, b, what) =>
    assert.ok(
      contrast(a, b) >= ratio,
      `${name}: ${what} has ${contrast(a, b).toFixed(2)}, needs ${ratio}`,
    );

  test(`${name}: text is readable on every surface`, () => {
    for (const back of ['page', 'surface', 'raised']) {
      for (const front of ['text', 'dim', 'link'])
        atLeast(4.5, t[front], t[back], `${front} on ${back}`);
    }
  });

  test(`${name}: every state is readable on a surface and on its own tint`, () => {
    for (const tone of TONES) {
      const front = t[`tone-${tone}`];
      atLeast(4.5, front, t.surface, `${tone} on surface`);
      atLeast(4.5, front, mix(front, t.surface, 0.14), `${tone} on its tint`);
    }
    atLeast(3, t['tone-todo'], t.surface, 'the dot of a step to come');
  });

  test(`${name}: fields and the focus can be seen`, () => {
    for (const back of ['page', 'surface']) {
      atLeast(3, t['field-line'], t[back], `border of a field on ${back}`);
      atLeast(3, t.focus, t[back], `focus on ${back}`);
    }
  });

  test(`${name}: white words on buttons are readable`, () => {
    for (const fill of [
      'accent',
      'accent-hover',
      'good-fill',
      'good-fill-hover',
      'bad-fill',
      'bad-fill-hover',
    ]) {
      atLeast(4.5, '#ffffff', t[fill], `white on ${fill}`);
    }
  });
}
