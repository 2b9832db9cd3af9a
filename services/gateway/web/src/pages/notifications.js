/* What happened that concerns me. */
import { html, nothing } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { submit } from '../lib/command.js';
import { ApiError } from '../lib/errors.js';
import { List } from '../lib/list.js';
import { go } from '../lib/router.js';
import { empty } from '../ui/empty.js';
import { icon } from '../ui/icon.js';
import { pager } from '../ui/list-view.js';
import { pageHead, skeleton } from '../ui/parts.js';
import { whenLoaded } from '../ui/problem.js';
import { stateIcon } from '../ui/state.js';
import { timeAgo } from '../ui/time.js';
import { toast } from '../ui/toast.js';

export default function notificationsPage(ctx) {
  const list = new List(ctx, {
    path: '/notifications',
    sort: 'created_at',
    dir: 'desc',
    topics: ['me'],
  });

  const unread = () => list.items.filter((n) => !n.read_at);

  /** Shown at once, taken back when the service says no. */
  async function change(path, touched) {
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

  const readOne = (n) => (n.read_at ? undefined : change(`/notifications/${n.id}/read`, [n]));

  function open(event, n) {
    event.preventDefault();
    event.stopPropagation();
    readOne(n);
    go(n.link);
  }

  function row(n) {
    const title = n.link
      ? html`<a class="row-link" href=${n.link} @click=${(e) => open(e, n)}>${n.title}</a>`
      : html`<strong>${n.title}</strong>`;
    return html`<li class=${n.read_at ? 'is-read' : 'is-unread'}>
      ${stateIcon('severity', n.severity)}
      <div class="row-main">
        ${title}${n.read_at ? nothing : html`<span class="visually-hidden"> (unread)</span>`}
        <p class="dim">${n.body}</p>
        ${timeAgo(n.created_at)}
      </div>
      ${
        n.read_at
          ? nothing
          : html`<button
              type="button"
              class="btn btn-icon"
              aria-label="Mark as read: ${n.title}"
              title="Mark as read"
              @click=${() => readOne(n)}
            >
              ${icon('check')}
            </button>`
      }
    </li>`;
  }

  function content() {
    if (!list.items.length) {
      return html`<div class="panel">
        ${empty({
          art: icon('bell', 'icon-art'),
          title: list.filtered ? 'All is read' : 'Nothing new',
          text: 'Decisions about your requests, finished deployments and problems appear here.',
        })}
      </div>`;
    }
    return html`<div class="panel">
        <ul class="rows rows-notes">
          ${repeat(list.items, (n) => n.id, row)}
        </ul>
      </div>
      ${pager({ list })}`;
  }

  const filter = (value, text) =>
    html`<button
      type="button"
      aria-pressed=${list.values.state === value ? 'true' : 'false'}
      @click=${() => list.set({ state: value })}
    >
      ${text}
    </button>`;

  return {
    title: 'Notifications',
    crumbs: [['Notifications']],
    view: () =>
      html`${pageHead({
          title: 'Notifications',
          actions: unread().length
            ? html`<button
                type="button"
                class="btn btn-outline-secondary"
                @click=${() => change('/notifications/read-all', unread())}
              >
                ${icon('check-double')} Mark all as read
              </button>`
            : nothing,
        })}
        <div class="toolbar">
          <div class="segments" role="group" aria-label="Show">
            ${filter('', 'All')} ${filter('unread', 'Unread')}
          </div>
        </div>
        ${
          list.fresh
            ? html`<button type="button" class="fresh" @click=${() => list.reload()}>
                ${icon('arrow-up')} Show new notifications
              </button>`
            : nothing
        }
        ${whenLoaded(list.resource, content, skeleton('large'), { within: true })}`,
  };
}
