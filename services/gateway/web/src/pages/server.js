/* One server: what it is, where it is reached, what it costs, where it came from. */
import { html, nothing } from 'lit-html';
import { cityOf, loadCatalogue, sizeOf, typeOf } from '../lib/catalogue.js';
import { money } from '../lib/format.js';
import { copyButton } from '../ui/copy.js';
import { icon } from '../ui/icon.js';
import { facts, pageHead, panel, skeleton } from '../ui/parts.js';
import { whenLoaded } from '../ui/problem.js';
import { badge, serverBadge } from '../ui/state.js';
import { timeAgo, timeExact } from '../ui/time.js';
import { costTable } from './request-facts.js';

export default function serverPage(ctx) {
  const { id } = ctx.params;
  const server = ctx.resource(`/servers/${id}`, { topics: [`server/${id}`] });
  const catalogue = ctx.resource(loadCatalogue);

  function content(s) {
    return html`${pageHead({
        title: s.name,
        sub: html`${serverBadge(s)}
        ${s.created_at ? html`<span>Created ${timeAgo(s.created_at)}</span>` : nothing}`,
      })}
      ${offNote(s)} ${goneNote(s)}
      <div class="columns columns-main-side">
        <div class="column">
          ${panel({ title: 'Machine', body: facts(machine(s, catalogue.data)) })}
          ${'ipv4' in s ? panel({ title: 'Addresses', body: facts(addresses(s)) }) : nothing}
        </div>
        <div class="column">
          ${s.price ? panel({ title: 'Cost', body: costTable(s.price) }) : nothing}
          ${panel({ title: 'More about it', body: links(s, ctx) })}
        </div>
      </div>`;
  }

  return {
    get title() {
      return server.data?.name ?? `Server ${id}`;
    },
    get crumbs() {
      return [['Servers', '/servers'], [server.data?.name ?? `#${id}`]];
    },
    view: () => whenLoaded(server, () => content(server.data), skeleton('head', 'large')),
  };
}

/** Sales agents are shown less; what is not there is left out. @returns {[string, unknown][]} */
function machine(s, catalogue) {
  return [
    ['Plan', s.server_type ? plan(s, typeOf(catalogue, s.server_type)) : null],
    [
      'Location',
      s.location
        ? html`${cityOf(catalogue, s.location)} <span class="dim">${s.location}</span>`
        : null,
    ],
    ['Power', s.provider_status ? badge('power', s.provider_status) : null],
    ['In the portal', badge('server', s.state)],
    ['Client', s.client],
    ['Project', s.project.name],
    ['Created', s.created_at ? timeExact(s.created_at) : null],
  ];
}

function plan(s, type) {
  return html`${s.server_type.toUpperCase()}
  ${type ? html`<div class="dim">${sizeOf(type)}</div>` : nothing}`;
}

/** @returns {[string, unknown][]} */
function addresses(s) {
  const shown = (address, what) =>
    address ? html`<code>${address}</code> ${copyButton(address, what)}` : '–';
  return [
    ['IPv4', shown(s.ipv4, 'IPv4 address')],
    ['IPv6', shown(s.ipv6, 'IPv6 address')],
  ];
}

function links(s, ctx) {
  return html`<ul class="rows">
    ${
      s.request
        ? html`<li>
            ${icon('inbox')}<a class="row-main" href="/requests/${s.request.id}">
              Request #${s.request.id} it came from
            </a>
          </li>`
        : nothing
    }
    ${
      ctx.may('run_view')
        ? html`<li>
            ${icon('terminal')}<a class="row-main" href="/runs?server=${s.id}">
              Runs on this server
            </a>
          </li>`
        : nothing
    }
    ${
      ctx.may('project_view')
        ? html`<li>
            ${icon('folder-tree')}<a class="row-main" href="/projects/${s.project.id}">
              Project ${s.project.name}
            </a>
          </li>`
        : nothing
    }
  </ul>`;
}

/** The surprise people meet most often on a bill. */
function offNote(s) {
  if (s.provider_status !== 'off' || s.state !== 'managed') return nothing;
  const cost = s.price
    ? ` ${money(s.price.total_minor, s.price.currency)} per month`
    : ' its full price';
  return html`<p class="note note-wait">
    ${icon('power-off')}<span>
      This server is switched off and still costs${cost}. Only deleting it ends the cost.
    </span>
  </p>`;
}

function goneNote(s) {
  if (s.state !== 'gone') return nothing;
  return html`<p class="note note-bad">
    ${icon('triangle-exclamation')}
    <span
      >Hetzner no longer has this server. Somebody deleted it there, not through the portal.</span
    >
  </p>`;
}
