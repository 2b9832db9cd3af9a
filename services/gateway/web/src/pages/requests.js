/* All requests this person may see. */
import { html, nothing } from 'lit-html';
import { money } from '../lib/format.js';
import { icon } from '../ui/icon.js';
import { listPage } from '../ui/list-page.js';
import { badge } from '../ui/state.js';
import { timeAgo } from '../ui/time.js';
import { newRequestButton } from './request-new-button.js';

const STATES = ['pending', 'approved', 'deploying', 'deployed', 'failed', 'rejected', 'cancelled'];

const COLUMNS = [
  {
    key: 'id',
    label: 'No.',
    sort: true,
    place: 'none',
    cell: (r) => html`<span class="dim">#${r.id}</span>`,
  },
  {
    key: 'name',
    label: 'Server',
    sort: true,
    place: 'title',
    cell: (r, mark) => html`<a class="row-link" href="/requests/${r.id}">${mark(r.name)}</a>`,
  },
  {
    key: 'state',
    label: 'State',
    sort: true,
    place: 'state',
    cell: (r) => badge('request', r.state),
  },
  { key: 'client', label: 'Client', sort: true, cell: (r, mark) => mark(r.client) },
  { key: 'project', label: 'Project', place: 'none', cell: (r) => r.project.name },
  {
    key: 'server_type',
    label: 'Plan',
    sort: true,
    place: 'none',
    cell: (r) => html`${r.server_type.toUpperCase()}<span class="dim"> in ${r.location}</span>`,
  },
  { key: 'requester', label: 'Asked by', place: 'none', cell: (r) => r.requester.name },
  {
    key: 'created_at',
    label: 'Age',
    sort: true,
    place: 'meta',
    cell: (r) => timeAgo(r.created_at),
  },
  {
    key: 'total_minor',
    label: 'Per month',
    sort: true,
    align: 'end',
    place: 'side',
    cell: (r) => (r.price ? money(r.price.total_minor, r.price.currency) : nothing),
  },
];

export default listPage({
  title: 'Requests',
  path: '/requests',
  sort: 'created_at',
  dir: 'desc',
  topics: ['requests'],
  filters: ['project'],
  noun: 'request',
  searchHint: 'Search server, client or number',
  states: { kind: 'request', names: STATES },
  columns: COLUMNS,
  actions: newRequestButton,
  empty: (ctx) => ({
    art: icon('inbox', 'icon-art'),
    title: 'No requests yet',
    text: 'Say what you need, someone approves it, the portal builds it.',
    action: newRequestButton(ctx),
  }),
});
