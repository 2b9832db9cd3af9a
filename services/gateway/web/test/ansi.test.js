import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastRewrite, parseAnsi, plainText, rowCount, width } from '../src/lib/ansi.js';

const ESC = '\x1b[';

test('a line without escapes is one span without a class', () => {
  assert.deepEqual(parseAnsi('ok: [web-1]'), [{ text: 'ok: [web-1]', cls: '' }]);
  assert.deepEqual(parseAnsi(''), []);
});

test('colours and styles become class names and end with a reset', () => {
  assert.deepEqual(parseAnsi(`${ESC}1;31mfatal${ESC}0m: x`), [
    { text: 'fatal', cls: 'ansi-bold ansi-fg-1' },
    { text: ': x', cls: '' },
  ]);
});

test('an empty parameter list is a reset', () => {
  assert.deepEqual(parseAnsi(`${ESC}32ma${ESC}mb`), [
    { text: 'a', cls: 'ansi-fg-2' },
    { text: 'b', cls: '' },
  ]);
});

test('extended colours fall back to the nearest of sixteen and swallow their parameters', () => {
  assert.equal(parseAnsi(`${ESC}38;5;196mx`)[0].cls, 'ansi-fg-9');
  assert.equal(parseAnsi(`${ESC}38;2;0;95;0;1mx`)[0].cls, 'ansi-bold ansi-fg-2');
  assert.equal(parseAnsi(`${ESC}48;5;21mx`)[0].cls, 'ansi-bg-12');
});

test('cursor movements, titles and control characters leave nothing behind', () => {
  assert.equal(plainText(`${ESC}2K${ESC}1Ga\x1b]0;title\x07b\x07\x08c\x1b(Bd`), 'abcd');
});

test('markup in a log stays text', () => {
  assert.deepEqual(parseAnsi('<script>alert(1)</script>'), [
    { text: '<script>alert(1)</script>', cls: '' },
  ]);
});

test('only the last state of a progress bar counts, also when the line ends in \\r', () => {
  assert.equal(lastRewrite('10%\r50%\r100%'), '100%');
  assert.equal(lastRewrite('done\r'), 'done');
  assert.equal(plainText('done\r\n'), 'done');
});

test('characters that reorder text are shown by their code', () => {
  assert.equal(plainText('a\u202eb\u2066c'), 'a<U+202E>b<U+2066>c');
});

test('tabs reach to the next multiple of eight, across spans', () => {
  assert.equal(plainText('a\tb'), 'a       b');
  const text = parseAnsi(`${ESC}31mabc${ESC}0m\tx`)
    .map((s) => s.text)
    .join('');
  assert.equal(text, 'abc     x');
});

test('wide characters take two cells, combining ones none', () => {
  assert.equal(width('abc'), 3);
  assert.equal(width('日本'), 4);
  assert.equal(width('e\u0301'), 1);
});

test('rows are counted exactly, a wide character never straddles the edge', () => {
  assert.equal(rowCount('', 10), 1);
  assert.equal(rowCount('a'.repeat(10), 10), 1);
  assert.equal(rowCount('a'.repeat(11), 10), 2);
  assert.equal(rowCount('日'.repeat(5), 9), 2);
});
