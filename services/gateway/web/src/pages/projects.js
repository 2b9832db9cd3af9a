/* All projects this person may see. */
import { html, nothing } from 'lit-html';
import { money, number } from '../lib/format.js';
import { go } from '../lib/router.js';
import { icon } from '../ui/icon.js';
import { listPage } from '../ui/list-page.js';
import { stack } from '../ui/meter.js';
import { badge } from '../ui/state.js';
import { ENVIRONMENTS } from './project-words.js';
import { createProject } from './project-create.js';

const COLUMNS = [
  {
    key: 'name',
    label: 'Name',
    sort: true,
    place: 'title',
    cell: (p, mark) => html`<a class="row-link" href="/projects/${p.id}">${mark(p.name)}</a>`,
  },
  {
    key: 'token_state',
    label: 'Hetzner token',
    place: 'state',
    cell: (p) => (p.token_state ? badge('token', p.token_state) : nothing),
  },
  {
    key: 'environment',
    label: 'Used for',
    cell: (p) => ENVIRONMENTS[p.environment] ?? p.environment ?? '–',
  },
  {
    key: 'servers',
    label: 'Servers',
    align: 'end',
    place: 'none',
    cell: (p) => (p.servers === undefined ? '–' : number(p.servers)),
  },
  { key: 'budget', label: 'Budget', place: 'none', cell: budgetBar },
  {
    key: 'cost',
    label: 'Per month',
    align: 'end',
    place: 'side',
    cell: (p) => (p.committed_minor === undefined ? nothing : money(p.committed_minor, p.currency)),
  },
];

function budgetBar(p) {
  if (p.committed_minor === undefined) return '–';
  if (!p.budget_minor) return html`<span class="dim">No limit</span>`;
  const total = money(p.budget_minor, p.currency);
  return html`<span class="budget">
    ${stack(
      [
        { value: p.committed_minor, tone: 'approved' },
        { value: p.reserved_minor, tone: 'pending' },
      ],
      p.budget_minor,
      `${money(p.committed_minor + p.reserved_minor, p.currency)} of ${total} used or reserved`,
    )}
    <span class="dim num">of ${total}</span>
  </span>`;
}

function create(ctx) {
  createProject({ signal: ctx.signal, done: (project) => go(`/projects/${project.id}`) });
}

const createButton = (ctx) =>
  ctx.may('project_create')
    ? html`<button type="button" class="btn btn-primary" @click=${() => create(ctx)}>
        ${icon('plus')} New project…
      </button>`
    : nothing;

export default listPage({
  title: 'Projects',
  path: '/projects',
  sort: 'name',
  topics: ['requests'],
  noun: 'project',
  searchHint: 'Search name',
  states: { kind: 'project', names: ['active', 'archived'] },
  columns: COLUMNS,
  actions: createButton,
  empty: (ctx) => ({
    art: icon('folder-tree', 'icon-art'),
    title: 'No projects yet',
    text: ctx.may('project_create')
      ? 'Make a project and give it its Hetzner token. Servers can then be requested in it.'
      : 'You are not assigned to a project. Ask an administrator or a manager.',
    action: createButton(ctx),
  }),
});
