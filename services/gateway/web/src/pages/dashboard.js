/* What needs me, what is happening, what happened. */
import { html, nothing } from 'lit-html';
import { money, number, plural } from '../lib/format.js';
import { icon } from '../ui/icon.js';
import { progress, stack } from '../ui/meter.js';
import { pageHead, panel, skeleton } from '../ui/parts.js';
import { whenLoaded } from '../ui/problem.js';
import { badge } from '../ui/state.js';
import { timeAgo } from '../ui/time.js';
import { newRequestButton } from './request-new-button.js';

export default function dashboardPage(ctx) {
  const board = ctx.resource('/dashboard', { topics: ['requests', 'servers'] });

  function head(data) {
    return pageHead({
      title: `Good ${partOfDay()}, ${ctx.session.user.name.split(' ')[0]}`,
      sub: data ? headline(data) : nothing,
      actions: newRequestButton(ctx),
    });
  }

  function headline({ requests, needs_decision: waiting }) {
    if (waiting?.length) {
      const one = waiting.length === 1;
      return `${one ? 'One request waits' : `${waiting.length} requests wait`} for your decision.`;
    }
    if (requests?.failed) return `${plural(requests.failed, 'deployment')} failed.`;
    return 'Nothing waits for you.';
  }

  function content(data) {
    return html`${head(data)}
      <div class="tiles">
        ${requestTiles(data.requests)} ${serverTile(data.servers)} ${costTile(data.cost)}
      </div>
      <div class="columns">
        <div class="column">
          ${ctx.may('request_approve') ? decisions(data.needs_decision ?? []) : nothing}
          ${activity(data.activity ?? [], ctx)}
        </div>
        <div class="column">${deployments(data.deployments ?? [])}</div>
      </div>`;
  }

  return {
    title: 'Dashboard',
    crumbs: [['Dashboard']],
    view: () =>
      html`${board.data || board.error ? nothing : head(null)}
      ${whenLoaded(board, () => content(board.data), skeleton('tiles', 'large'))}`,
  };
}

function partOfDay(hour = new Date().getHours()) {
  if (hour < 12) return 'morning';
  return hour < 18 ? 'afternoon' : 'evening';
}

/* Tiles */

function tile({ picture, tone, label, value, text, href, extra = nothing }) {
  return html`<a class="tile tone-${tone}" href=${href}>
    <span class="tile-head"><span class="tile-icon">${picture}</span>${label}</span>
    <strong class="num">${value}</strong>
    <small>${text}</small>
    ${extra}
  </a>`;
}

function requestTiles(requests) {
  if (!requests) return nothing;
  const { pending = 0, deploying = 0, approved = 0, failed = 0 } = requests;
  return html`${tile({
    picture: icon('clock'),
    tone: 'pending',
    label: 'Waiting for approval',
    value: number(pending),
    text: pending ? 'Oldest first in the list' : 'Nothing waits',
    href: '/requests?state=pending&dir=asc',
  })}
  ${tile({
    picture: icon('rotate'),
    tone: failed ? 'bad' : 'busy',
    label: 'Deploying now',
    value: number(deploying + approved),
    text: failed ? `${plural(failed, 'deployment')} failed` : 'No failed deployment',
    href: failed ? '/requests?state=failed' : '/requests?state=deploying',
  })}`;
}

function serverTile(servers) {
  if (!servers) return nothing;
  const { running, total } = servers;
  return tile({
    picture: icon('server'),
    tone: 'good',
    label: 'Servers running',
    value: html`${number(running)}<span class="dim"> of ${number(total)}</span>`,
    text: serverText(running, total),
    href: '/servers',
    extra: total
      ? stack([{ value: running, tone: 'good' }], total, `${running} of ${total} servers run`)
      : nothing,
  });
}

function serverText(running, total) {
  if (!total) return 'No servers yet';
  return total > running ? `${number(total - running)} not running` : 'All are running';
}

function costTile(cost) {
  if (!cost) return nothing;
  const { committed_minor: spent, reserved_minor: reserved, budget_minor: budget, currency } = cost;
  const used = spent + reserved;
  const left = budget ? budget - used : null;
  return tile({
    picture: icon('coins'),
    tone: left !== null && left < 0 ? 'bad' : 'approved',
    label: 'Cost per month',
    value: money(spent, currency),
    text: costText({ reserved, left, budget, currency }),
    href: '/projects',
    extra: budget
      ? stack(
          [
            { value: spent, tone: 'approved' },
            { value: reserved, tone: 'pending' },
          ],
          budget,
          `${money(used, currency)} of ${money(budget, currency)} are used or reserved`,
        )
      : nothing,
  });
}

function costText({ reserved, left, budget, currency }) {
  const held = reserved ? `${money(reserved, currency)} reserved` : '';
  if (left === null) return held || 'No budget is set';
  const room =
    left < 0
      ? `${money(-left, currency)} above the budget`
      : `${money(left, currency)} left of ${money(budget, currency)}`;
  return held ? `${room}, ${held}` : room;
}

/* Lists */

function decisions(requests) {
  return panel({
    title: 'Needs your decision',
    more: html`<a href="/requests?state=pending">All waiting</a>`,
    body: requests.length
      ? html`<ul class="rows">
          ${requests.map(decisionRow)}
        </ul>`
      : html`<p class="empty-small">Nothing waits for you.</p>`,
  });
}

function decisionRow(r) {
  return html`<li>
    <a class="row-main" href="/requests/${r.id}">
      <strong>${r.name}</strong>
      <span>
        ${r.server_type.toUpperCase()} in ${r.location} · ${r.client} · ${r.requester.name}
      </span>
    </a>
    <div class="row-side">
      <b>${money(r.price.total_minor, r.price.currency)}<small>/month</small></b>
      ${timeAgo(r.created_at)}
    </div>
  </li>`;
}

function deployments(requests) {
  return panel({
    title: 'Deployments',
    more: html`<a href="/requests">All requests</a>`,
    body: requests.length
      ? html`<ul class="rows rows-deploy">
          ${requests.map(deploymentRow)}
        </ul>`
      : html`<p class="empty-small">No server is being built now.</p>`,
  });
}

const TONES = { deployed: 'good', failed: 'bad', approved: 'approved' };

function deploymentRow(r) {
  const step = r.steps?.find((s) => s.state === 'running')?.label;
  const where = step ?? `${r.server_type.toUpperCase()} in ${r.location} · ${r.project.name}`;
  return html`<li>
    <a class="row-main" href="/requests/${r.id}"><strong>${r.name}</strong><span>${where}</span></a>
    ${badge('request', r.state)}
    ${progress(r.progress, { label: `Progress of ${r.name}`, tone: TONES[r.state] ?? 'busy' })}
  </li>`;
}

function activity(entries, ctx) {
  return panel({
    title: 'Recent activity',
    more: ctx.may('audit_read') ? html`<a href="/audit">Audit log</a>` : nothing,
    body: entries.length
      ? html`<ul class="rows rows-activity">
          ${entries.map(
            (entry) =>
              html`<li>
                ${
                  entry.link
                    ? html`<a class="row-main" href=${entry.link}>${entry.text}</a>`
                    : html`<span class="row-main">${entry.text}</span>`
                }
                ${timeAgo(entry.at)}
              </li>`,
          )}
        </ul>`
      : html`<p class="empty-small">Nothing has happened yet.</p>`,
  });
}
