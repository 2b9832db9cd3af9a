/*
 * The look of every list page: search, state filter with counts, table (cards on a phone), pages.
 *
 * A column is
 *   key    name for sorting and for the class `col-KEY`
 *   label  heading
 *   sort   may be sorted by
 *   cell   (row, mark) => content; mark(text) shows where the search matched
 *   place  where it stands on a phone card: title, state, meta (default), side, none
 *   align  'end' for numbers
 */
import { html, nothing } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { number, plural } from '../lib/format.js';
import { noMatch } from './empty.js';
import { icon } from './icon.js';
import { mark } from './mark.js';
import { whenLoaded } from './problem.js';
import { stateOf } from './state.js';

/**
 * @param {object} options
 * @param {import('../lib/list.js').List} options.list
 * @param {string} options.noun one row in words, like "request"
 * @param {string} [options.plural] more than one
 * @param {string} options.searchHint what the search looks at
 * @param {{ kind: string, names: string[], apart?: string[] }} [options.states] filter;
 *   apart: shown only when asked for, so not counted among all
 * @param {any[]} options.columns
 * @param {() => unknown} options.nothingYet shown when there is nothing at all
 */
export function listView(options) {
  const { list } = options;
  return html`${toolbar(options)} ${freshLine(options)}
  ${whenLoaded(list.resource, () => results(options), ghostTable(options), { within: true })}`;
}

/** "128 requests", "12 of 128 requests", "1,000+ requests" */
export function countText({ list, noun, plural: many }) {
  const { answer } = list;
  if (!answer) return list.resource.error ? '' : 'Loading…';
  const total = answer.total_capped
    ? `${number(answer.total)}+ ${many ?? `${noun}s`}`
    : plural(answer.total, noun, many);
  return list.filtered ? `${total} found` : total;
}

function toolbar(options) {
  const { list, noun, searchHint, states } = options;
  return html`<div class="toolbar" role="search" aria-label="Find a ${noun}">
    <label class="search">
      ${icon('magnifying-glass')}
      <span class="visually-hidden">${searchHint}</span>
      <input
        type="search"
        data-search
        placeholder=${searchHint}
        autocomplete="off"
        spellcheck="false"
        .value=${list.values.q}
        @input=${(e) => list.set({ q: e.target.value }, { typing: true })}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
    ${states ? stateFilter(list, states) : nothing} ${list.narrowed.map((name) => chip(list, name))}
  </div>`;
}

/** A filter that came with the address, and the way out of it. */
function chip(list, name) {
  const row = list.items.find((item) => String(item[name]?.id) === list.values[name]);
  const value = row ? row[name].name : `#${list.values[name]}`;
  return html`<button type="button" class="chip" @click=${() => list.set({ [name]: '' })}>
    Only ${value}<span class="visually-hidden">, show all again</span> ${icon('xmark')}
  </button>`;
}

function stateFilter(list, { kind, names, apart = [] }) {
  const counts = list.answer?.counts;
  const inAll = Object.entries(counts ?? {}).filter(([name]) => !apart.includes(name));
  const sum = counts ? inAll.reduce((total, [, count]) => total + count, 0) : null;
  const choice = (value, text, count) =>
    html`<button
      type="button"
      aria-pressed=${list.values.state === value ? 'true' : 'false'}
      @click=${() => list.set({ state: value })}
    >
      ${text} ${typeof count === 'number' ? html`<small>${number(count)}</small>` : nothing}
    </button>`;
  return html`<div class="segments" role="group" aria-label="State" tabindex="-1">
    ${choice('', 'All', sum)}
    ${names.map((name) => choice(name, shortWord(kind, name), counts ? (counts[name] ?? 0) : null))}
  </div>`;
}

/** The filter needs a word, not a sentence. */
const SHORT = { 'Waiting for approval': 'Waiting' };

function shortWord(kind, name) {
  const { word } = stateOf(kind, name);
  return SHORT[word] ?? word;
}

function freshLine({ list, noun, plural: many }) {
  if (!list.fresh) return nothing;
  return html`<button type="button" class="fresh" @click=${() => list.reload()}>
    ${icon('arrow-up')} Show ${plural(list.fresh, `new ${noun}`, `new ${many ?? `${noun}s`}`)}
  </button>`;
}

function results(options) {
  const { list, nothingYet } = options;
  if (!list.items.length) {
    return html`<div class="panel">
      ${list.filtered ? noMatch(list.values.q, () => list.clear()) : nothingYet()}
    </div>`;
  }
  return html`<div class="panel table-wrap">${table(options, body(options))}</div>
    ${pager(options)}`;
}

function table({ list, columns, noun, plural: many }, rows) {
  const { sort, dir } = list.values;
  const ariaSort = (key) => (sort !== key ? nothing : dir === 'asc' ? 'ascending' : 'descending');
  return html`<table class="grid">
    <caption class="visually-hidden">
      ${many ?? `${noun}s`}
    </caption>
    <thead>
      <tr>
        ${columns.map(
          (c) =>
            html`<th
              scope="col"
              class="col-${c.key} ${alignOf(c)}"
              aria-sort=${c.sort ? ariaSort(c.key) : nothing}
            >
              ${c.sort ? sortButton(list, c) : html`<span>${c.label}</span>`}
            </th>`,
        )}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

function sortButton(list, column) {
  const { sort, dir } = list.values;
  const arrow = dir === 'asc' ? icon('arrow-up') : icon('arrow-down');
  return html`<button type="button" @click=${() => list.sortBy(column.key)}>
    ${column.label} ${sort === column.key ? arrow : nothing}
  </button>`;
}

function body({ list, columns }) {
  const marked = (text) => mark(text, list.values.q);
  return repeat(
    list.items,
    (row) => row[list.id],
    (row) =>
      html`<tr>
        ${columns.map(
          (c) =>
            html`<td class="col-${c.key} ${alignOf(c)} place-${c.place ?? 'meta'}">
              ${c.cell(row, marked)}
            </td>`,
        )}
      </tr>`,
  );
}

function alignOf(column) {
  return column.align === 'end' ? 'is-end' : '';
}

function ghostTable(options) {
  const line = html`<tr class="ghost">
    <td colspan=${options.columns.length}><i></i></td>
  </tr>`;
  const rows = Array.from({ length: 10 }, () => line);
  return html`<div class="panel table-wrap" aria-busy="true">${table(options, rows)}</div>`;
}

export function pager({ list }) {
  const page = Number(list.values.page);
  const { pages } = list;
  if (pages === 1 && Number(list.answer.total) <= Number(list.sizes[0])) return nothing;
  return html`<nav class="pager" aria-label="Pages">
    <label class="pager-size">
      Rows
      <select
        class="form-select form-select-sm"
        @change=${(e) => list.set({ size: e.target.value })}
      >
        ${list.sizes.map((s) => html`<option ?selected=${list.values.size === s}>${s}</option>`)}
      </select>
    </label>
    <span class="pager-here">Page ${page} of ${list.answer.total_capped ? 'many' : pages}</span>
    <button
      type="button"
      class="btn btn-outline-secondary"
      ?disabled=${page <= 1}
      @click=${() => list.set({ page: String(page - 1) })}
    >
      ${icon('chevron-left')} Back
    </button>
    <button
      type="button"
      class="btn btn-outline-secondary"
      ?disabled=${page >= pages && !list.answer.total_capped}
      @click=${() => list.set({ page: String(page + 1) })}
    >
      Next ${icon('chevron-right')}
    </button>
  </nav>`;
}
