import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogModel } from '../src/lib/log-model.js';

/** [seq, ms, stream, task, text] */
const line = (seq, task, text) => [seq, seq * 1000, 'out', task, text];

function sample() {
  const model = new LogModel();
  model.append([
    line(1, 0, 'PLAY [all]'),
    line(2, 1, 'TASK [Gathering Facts]'),
    line(3, 1, 'ok: [web-1]'),
    line(4, 2, 'TASK [Install nginx]'),
    line(5, 2, 'fatal: [web-1]: FAILED! => {}'),
    line(6, 2, 'ok: [web-2]'),
  ]);
  return model;
}

const shownLines = (model) => Array.from({ length: model.shown }, (_, n) => model.lineAt(n));

test('every line has a row of its own while nothing is wrapped or folded', () => {
  const model = sample();
  assert.equal(model.rows, 6);
  assert.deepEqual(shownLines(model), [0, 1, 2, 3, 4, 5]);
});

test('a folded task leaves only its first line', () => {
  const model = sample();
  model.toggle(3);
  assert.deepEqual(shownLines(model), [0, 1, 2, 3]);
  model.toggle(3);
  assert.equal(model.shown, 6);
});

test('with all tasks folded, lines that come later stay folded too', () => {
  const model = sample();
  model.foldAll(true);
  assert.deepEqual(shownLines(model), [0, 1, 3]);
  model.append([line(7, 3, 'TASK [Start nginx]'), line(8, 3, 'ok: [web-1]')]);
  assert.deepEqual(shownLines(model), [0, 1, 3, 6]);
});

test('wrapped lines move what follows them down by exactly their rows', () => {
  const model = sample();
  model.wrapAt(10);
  const rows = shownLines(model).map((at) => model.rowsOf(at));
  assert.deepEqual(rows, [1, 3, 2, 2, 3, 2]);
  assert.equal(model.rowAt(4), 1 + 3 + 2 + 2);
  assert.equal(model.rows, 13);
});

test('a row is found by its number, at its first and at its last', () => {
  const model = sample();
  model.wrapAt(10);
  assert.equal(model.atRow(0), 0);
  assert.equal(model.atRow(1), 1);
  assert.equal(model.atRow(3), 1);
  assert.equal(model.atRow(4), 2);
  assert.equal(model.atRow(999), model.shown);
});

test('showing a hidden line unfolds its task', () => {
  const model = sample();
  model.foldAll(true);
  assert.equal(model.lineAt(model.reveal(4)), 4);
  assert.equal(model.isShown(5), true);
});

test('search looks at what is seen, not at colour codes, and grows with new lines', () => {
  const model = sample();
  model.append([line(7, 2, '\x1b[31mFA\x1b[0mTAL')]);
  model.find('Fatal');
  assert.deepEqual(model.hits, [4, 6]);
  model.append([line(8, 2, 'fatal again')]);
  assert.deepEqual(model.hits, [4, 6, 7]);
  model.find('');
  assert.deepEqual(model.hits, []);
});

test('failures are known, the next one starts over at the end', () => {
  const model = sample();
  assert.deepEqual(model.errors, [4]);
  assert.equal(model.nextError(-1), 4);
  assert.equal(model.nextError(4), 4);
  assert.equal(new LogModel().nextError(-1), -1);
});

test('a line is found by its number also when numbers are missing', () => {
  const model = new LogModel();
  model.append([line(10, 0, 'a'), line(11, 0, 'b'), line(20, 0, 'c')]);
  assert.equal(model.bySeq(11), 1);
  assert.equal(model.bySeq(12), 2);
  assert.equal(model.bySeq(21), -1);
});

test('the copy of lines carries no colours', () => {
  const model = new LogModel();
  model.append([line(1, 0, '\x1b[32mok\x1b[0m'), line(2, 0, 'next')]);
  assert.equal(model.textOf(), 'ok\nnext');
  assert.equal(model.textOf(1, 1), 'next');
});

test('a hundred thousand lines are laid out and searched in no time worth noticing', () => {
  const model = new LogModel();
  const many = Array.from({ length: 100_000 }, (_, i) =>
    line(i + 1, Math.floor(i / 250), `ok: item ${i}`),
  );
  const began = performance.now();
  model.append(many);
  model.wrapAt(40);
  model.find('99999');
  assert.equal(model.hits.length, 1);
  assert.ok(performance.now() - began < 3000);
});
