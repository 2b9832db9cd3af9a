/*
 * A list page is a table of what it shows: this module does the rest. Search, state filter, sort
 * and page live in the address, rows follow the live channel, tables become cards on a phone.
 *
 *   export default listPage({
 *     title: 'Runs', path: '/runs', sort: 'id', dir: 'desc', topics: ['runs'],
 *     noun: 'run', searchHint: 'Search playbook', states: { kind: 'run', names: […] },
 *     columns: […],
 *     empty: { art: icon('terminal', 'icon-art'), title: 'Nothing has run yet', text: '…' },
 *   });
 */
import { html, nothing } from 'lit-html';
import { List } from '../lib/list.js';
import { empty } from './empty.js';
import { countText, listView } from './list-view.js';
import { pageHead } from './parts.js';

/**
 * @typedef {object} ListTable
 * @property {string} title of the page, and its only crumb
 * @property {string} path of the API
 * @property {string} sort column the list is sorted by at first
 * @property {'asc' | 'desc'} [dir]
 * @property {string[]} [topics] live topics that say when to read again
 * @property {string[]} [filters] further names in the address that narrow the list
 * @property {string} [id] name of the key of a row
 * @property {string} noun one row in words, like "request"
 * @property {string} [plural] more than one
 * @property {string | ((list: List) => string)} [searchHint] what the search looks at; none: there
 *   is no search
 * @property {{ kind: string, names: string[], apart?: string[] }} [states] filter with counts
 * @property {[value: string, word: string][]} [choices] filter without counts
 * @property {any[]} [columns] see list-view.js
 * @property {(ctx: PageContext, list: List) => (row: any) => unknown} [row] instead of columns:
 *   rows that are no table
 * @property {boolean} [counted] says under the title how many there are; default: yes
 * @property {(ctx: PageContext, list: List) => unknown} [actions] buttons beside the title
 * @property {EmptyText | ((ctx: PageContext) => EmptyText)} empty when there is nothing at all
 * @property {EmptyText} [emptyFiltered] when the filter leaves nothing; default: says so, and offers
 *   the way out of it
 *
 * @typedef {{ art: unknown, title: string, text: string, action?: unknown }} EmptyText
 * @typedef {import('../lib/page.js').PageContext} PageContext
 *
 * @param {ListTable} table
 * @returns {(ctx: PageContext) => any} a page as lib/page.js describes it
 */
export function listPage(table) {
  const { title, counted = true, actions = () => nothing } = table;
  return (ctx) => {
    const list = new List(ctx, table);
    const options = {
      ...table,
      list,
      get searchHint() {
        return typeof table.searchHint === 'function' ? table.searchHint(list) : table.searchHint;
      },
      get columns() {
        return table.columns?.filter((c) => !c.needs || list.shows(c.needs));
      },
      row: table.row?.(ctx, list),
      nothingYet: () => empty(typeof table.empty === 'function' ? table.empty(ctx) : table.empty),
    };
    const sub = () => html`<span role="status">${countText(options)}</span>`;
    return {
      title,
      crumbs: [[title]],
      view: () =>
        html`${pageHead({ title, sub: counted ? sub() : nothing, actions: actions(ctx, list) })}
        ${listView(options)}`,
    };
  };
}
