/*
 * Brings the lines of a run in order and without gaps or doubles: first pages, then live frames;
 * whatever is missing between two frames is fetched by its number.
 */

const PAGE = 5000;
const PATIENCE_MS = [500, 1000, 2000, 4000, 8000];

export class LogFeed {
  /** The number of the next line wanted. */
  next = 1;
  /** All lines are here and no more will come. */
  complete = false;
  /** At least one page has been read. */
  started = false;
  error = null;

  #page;
  #onLines;
  #onChange;
  #sleep;
  #waiting = new Map();
  /** @type {Promise<void> | null} */
  #filling = null;
  #ended = false;

  /**
   * @param {object} options
   * @param {(from: number, limit: number) => Promise<any>} options.page reads a page of lines
   * @param {(lines: any[][]) => void} options.onLines lines in order: [seq, ms, stream, task, text]
   * @param {() => void} [options.onChange] started, complete or error has changed
   * @param {(ms: number) => Promise<void>} [options.sleep]
   */
  constructor({ page, onLines, onChange = () => {}, sleep = pause }) {
    this.#page = page;
    this.#onLines = onLines;
    this.#onChange = onChange;
    this.#sleep = sleep;
  }

  /** @param {{ first: number, lines: any[][] }} frame */
  frame(frame) {
    if (frame.lines.length) this.#waiting.set(frame.first, frame.lines);
    this.#drain();
    if (this.#waiting.size) this.fill();
  }

  end() {
    this.#ended = true;
  }

  /** Reads pages until everything known is here. Safe to call at any time. */
  fill() {
    this.#filling ??= this.#readAll().finally(() => {
      this.#filling = null;
    });
    return this.#filling;
  }

  async #readAll() {
    for (let idle = 0; !this.#ended;) {
      const page = await this.#read();
      if (!page) return;
      idle = this.#take(page) ? 0 : idle + 1;
      if (this.#isDone(page)) return;
      if (idle) await this.#sleep(PATIENCE_MS[Math.min(idle, PATIENCE_MS.length) - 1]);
    }
  }

  async #read() {
    for (let failed = 0; !this.#ended; failed++) {
      try {
        const page = await this.#page(this.next, PAGE);
        this.error = null;
        return page;
      } catch (error) {
        this.error = error;
        this.#onChange();
        if (!error.temporary) return null;
        const wait = PATIENCE_MS[Math.min(failed, PATIENCE_MS.length - 1)];
        await this.#sleep(error.retryAfter ? error.retryAfter * 1000 : wait);
      }
    }
    return null;
  }

  /** @returns {boolean} it brought something */
  #take(page) {
    const before = this.next;
    this.#emit(page.lines.map((l) => [l.seq, Date.parse(l.at), l.stream, l.task, l.text]));
    this.next = Math.max(this.next, page.next);
    this.#drain();

    const complete = page.done && this.next > page.last && this.#waiting.size === 0;
    if (!this.started || complete !== this.complete) {
      this.started = true;
      this.complete = complete;
      this.#onChange();
    }
    return this.next > before;
  }

  #isDone(page) {
    return this.complete || (this.next > page.last && this.#waiting.size === 0);
  }

  /** Hands on every waiting frame that follows without a gap. */
  #drain() {
    for (const first of [...this.#waiting.keys()].sort((a, b) => a - b)) {
      if (first > this.next) return;
      const lines = this.#waiting.get(first);
      this.#waiting.delete(first);
      this.#emit(lines);
    }
  }

  #emit(lines) {
    const fresh = lines.filter(([seq]) => seq >= this.next);
    if (!fresh.length) return;
    this.next = fresh.at(-1)[0] + 1;
    this.#onLines(fresh);
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
