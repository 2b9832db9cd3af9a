/* The parts of a request page that only show: facts, cost, history. */
import { html, nothing } from 'lit-html';
import { cityOf, imageOf, sizeOf, typeOf } from '../lib/catalogue.js';
import { money } from '../lib/format.js';
import { copyButton } from '../ui/copy.js';
import { badge } from '../ui/state.js';
import { timeAgo } from '../ui/time.js';
import { timeline } from '../ui/timeline.js';

const PRIORITIES = { low: 'Low', normal: 'Normal', high: 'High', urgent: 'Urgent' };

/** @returns {[string, unknown][]} the catalogue may come later or never */
export function factRows(r, { catalogue, linkProject }) {
  const type = typeOf(catalogue, r.server_type);
  const plan = r.server_type.toUpperCase();
  return [
    ['Client', r.client],
    ['Project', projectLink(r, linkProject)],
    [
      'Plan',
      type
        ? html`${plan}
            <div class="dim">${sizeOf(type)}</div>`
        : plan,
    ],
    [
      'Location',
      html`${cityOf(catalogue, r.location)}
        <div class="dim">${r.location}</div>`,
    ],
    ['System', imageOf(catalogue, r.image)],
    ['Priority', PRIORITIES[r.priority] ?? r.priority],
    ['Subdomain', r.subdomain],
    ['Usage', r.usage],
    ['Server', serverLink(r.server)],
    [
      'Address',
      r.server?.ipv4
        ? html`<code>${r.server.ipv4}</code>${copyButton(r.server.ipv4, 'Address')}`
        : null,
    ],
  ];
}

function projectLink({ project }, linked) {
  if (!linked) return project.name;
  return html`<a href="/projects/${project.id}">${project.name}</a>`;
}

function serverLink(server) {
  if (!server) return null;
  return html`<a href="/servers/${server.id}">${server.name}</a>
    ${server.state ? badge('server', server.state) : nothing}`;
}

/** @param {any} price of the API: server_minor, ipv4_minor, total_minor, currency */
export function costTable(price) {
  const row = (name, minor) =>
    html`<tr>
      <th scope="row">${name}</th>
      <td>${money(minor, price.currency)}</td>
    </tr>`;
  return html`<table class="cost">
      <caption class="visually-hidden">
        Cost per month
      </caption>
      <tbody>
        ${row('Server', price.server_minor)} ${row('Public IPv4 address', price.ipv4_minor)}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">Total per month</th>
          <td>${money(price.total_minor, price.currency)}</td>
        </tr>
      </tfoot>
    </table>
    <p class="panel-note">Net, without VAT.</p>`;
}

/** What the history calls things, and how it reads after a name. */
const EVENTS = {
  submit: { icon: 'inbox', tone: 'approved', words: 'asked for it' },
  edit: { icon: 'pen', tone: 'quiet', words: 'changed it' },
  approve: { icon: 'check', tone: 'good', words: 'approved it' },
  reject: { icon: 'ban', tone: 'quiet', words: 'rejected it' },
  cancel: { icon: 'xmark', tone: 'quiet', words: 'cancelled it' },
  provision: { icon: 'rocket', tone: 'busy', words: 'started the deployment' },
  finish: { icon: 'rocket', tone: 'good', words: 'finished the deployment' },
  fail: { icon: 'triangle-exclamation', tone: 'bad', words: 'had to give up the deployment' },
  abort: { icon: 'stop', tone: 'bad', words: 'stopped the deployment' },
  retry: { icon: 'rotate-right', tone: 'busy', words: 'started the deployment again' },
  roll_back: { icon: 'rotate-left', tone: 'pending', words: 'started the rollback' },
  undone: { icon: 'rotate-left', tone: 'quiet', words: 'removed what was built' },
  note: { icon: 'message', tone: 'quiet', words: 'noted' },
};

/** The steps have a place of their own. */
const isTold = (entry) => entry.event !== 'step';

function eventOf(name) {
  return EVENTS[name] ?? { icon: 'circle', tone: 'quiet', words: name.replaceAll('_', ' ') };
}

/** "Jonas Tech rejected it" */
export function eventSentence(entry) {
  return `${entry.actor?.name ?? 'System'} ${eventOf(entry.event).words}`;
}

/** What happened last; nothing when nobody wrote it down. */
export function lastEvent(r) {
  return r.history?.filter(isTold).at(-1) ?? null;
}

function said(detail) {
  return detail ? html`<q class="said">${detail}</q>` : nothing;
}

/** Newest first. */
export function historyList(history) {
  const entries = history.filter(isTold).reverse();
  if (!entries.length) return nothing;
  return timeline(
    entries.map((entry) => ({
      state: { ...eventOf(entry.event), word: entry.to ?? '' },
      title: eventSentence(entry),
      text: html`${timeAgo(entry.at)}${said(entry.detail)}`,
    })),
    'History, newest first',
  );
}
