/* Who did what. Read only: entries are never changed. */
import { html } from 'lit-html';
import { copyButton } from '../ui/copy.js';
import { icon } from '../ui/icon.js';
import { listPage } from '../ui/list-page.js';
import { badge } from '../ui/state.js';
import { timeExact } from '../ui/time.js';

const COLUMNS = [
  { key: 'seq', label: 'Time', sort: true, cell: (a) => timeExact(a.at) },
  { key: 'actor', label: 'Who', cell: (a, mark) => mark(a.actor?.name ?? 'System') },
  {
    key: 'action',
    label: 'Act',
    place: 'title',
    cell: (a, mark) => html`<code>${mark(a.action)}</code>`,
  },
  { key: 'object', label: 'On', cell: (a, mark) => objectLink(a.object, mark) },
  { key: 'outcome', label: 'Outcome', place: 'state', cell: (a) => badge('outcome', a.outcome) },
  {
    key: 'detail',
    label: 'Detail',
    cell: (a) => html`<span class="wrap">${detailText(a.detail)}</span>`,
  },
  {
    key: 'correlation',
    label: 'Correlation',
    place: 'none',
    cell: (a) =>
      a.correlation
        ? html`<code title=${a.correlation}>${a.correlation.slice(-12)}</code>
            ${copyButton(a.correlation, 'Correlation')}`
        : '–',
  },
];

/** Kinds of objects that have a page. */
const PAGES = { request: 'requests', server: 'servers', project: 'projects', run: 'runs' };

/** "request/42" or "request:42" as a link. */
function objectLink(object, mark) {
  if (!object) return '–';
  const [, kind, id] = /^([a-z]+)[/:](\d+)$/.exec(object) ?? [];
  return PAGES[kind] ? html`<a href="/${PAGES[kind]}/${id}">${mark(object)}</a>` : mark(object);
}

/** What was written down about it, as a person would say it. */
function detailText(detail) {
  if (detail === null || detail === undefined) return '';
  if (typeof detail !== 'object') return String(detail);
  const { from, to, ...rest } = detail;
  const moved = from && to && from !== to ? [`${from} → ${to}`] : [];
  const words = Object.entries(rest)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name}: ${valueText(value)}`);
  return [...moved, ...words].join(', ');
}

function valueText(value) {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export default listPage({
  title: 'Audit log',
  path: '/audit',
  sort: 'seq',
  dir: 'desc',
  id: 'seq',
  noun: 'entry',
  plural: 'entries',
  searchHint: 'Search act, object or correlation',
  states: { kind: 'outcome', names: ['ok', 'denied'] },
  columns: COLUMNS,
  actions: (ctx, list) =>
    html`<button type="button" class="btn btn-outline-secondary" @click=${() => list.reload()}>
      ${icon('rotate-right')} Look again
    </button>`,
  empty: {
    art: icon('clipboard-list', 'icon-art'),
    title: 'No entries yet',
    text: 'Every act of a person or of the portal itself is written down here.',
  },
});
