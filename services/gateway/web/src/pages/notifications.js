/* What happened that concerns me. */
import { html, nothing } from 'lit-html';
import { submit } from '../lib/command.js';
import { ApiError } from '../lib/errors.js';
import { go } from '../lib/router.js';
import { icon } from '../ui/icon.js';
import { listPage } from '../ui/list-page.js';
import { stateIcon } from '../ui/state.js';
import { timeAgo } from '../ui/time.js';
import { toast } from '../ui/toast.js';

const TEXT = 'Decisions about your requests, finished deployments and problems appear here.';
const emptyText = (title) => ({ art: icon('bell', 'icon-art'), title, text: TEXT });

/** Shown at once, taken back when the service says no. */
async function change(ctx, list, path, touched) {
  const now = new Date().toISOString();
  for (const n of touched) n.read_at = now;
  ctx.redraw();
  try {
    await submit(path, {}, { key: crypto.randomUUID() });
    list.resource.refresh();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    for (const n of touched) n.read_at = null;
    ctx.redraw();
    toast(error.message, { kind: 'bad' });
  }
}

function row(ctx, list) {
  const read = (n) =>
    n.read_at ? undefined : change(ctx, list, `/notifications/${n.id}/read`, [n]);

  function open(event, n) {
    event.preventDefault();
    event.stopPropagation();
    read(n);
    go(n.link);
  }

  const title = (n) =>
    n.link
      ? html`<a class="row-link" href=${n.link} @click=${(e) => open(e, n)}>${n.title}</a>`
      : html`<strong>${n.title}</strong>`;

  const readButton = (n) =>
    html`<button
      type="button"
      class="btn btn-icon"
      aria-label="Mark as read: ${n.title}"
      title="Mark as read"
      @click=${() => read(n)}
    >
      ${icon('check')}
    </button>`;

  return (n) =>
    html`<li class=${n.read_at ? 'is-read' : 'is-unread'}>
      ${stateIcon('severity', n.severity)}
      <div class="row-main">
        ${title(n)}${n.read_at ? nothing : html`<span class="visually-hidden"> (unread)</span>`}
        <p class="dim">${n.body}</p>
        ${timeAgo(n.created_at)}
      </div>
      ${n.read_at ? nothing : readButton(n)}
    </li>`;
}

function readAll(ctx, list) {
  const unread = list.items.filter((n) => !n.read_at);
  if (!unread.length) return nothing;
  return html`<button
    type="button"
    class="btn btn-outline-secondary"
    @click=${() => change(ctx, list, '/notifications/read-all', unread)}
  >
    ${icon('check-double')} Mark all as read
  </button>`;
}

export default listPage({
  title: 'Notifications',
  path: '/notifications',
  sort: 'created_at',
  dir: 'desc',
  topics: ['me'],
  noun: 'notification',
  choices: [
    ['', 'All'],
    ['unread', 'Unread'],
  ],
  row,
  counted: false,
  actions: readAll,
  empty: emptyText('Nothing new'),
  emptyFiltered: emptyText('All is read'),
});
