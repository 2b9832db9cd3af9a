/*
 * The look of every list page (list-page.js): search, state filter with counts, table (cards on a
 * phone), pages.
 *
 * A column is
 *   key    name for sorting and for the class `col-KEY`
 *   label  heading
 *   sort   may be sorted by
 *   needs  shown only when the rows have this
 *   cell   (row, mark) => content; mark(text) shows where the search matched
 *   place  where it stands on a phone card: title, state, meta (default), side, none
 *   align  'end' for numbers
 */
import { html, nothing } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { number, plural } from '../lib/format.js';
import { empty, noMatch } from './empty.js';
import { icon } from './icon.js';
import { mark } from './mark.js';
import { skeleton } from './parts.js';
import { whenLoaded } from './problem.js';
import { stateOf } from './state.js';

/**
 * @param {object} options what list-page.js says of a table, and
 * @param {import('../lib/list.js').List} options.list
 * @param {(row: any) => unknown} [options.row] instead of columns: rows that are no table
 * @param {() => unknown} options.nothingYet shown when there is nothing at all
 */
export function listView(options) {
  const { list } = options;
  const ghost = options.row ? skeleton('large') : ghostTable(options);
  return html`${toolbar(options)} ${freshLine(options)}
  ${whenLoaded(list.resource, () => results(options), ghost, { within: true })}`;
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
  const { list, noun, searchHint, states, choices } = options;
  const role = searchHint ? 'search' : 'group';
  return html`<div class="toolbar" role=${role} aria-label="Find a ${noun}">
    ${searchHint ? searchBox(list, searchHint) : nothing}
    ${states ? stateFilter(list, states) : nothing}
    ${choices ? choiceFilter(list, choices) : nothing}
    ${list.narrowed.map((name) => chip(list, name))}
  </div>`;
}

function searchBox(list, hint) {
  return html`<label class="search">
    ${icon('magnifying-glass')}
    <span class="visually-hidden">${hint}</span>
    <input
      type="search"
      data-search
      placeholder=${hint}
      autocomplete="off"
      spellcheck="false"
      .value=${list.values.q}
      @input=${(e) => list.set({ q: e.target.value }, { typing: true })}
    />
    <kbd aria-hidden="true">/</kbd>
  </label>`;
}

/** A filter that came with the address, and the way out of it. */
function chip(list, name) {
  const row = list.items.find((item) => String(item[name]?.id) === list.values[name]);
  const value = row ? row[name].name : `#${list.values[name]}`;
  return html`<button type="button" class="chip" @click=${() => list.set({ [name]: '' })}>
    Only ${value}<span class="visually-hidden">, show all again</span> ${icon('xmark')}
  </button>`;
}

/** One way to narrow the list: a button that stays pressed. */
function choice(list, value, text, count = null) {
  return html`<button
    type="button"
    aria-pressed=${list.values.state === value ? 'true' : 'false'}
    @click=${() => list.set({ state: value })}
  >
    ${text} ${typeof count === 'number' ? html`<small>${number(count)}</small>` : nothing}
  </button>`;
}

function stateFilter(list, { kind, names, apart = [] }) {
  const counts = list.answer?.counts;
  const inAll = Object.entries(counts ?? {}).filter(([name]) => !apart.includes(name));
  const sum = counts ? inAll.reduce((total, [, count]) => total + count, 0) : null;
  const countOf = (name) => (counts ? (counts[name] ?? 0) : null);
  return html`<div class="segments" role="group" aria-label="State" tabindex="-1">
    ${choice(list, '', 'All', sum)}
    ${names.map((name) => choice(list, name, shortWord(kind, name), countOf(name)))}
  </div>`;
}

function choiceFilter(list, choices) {
  return html`<div class="segments" role="group" aria-label="Show">
    ${choices.map(([value, text]) => choice(list, value, text))}
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
  const { list, row } = options;
  if (!list.items.length) return html`<div class="panel">${nothingHere(options)}</div>`;
  const shown = row
    ? html`<div class="panel">${rows(options)}</div>`
    : html`<div class="panel table-wrap">${table(options, body(options))}</div>`;
  return html`${shown} ${pager(list)}`;
}

function nothingHere({ list, nothingYet, emptyFiltered }) {
  if (!list.filtered) return nothingYet();
  return emptyFiltered ? empty(emptyFiltered) : noMatch(list.values.q, () => list.clear());
}

function rows({ list, row, noun, plural: many }) {
  return html`<ul class="rows rows-${many ?? `${noun}s`}">
    ${repeat(list.items, (item) => item[list.id], row)}
  </ul>`;
}

function table({ list, columns, noun, plural: many }, lines) {
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
      ${lines}
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
  const lines = Array.from({ length: 10 }, () => line);
  return html`<div class="panel table-wrap" aria-busy="true">${table(options, lines)}</div>`;
}

function pager(list) {
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
