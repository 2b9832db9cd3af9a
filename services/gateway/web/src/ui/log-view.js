/*
 * Shows a LogModel: only the lines in sight exist in the document, at exact positions. Follows
 * the end until somebody scrolls up.
 */
import { buildRow } from './log-row.js';

const ROW = 20; // px, as in style/log.css
const MARGIN = 8; // lines kept beyond both edges
const PADDING = 16; // px right of the text

const clockTime = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

export class LogView {
  follow = true;
  wrap = false;
  /** Clock time, or time since the first line. */
  elapsed = false;
  /** Marked line numbers, both ends included. */
  marked = null;
  /** Lines that came after following stopped. */
  missed = 0;

  #box;
  #model;
  #onChange;
  #space = document.createElement('div');
  #window = document.createElement('div');
  #rows = new Map();
  #stale = true;
  #frame = 0;
  #ownScroll = false;
  /** Line numbers: where a marked range began, and where keys go on from; null: nowhere. */
  #anchor = null;
  #cursor = null;
  #charWidth = 8;
  #textLeft = 0;
  #observer;
  #ended = new AbortController();

  /**
   * @param {HTMLElement} box scrolls
   * @param {import('../lib/log-model.js').LogModel} model
   * @param {() => void} onChange follow, missed or marked has changed
   */
  constructor(box, model, onChange) {
    this.#box = box;
    this.#model = model;
    this.#onChange = onChange;
    this.#space.className = 'log-space';
    this.#window.className = 'log-window';
    this.#space.append(this.#window);
    box.replaceChildren(this.#space);

    const { signal } = this.#ended;
    box.addEventListener('scroll', () => this.#scrolled(), { signal, passive: true });
    box.addEventListener('click', (event) => this.#clicked(event), { signal });
    this.#observer = new ResizeObserver(() => this.#resized());
    this.#observer.observe(box);
    document.fonts.addEventListener('loadingdone', () => this.#resized(), { signal });
  }

  end() {
    this.#ended.abort();
    this.#observer.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  /** Lines were appended to the model. */
  grown(count) {
    if (!this.follow) this.missed += count;
    this.#paintSoon();
  }

  /** Anything else about the model or the looks has changed. */
  changed() {
    this.#stale = true;
    this.#paintSoon();
  }

  setFollow(follow) {
    this.follow = follow;
    if (follow) this.missed = 0;
    this.#onChange();
    this.#paintSoon();
  }

  setWrap(wrap) {
    const top = this.#model.lineAt(this.#model.atRow(this.#topRow()));
    this.wrap = wrap;
    this.#box.classList.toggle('is-wrapped', wrap);
    this.#measure();
    this.#model.wrapAt(wrap ? this.#columns() : 0);
    this.#size();
    if (!this.follow && top !== undefined)
      this.#scrollTo(this.#model.rowAt(this.#model.reveal(top)) * ROW);
    this.changed();
  }

  /** Shows a line a third below the top and stops following. */
  goto(line) {
    const n = this.#model.reveal(line);
    this.follow = false;
    this.#size();
    this.#scrollTo(this.#model.rowAt(n) * ROW - this.#box.clientHeight / 3);
    this.changed();
    this.#onChange();
  }

  /** @param {{ from: number, to: number } | null} range line numbers */
  mark(range) {
    this.marked = range;
    this.#anchor = range?.from ?? null;
    this.#cursor = range?.to ?? null;
    this.changed();
  }

  setMarked(range) {
    this.mark(range);
    this.#onChange();
  }

  /* What keys do. There is one current line: the one marked last. */

  /** The current line; -1: there is none. */
  get current() {
    return this.#cursor === null ? -1 : this.#model.bySeq(this.#cursor);
  }

  /**
   * Goes so many shown lines down (or up) and marks where it arrives.
   * @param {boolean} extend keeps what is marked and adds to it
   */
  move(by, extend = false) {
    const { shown } = this.#model;
    if (!shown) return;
    const n = this.current < 0 ? this.#entry(by) : this.#model.placeOf(this.current) + by;
    this.#select(this.#model.lineAt(Math.min(shown - 1, Math.max(0, n))), extend);
  }

  /**
   * Folds or unfolds the task of the current line.
   * @param {boolean} [folded] none: the opposite of what it is
   * @returns {boolean} false: there was nothing to do
   */
  fold(folded) {
    const at = this.current;
    if (at < 0 || !this.#model.isFoldable(at)) return false;
    if (this.#model.isFolded(at) === folded) return false;
    this.#model.toggle(at);
    this.#size();
    this.#select(this.#model.lineAt(this.#model.placeOf(at)), false);
    return true;
  }

  /** Where keys begin when no line is current: at the edge in sight that they come from. */
  #entry(by) {
    if (!Number.isFinite(by)) return by;
    const { scrollTop, clientHeight } = this.#box;
    const row = by > 0 ? Math.ceil(scrollTop / ROW) : (scrollTop + clientHeight) / ROW - 1;
    return this.#model.atRow(Math.floor(row));
  }

  #select(at, extend) {
    const seq = this.#model.seq[at];
    const anchor = extend && this.#anchor !== null ? this.#anchor : seq;
    this.follow = false;
    this.marked = { from: Math.min(anchor, seq), to: Math.max(anchor, seq) };
    this.#anchor = anchor;
    this.#cursor = seq;
    this.#keepInSight(at);
    this.changed();
    this.#onChange();
  }

  #keepInSight(at) {
    const top = this.#model.rowAt(this.#model.placeOf(at)) * ROW;
    const end = top + this.#model.rowsOf(at) * ROW;
    const { scrollTop, clientHeight } = this.#box;
    if (top < scrollTop) this.#scrollTo(top);
    else if (end > scrollTop + clientHeight) this.#scrollTo(end - clientHeight);
  }

  /* Scrolling */

  #topRow() {
    return Math.floor(this.#box.scrollTop / ROW);
  }

  #scrollTo(top) {
    this.#ownScroll = true;
    this.#box.scrollTop = Math.max(0, top);
  }

  #scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.#box;
    const atEnd = scrollTop + clientHeight >= scrollHeight - ROW;
    if (!this.#ownScroll && atEnd !== this.follow) this.setFollow(atEnd);
    this.#ownScroll = false;
    this.#paintSoon();
  }

  #resized() {
    this.#measure();
    if (this.wrap) this.#model.wrapAt(this.#columns());
    this.changed();
  }

  /** Width of a character and where the text begins, from a line that nobody sees. */
  #measure() {
    const probe = document.createElement('div');
    probe.className = 'log-line log-probe';
    for (const cls of ['log-no', 'log-time', 'log-text']) {
      probe.append(Object.assign(document.createElement('span'), { className: cls }));
    }
    const text = probe.lastChild;
    const ruler = Object.assign(document.createElement('span'), { textContent: '0'.repeat(100) });
    text.append(ruler);
    this.#space.append(probe);
    this.#charWidth = ruler.getBoundingClientRect().width / 100 || 8;
    this.#textLeft = text.getBoundingClientRect().left - probe.getBoundingClientRect().left;
    probe.remove();
  }

  #columns() {
    const room = this.#box.clientWidth - this.#textLeft - PADDING;
    const columns = Math.max(20, Math.floor(room / this.#charWidth));
    this.#box.style.setProperty('--columns', String(columns));
    return columns;
  }

  /* Painting: once per animation frame */

  #paintSoon() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #size() {
    this.#space.style.height = `${this.#model.rows * ROW}px`;
    this.#space.style.width = this.wrap
      ? ''
      : `${Math.ceil(this.#textLeft + this.#model.widest * this.#charWidth + PADDING)}px`;
  }

  #paint() {
    this.#size();
    if (this.follow) {
      const end = this.#box.scrollHeight - this.#box.clientHeight;
      if (Math.abs(this.#box.scrollTop - end) > 1) this.#scrollTo(end);
    }

    const model = this.#model;
    const from = Math.max(0, model.atRow(this.#topRow()) - MARGIN);
    const lastRow = Math.ceil((this.#box.scrollTop + this.#box.clientHeight) / ROW);
    const to = Math.min(model.shown, model.atRow(lastRow) + MARGIN);

    this.#window.style.transform = `translateY(${model.rowAt(from) * ROW}px)`;
    this.#place(from, to);
    this.#stale = false;
  }

  /** Rows that stay in sight are kept, so that a selection in them survives. */
  #place(from, to) {
    const kept = new Map();
    let next = this.#window.firstChild;
    for (let n = from; n < to; n++) {
      const at = this.#model.lineAt(n);
      const row = (!this.#stale && this.#rows.get(at)) || this.#row(at);
      kept.set(at, row);
      if (row === next) next = next.nextSibling;
      else this.#window.insertBefore(row, next);
    }
    while (next) {
      const gone = next;
      next = next.nextSibling;
      gone.remove();
    }
    this.#rows = kept;
  }

  #row(at) {
    const seq = this.#model.seq[at];
    const marked = this.marked && seq >= this.marked.from && seq <= this.marked.to;
    return buildRow(this.#model, at, { marked, time: this.#timeOf(at), rowHeight: ROW });
  }

  #timeOf(at) {
    const ms = this.#model.ms[at];
    if (!this.elapsed) return clockTime.format(ms);
    const s = Math.max(0, Math.floor((ms - this.#model.ms[0]) / 1000));
    return `+${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
  }

  #clicked(event) {
    const row = event.target.closest('.log-line');
    if (!row) return;
    const at = Number(row.dataset.at);
    if (event.target.closest('.log-no')) {
      event.preventDefault();
      this.#markFrom(at, event.shiftKey);
    } else if (row.classList.contains('is-head') && getSelection().isCollapsed) {
      this.#model.toggle(at);
      this.changed();
    }
  }

  #markFrom(at, extend) {
    const seq = this.#model.seq[at];
    const same = this.marked?.from === seq && this.marked?.to === seq;
    if (same) this.setMarked(null);
    else this.#select(at, extend);
  }
}
