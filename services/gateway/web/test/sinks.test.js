/*
 * The policy of the browser forbids these anyway; the test says it at once and by name.
 * Text of other people must never become markup, style or code.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const SRC = new URL('../src/', import.meta.url).pathname;

const SINKS = {
  innerHTML: /\b(?:inner|outer)HTML\b/,
  insertAdjacentHTML: /\binsertAdjacentHTML\b/,
  'document.write': /\bdocument\.write/,
  'lit directives that take markup': /\bunsafe(?:HTML|SVG|CSS|Static)\b/,
  'inline style': /\bstyleMap\b|\sstyle=/,
  'inline handler': /<[a-z][^>]*\son[a-z]+=/,
  'code from text': /\beval\(|new Function\b|set(?:Timeout|Interval)\(\s*['"`]/,
  'script address': /javascript:/i,
  'address outside this site': /\b(?:src|href)=["']?(?:https?:)?\/\//,
};

function sources(dir) {
  return fs
    .readdirSync(dir, { recursive: true })
    .filter((name) => /\.(?:js|html)$/.test(name))
    .map((name) => [name, fs.readFileSync(path.join(dir, name), 'utf8')]);
}

test('no source uses a way to turn text into markup, style or code', () => {
  const found = [];
  for (const [name, text] of sources(SRC)) {
    for (const [sink, pattern] of Object.entries(SINKS)) {
      if (pattern.test(text)) found.push(`${name}: ${sink}`);
    }
  }
  assert.deepEqual(found, []);
});

test('the patterns do find what they are for', () => {
  const samples = {
    innerHTML: 'el.innerHTML = x',
    insertAdjacentHTML: 'el.insertAdjacentHTML("beforeend", x)',
    'document.write': 'document.write(x)',
    'lit directives that take markup': 'unsafeHTML(x)',
    'inline style': '<div style="color: red">',
    'inline handler': '<a onclick="x()">',
    'code from text': 'setTimeout("x()", 1)',
    'script address': 'href="javascript:x()"',
    'address outside this site': '<img src="//evil.example/x">',
  };
  for (const [sink, pattern] of Object.entries(SINKS)) assert.match(samples[sink], pattern, sink);
});

test('only the API client fetches, only the live channel opens a socket', () => {
  const callers = (pattern) =>
    sources(SRC)
      .filter(([, text]) => pattern.test(text))
      .map(([name]) => name);
  assert.deepEqual(callers(/\bfetch\(BASE|\bawait fetch\(/), ['lib/api.js']);
  assert.deepEqual(callers(/new WebSocket/), ['lib/live.js']);
});
