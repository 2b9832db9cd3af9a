/*
 * The lines of one run and where each of them stands on screen. No DOM in here.
 *
 * A line is [seq, ms, stream, task, text]. Lines come in order and are never changed. `visible`
 * holds the numbers of the lines that are shown, `first` the row on which each begins (prefix
 * sums), so a position is found by binary search and is exact, also with wrapped lines.
 */
import { plainText, rowCount, width } from './ansi.js';

const FAILED = /^(?:fatal|failed): \[|\bFAILED!|\bUNREACHABLE!|^ERROR!/;

export class LogModel {
  seq = [];
  ms = [];
  stream = [];
  task = [];
  text = [];
  /** Numbers of lines that report a failure. */
  errors = [];
  /** Numbers of lines that match the search. */
  hits = [];
  query = '';
  /** Widest line in cells. */
  widest = 0;
  /** Columns to wrap at; 0: lines are not wrapped. */
  columns = 0;

  #cells = [];
  #head = new Map();
  #folded = new Set();
  #foldNew = false;
  #visible = new Uint32Array(1024);
  #first = new Uint32Array(1025);
  #shown = 0;

  get count() {
    return this.text.length;
  }

  /** Rows on screen, all together. */
  get rows() {
    return this.#first[this.#shown];
  }

  get shown() {
    return this.#shown;
  }

  get allFolded() {
    return this.#foldNew;
  }

  append(lines) {
    const from = this.count;
    for (const line of lines) this.#add(line);
    this.#layout(from, this.#shown);
  }

  #add([seq, ms, stream, task, text]) {
    const at = this.count;
    const seen = plainText(text);
    if (task > 0 && !this.#head.has(task)) {
      this.#head.set(task, at);
      if (this.#foldNew) this.#folded.add(task);
    }
    this.seq.push(seq);
    this.ms.push(ms);
    this.stream.push(stream);
    this.task.push(task);
    this.text.push(text);
    const cells = width(seen);
    this.#cells.push(cells);
    if (cells > this.widest) this.widest = cells;
    if (FAILED.test(seen)) this.errors.push(at);
    if (this.query && seen.toLowerCase().includes(this.query)) this.hits.push(at);
  }

  /** Appending costs what the batch costs; folding, wrapping and resizing do all of it again. */
  #layout(from, shown) {
    let n = shown;
    for (let at = from; at < this.count; at++) {
      if (!this.isShown(at)) continue;
      if (n + 2 > this.#first.length) this.#grow();
      this.#visible[n] = at;
      this.#first[n + 1] = this.#first[n] + this.rowsOf(at);
      n++;
    }
    this.#shown = n;
  }

  #grow() {
    const visible = new Uint32Array(this.#visible.length * 2);
    const first = new Uint32Array(visible.length + 1);
    visible.set(this.#visible);
    first.set(this.#first);
    this.#visible = visible;
    this.#first = first;
  }

  rowsOf(at) {
    if (!this.columns || this.#cells[at] <= this.columns) return 1;
    return rowCount(plainText(this.text[at]), this.columns);
  }

  isHead(at) {
    return this.#head.get(this.task[at]) === at;
  }

  /** The first line of a task; -1 when it has none yet. */
  headOf(task) {
    return this.#head.get(task) ?? -1;
  }

  isFolded(at) {
    return this.#folded.has(this.task[at]);
  }

  isShown(at) {
    return !this.#folded.has(this.task[at]) || this.isHead(at);
  }

  /** The nth shown line. */
  lineAt(n) {
    return this.#visible[n];
  }

  /** The row on which the nth shown line begins. */
  rowAt(n) {
    return this.#first[n];
  }

  /** Which shown line covers this row. */
  atRow(row) {
    return search(this.#shown, (n) => this.#first[n + 1] > row);
  }

  /** Does this line belong to a task that can be folded? */
  isFoldable(at) {
    return this.#head.has(this.task[at]);
  }

  /** Where a line stands among the shown ones; one that is folded away stands at its head. */
  placeOf(line) {
    const at = this.isShown(line) ? line : this.headOf(this.task[line]);
    return search(this.#shown, (n) => this.#visible[n] >= at);
  }

  /** Where a line stands among the shown ones; its task is unfolded when needed. */
  reveal(line) {
    if (!this.isShown(line)) this.toggle(line);
    return search(this.#shown, (n) => this.#visible[n] >= line);
  }

  /** The line with this number, or the nearest after it; -1 when there is none yet. */
  bySeq(seq) {
    const at = search(this.count, (n) => this.seq[n] >= seq);
    return at < this.count ? at : -1;
  }

  /** Folds or unfolds the task of a line. */
  toggle(line) {
    const task = this.task[line];
    if (!this.#folded.delete(task)) this.#folded.add(task);
    this.#layout(0, 0);
  }

  foldAll(fold) {
    this.#foldNew = fold;
    this.#folded = new Set(fold ? this.#head.keys() : []);
    this.#layout(0, 0);
  }

  wrapAt(columns) {
    if (this.columns === columns) return;
    this.columns = columns;
    this.#layout(0, 0);
  }

  find(query) {
    this.query = query.toLowerCase();
    this.hits = [];
    if (!this.query) return;
    for (let at = 0; at < this.count; at++) {
      if (plainText(this.text[at]).toLowerCase().includes(this.query)) this.hits.push(at);
    }
  }

  /** The next failure after this line, starting over at the end; -1: there is none. */
  nextError(after) {
    return this.errors.find((at) => at > after) ?? this.errors[0] ?? -1;
  }

  /** Lines as text, both ends included. */
  textOf(from = 0, to = this.count - 1) {
    return this.text
      .slice(from, to + 1)
      .map(plainText)
      .join('\n');
  }
}

/** The first number below `end` for which `yes` holds; `end` when there is none. */
function search(end, yes) {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (yes(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
