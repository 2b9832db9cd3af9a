/*
 * The state of one list page: what the address says, what the service answered, and which new
 * rows wait to be shown. Rows change in place; new ones are announced and come in when asked
 * for, so nothing ever moves under the pointer.
 */
import { get } from './api.js';
import { pageNumber, readQuery, writeQuery } from './query.js';
import { setAddress } from './router.js';

const SIZES = ['15', '25', '50'];
const TYPING_MS = 120;

export class List {
  #ctx;
  #timer = 0;
  #defaults;
  /** Ids on screen; null while the next answer may replace everything. */
  #shown = null;

  /**
   * @param {import('./page.js').PageContext} ctx
   * @param {object} options
   * @param {string} options.path
   * @param {string} options.sort default column
   * @param {'asc' | 'desc'} [options.dir]
   * @param {string[]} [options.topics]
   * @param {string[]} [options.filters] further names the list can be narrowed by
   * @param {string} [options.id] name of the key of a row
   */
  constructor(ctx, { path, sort, dir = 'asc', topics = [], filters = [], id = 'id' }) {
    this.#ctx = ctx;
    this.filters = filters;
    const narrowed = Object.fromEntries(filters.map((name) => [name, '']));
    this.#defaults = { q: '', state: '', ...narrowed, sort, dir, page: '1', size: '25' };
    this.id = id;
    this.values = this.#read();
    /** @type {any[]} */
    this.items = [];
    this.fresh = 0;
    this.resource = ctx.resource(
      async (signal) => this.#take(await get(path, { query: this.values, signal })),
      { topics },
    );
    ctx.onEnd(() => clearTimeout(this.#timer));
  }

  get answer() {
    return this.resource.data;
  }

  get sizes() {
    return SIZES;
  }

  get filtered() {
    return Boolean(this.values.q || this.values.state || this.narrowed.length);
  }

  /** Names of the further filters that are in use. */
  get narrowed() {
    return this.filters.filter((name) => this.values[name]);
  }

  /** Do the rows have this? Not everybody is shown everything of an object. */
  shows(key) {
    return this.items.every((row) => key in row);
  }

  get pages() {
    return this.answer ? Math.max(1, Math.ceil(this.answer.total / Number(this.values.size))) : 1;
  }

  /**
   * @param {Record<string, string>} patch
   * @param {{ typing?: boolean }} [options] typing: wait for the end of the word
   */
  set(patch, { typing = false } = {}) {
    this.values = { ...this.values, page: '1', ...patch };
    setAddress(writeQuery(this.values, this.#defaults));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.reload(), typing ? TYPING_MS : 0);
    this.#ctx.redraw();
  }

  sortBy(column) {
    const { sort, dir } = this.values;
    this.set({ sort: column, dir: sort === column && dir === 'asc' ? 'desc' : 'asc' });
  }

  clear() {
    this.set({ q: '', state: '', ...Object.fromEntries(this.filters.map((name) => [name, ''])) });
  }

  /** Takes whatever the service has, new rows included. */
  reload() {
    this.#shown = null;
    return this.resource.load();
  }

  #read() {
    const values = readQuery(location.search, this.#defaults);
    values.page = String(pageNumber(values.page));
    if (!SIZES.includes(values.size)) values.size = this.#defaults.size;
    return values;
  }

  #take(answer) {
    const merged = mergeRows(this.items, answer.items, this.#shown, this.id);
    this.items = merged.items;
    this.fresh = merged.fresh;
    this.#shown = new Set(this.items.map((row) => row[this.id]));
    return answer;
  }
}

/**
 * @param {any[]} old rows on screen
 * @param {any[]} now rows as the service has them
 * @param {Set<unknown> | null} shown ids on screen; null: take everything
 * @param {string} id
 * @returns {{ items: any[], fresh: number }} rows to show, and how many new ones wait
 */
export function mergeRows(old, now, shown, id) {
  if (!shown || shown.size === 0) return { items: now, fresh: 0 };
  const byId = new Map(now.map((row) => [row[id], row]));
  const fresh = now.filter((row) => !shown.has(row[id])).length;
  if (!fresh) return { items: now, fresh: 0 };
  // what is no longer in the answer has left the filter: its old state and buttons would be a lie
  return { items: old.flatMap((row) => byId.get(row[id]) ?? []), fresh };
}
