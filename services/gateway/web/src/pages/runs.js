/* All runs this person may see. */
import { html, nothing } from 'lit-html';
import { between, duration, number } from '../lib/format.js';
import { icon } from '../ui/icon.js';
import { listPage } from '../ui/list-page.js';
import { badge } from '../ui/state.js';
import { timeAgo } from '../ui/time.js';

const STATES = ['queued', 'waiting_lock', 'running', 'succeeded', 'failed', 'cancelled'];

const COLUMNS = [
  {
    key: 'id',
    label: 'No.',
    sort: true,
    place: 'none',
    cell: (r) => html`<span class="dim">#${r.id}</span>`,
  },
  {
    key: 'playbook',
    label: 'Playbook',
    sort: true,
    place: 'title',
    cell: (r, mark) => html`<a class="row-link" href="/runs/${r.id}">${mark(r.playbook)}</a>`,
  },
  { key: 'state', label: 'State', sort: true, place: 'state', cell: (r) => badge('run', r.state) },
  {
    key: 'name',
    label: 'Server',
    sort: true,
    cell: (r, mark) =>
      r.server ? html`<a href="/servers/${r.server.id}">${mark(r.server.name)}</a>` : '–',
  },
  {
    key: 'request',
    label: 'Request',
    place: 'none',
    cell: ({ request: r }) => (r ? html`<a href="/requests/${r.id}">#${r.id}</a>` : '–'),
  },
  { key: 'started_at', label: 'Started', sort: true, cell: (r) => timeAgo(r.started_at) },
  {
    key: 'took',
    label: 'Took',
    align: 'end',
    place: 'side',
    cell: (r) => (r.started_at ? duration(between(r.started_at, r.finished_at)) : '–'),
  },
  { key: 'results', label: 'Tasks', align: 'end', place: 'none', cell: results },
];

function results({ counts }) {
  if (!counts) return '–';
  const bad = counts.failed + counts.unreachable;
  return html`${number(counts.ok + counts.changed)}
  ok${bad ? html`, <b class="text-bad">${number(bad)} failed</b>` : nothing}`;
}

export default listPage({
  title: 'Runs',
  path: '/runs',
  sort: 'id',
  dir: 'desc',
  topics: ['runs'],
  filters: ['server'],
  noun: 'run',
  searchHint: 'Search playbook, server or number',
  states: { kind: 'run', names: STATES },
  columns: COLUMNS,
  empty: {
    art: icon('terminal', 'icon-art'),
    title: 'Nothing has run yet',
    text: 'When an approved request is deployed, the setup of its server appears here.',
  },
});
