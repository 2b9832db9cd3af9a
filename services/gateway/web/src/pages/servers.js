/* All servers this person may see. */
import { html, nothing } from 'lit-html';
import { money } from '../lib/format.js';
import { icon } from '../ui/icon.js';
import { listPage } from '../ui/list-page.js';
import { serverBadge } from '../ui/state.js';
import { timeAgo } from '../ui/time.js';
import { newRequestButton } from './request-new-button.js';

const STATES = ['managed', 'provisioning', 'deleting', 'gone', 'deleted'];

/** Not everybody is shown everything of a server. */
const COLUMNS = [
  {
    key: 'name',
    label: 'Name',
    sort: true,
    place: 'title',
    cell: (s, mark) => html`<a class="row-link" href="/servers/${s.id}">${mark(s.name)}</a>`,
  },
  { key: 'state', label: 'State', sort: true, place: 'state', cell: serverBadge },
  { key: 'project', label: 'Project', cell: (s) => s.project.name },
  { key: 'client', needs: 'client', label: 'Client', cell: (s) => s.client ?? '–' },
  {
    key: 'server_type',
    needs: 'server_type',
    label: 'Plan',
    sort: true,
    place: 'none',
    cell: (s) => html`${s.server_type.toUpperCase()}<span class="dim"> in ${s.location}</span>`,
  },
  {
    key: 'ipv4',
    needs: 'ipv4',
    label: 'Address',
    sort: true,
    cell: (s, mark) => (s.ipv4 ? html`<code>${mark(s.ipv4)}</code>` : '–'),
  },
  {
    key: 'created_at',
    needs: 'created_at',
    label: 'Created',
    sort: true,
    place: 'none',
    cell: (s) => timeAgo(s.created_at),
  },
  {
    key: 'cost',
    label: 'Per month',
    align: 'end',
    place: 'side',
    cell: (s) => (s.price ? money(s.price.total_minor, s.price.currency) : nothing),
  },
];

export default listPage({
  title: 'Servers',
  path: '/servers',
  sort: 'name',
  topics: ['servers'],
  filters: ['project'],
  noun: 'server',
  searchHint: (list) => (list.shows('ipv4') ? 'Search name or address' : 'Search name'),
  states: { kind: 'server', names: STATES, apart: ['deleted'] },
  columns: COLUMNS,
  actions: newRequestButton,
  empty: (ctx) => ({
    art: icon('server', 'icon-art'),
    title: 'No servers yet',
    text: 'A server appears here when its request is approved and Hetzner has built it.',
    action: newRequestButton(ctx),
  }),
});
