/* One project: its budget, its token and key, where its servers are. */
import { html, nothing } from 'lit-html';
import { money, number, plural } from '../lib/format.js';
import { copyButton } from '../ui/copy.js';
import { icon } from '../ui/icon.js';
import { stack } from '../ui/meter.js';
import { facts, pageHead, panel, skeleton } from '../ui/parts.js';
import { whenLoaded } from '../ui/problem.js';
import { badge } from '../ui/state.js';
import { replaceToken } from './project-token.js';
import { ENVIRONMENTS } from './project-words.js';

/** What a token that does not work means for the project. */
const TOKEN_NOTES = {
  missing: 'This project has no Hetzner token, so nothing can be built in it.',
  invalid:
    'Hetzner refuses the token of this project. It needs a new one before anything can be built.',
  readonly: 'The token of this project may only read. Servers cannot be created with it.',
};

export default function projectPage(ctx) {
  const { id } = ctx.params;
  const project = ctx.resource(`/projects/${id}`, { topics: ['requests'] });

  function content(p) {
    return html`${pageHead({
        title: p.name,
        sub: html`${p.state ? badge('project', p.state) : nothing}
        ${p.description ? html`<span>${p.description}</span>` : nothing}`,
        actions: p.can?.request
          ? html`<a class="btn btn-primary" href="/requests/new?project=${p.id}">
              ${icon('plus')} New request
            </a>`
          : nothing,
      })}
      ${tokenNote(p)}
      <div class="columns columns-main-side">
        <div class="column">
          ${p.committed_minor === undefined ? nothing : panel({ title: 'Budget', body: budget(p) })}
          ${p.token_state ? panel({ title: 'Access', body: access(ctx, project) }) : nothing}
        </div>
        <div class="column">
          ${panel({ title: 'About it', body: facts(about(p)) })}
          ${panel({ title: 'In this project', body: links(p) })}
        </div>
      </div>`;
  }

  return {
    get title() {
      return project.data?.name ?? `Project ${id}`;
    },
    get crumbs() {
      return [['Projects', '/projects'], [project.data?.name ?? `#${id}`]];
    },
    view: () => whenLoaded(project, () => content(project.data), skeleton('head', 'large')),
  };
}

function tokenNote(p) {
  const text = TOKEN_NOTES[p.token_state];
  return text ? html`<p class="note note-bad">${icon('key')}<span>${text}</span></p>` : nothing;
}

function budget(p) {
  const used = p.committed_minor + p.reserved_minor;
  const limit = p.budget_minor;
  const left = limit ? limit - used : null;
  const row = (tone, name, minor) =>
    html`<tr>
      <th scope="row"><i class="swatch tone-${tone}"></i>${name}</th>
      <td>${money(minor, p.currency)}</td>
    </tr>`;
  return html`<div class="budget-head">
      <strong class="num">${money(used, p.currency)}</strong>
      <span class="dim">
        ${limit ? `of ${money(limit, p.currency)} per month` : 'per month, no limit'}
      </span>
    </div>
    ${
      limit
        ? html`<div class="budget-bar">
            ${stack(
              [
                { value: p.committed_minor, tone: 'approved' },
                { value: p.reserved_minor, tone: 'pending' },
              ],
              limit,
              `${money(used, p.currency)} of ${money(limit, p.currency)} used or reserved`,
            )}
          </div>`
        : nothing
    }
    <table class="cost">
      <caption class="visually-hidden">
        Budget per month
      </caption>
      <tbody>
        ${row('approved', 'Running servers', p.committed_minor)}
        ${row('pending', 'Reserved for approved requests', p.reserved_minor)}
      </tbody>
      ${
        left === null
          ? nothing
          : html`<tfoot>
              <tr>
                <th scope="row">${left < 0 ? 'Above the budget' : 'Left'}</th>
                <td class=${left < 0 ? 'text-bad' : ''}>${money(Math.abs(left), p.currency)}</td>
              </tr>
            </tfoot>`
      }
    </table>
    <p class="panel-note">Net, without VAT.</p>`;
}

function access(ctx, project) {
  const p = project.data;
  return html`<dl class="facts facts-one">
    <div>
      <dt>Hetzner token</dt>
      <dd>
        ${badge('token', p.token_state)}
        <div class="dim">Stored sealed; nobody can read it, it can only be replaced.</div>
        ${
          p.can?.token
            ? html`<button
                type="button"
                class="btn btn-sm btn-outline-secondary"
                @click=${() => replaceToken(ctx, project)}
              >
                ${icon('key')} Replace token…
              </button>`
            : nothing
        }
      </dd>
    </div>
    <div>
      <dt>SSH key of the project</dt>
      <dd>
        ${
          p.ssh_public_key
            ? html`<div class="key">
                <code>${p.ssh_public_key}</code>${copyButton(p.ssh_public_key, 'SSH key')}
              </div>`
            : html`<span class="dim">Being made. It appears here in a moment.</span>`
        }
      </dd>
    </div>
  </dl>`;
}

/** @returns {[string, unknown][]} */
function about(p) {
  return [
    ['Used for', ENVIRONMENTS[p.environment] ?? p.environment],
    ['Servers', p.servers === undefined ? null : number(p.servers)],
    [
      'Sales agents',
      p.open_for_sales === undefined
        ? null
        : p.open_for_sales
          ? 'May request servers'
          : 'Do not see it',
    ],
  ];
}

function links(p) {
  return html`<ul class="rows">
    <li>
      ${icon('server')}<a class="row-main" href="/servers?project=${p.id}">
        ${p.servers === undefined ? 'Servers' : plural(p.servers, 'server')}
      </a>
    </li>
    <li>${icon('inbox')}<a class="row-main" href="/requests?project=${p.id}">Requests</a></li>
  </ul>`;
}
