/*
 * One object (or list) of the service, kept fresh. Load it once, call `refresh` as often as you
 * like: loads never overlap and start at most four times a second, or less often where the caller
 * says so. Data stays while a reload fails, so a page keeps showing what it had.
 */
import { ApiError } from './errors.js';

const GAP_MS = 250;
const FIRST_RETRY_S = 2;
const LONGEST_RETRY_S = 30;

/** @template T */
export class Resource {
  /** @type {T | null} */
  data = null;
  /** @type {ApiError | null} */
  error = null;
  /** When `data` was fetched, in ms. */
  loadedAt = 0;
  loading = false;

  #fetch;
  #onChange;
  #abort = null;
  #timer = 0;
  #started = 0;
  /** Asked for during a load: the gap to keep until the next one. */
  #again = null;
  #failures = 0;
  #ended = false;

  /**
   * @param {(signal: AbortSignal) => Promise<T>} fetch
   * @param {() => void} onChange
   */
  constructor(fetch, onChange) {
    this.#fetch = fetch;
    this.#onChange = onChange;
  }

  /** Starts now; a load that is still running is thrown away (its question has changed). */
  load() {
    if (this.#ended) return;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#again = null;
    this.#abort?.abort();
    return this.#run();
  }

  /**
   * Soon, once, however often it is called.
   * @param {number} [gap] ms from the beginning of one load to the next, at least
   */
  refresh(gap = GAP_MS) {
    if (this.#ended || this.#timer) return;
    if (this.loading) {
      this.#again = Math.min(gap, this.#again ?? gap);
      return;
    }
    this.#later(Math.max(0, this.#started + gap - Date.now()));
  }

  /** The service just told us the new truth, for example in the answer to a change. */
  set(data) {
    if (this.#ended) return;
    this.#abort?.abort();
    this.loading = false;
    this.#done(data);
  }

  end() {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  async #run() {
    const abort = new AbortController();
    this.#abort = abort;
    this.#started = Date.now();
    this.loading = true;
    try {
      const data = await this.#fetch(abort.signal);
      if (abort.signal.aborted) return;
      this.loading = false;
      this.#done(data);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.loading = false;
      this.#fail(error);
    }
    if (this.#again !== null) {
      const gap = this.#again;
      this.#again = null;
      this.refresh(gap);
    }
  }

  #done(data) {
    this.data = data;
    this.error = null;
    this.loadedAt = Date.now();
    this.#failures = 0;
    this.#onChange();
  }

  #fail(error) {
    if (!(error instanceof ApiError)) throw error;
    this.error = error;
    if (error.temporary) {
      const wait =
        error.retryAfter || Math.min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** this.#failures);
      this.#failures++;
      this.#later(wait * 1000);
    }
    this.#onChange();
  }

  #later(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#run();
    }, ms);
  }
}
