/* What the chosen machine costs, always in sight while ordering. */
import { html, nothing } from 'lit-html';
import { cityOf } from '../lib/catalogue.js';
import { money, moneyMicro } from '../lib/format.js';
import { timeAgo } from '../ui/time.js';

/** @param {{ catalogue: any, type: any, price: any, problem: string | null }} chosen */
export function costBox({ catalogue, type, price, problem }, values) {
  return html`<section class="panel cost-box" aria-label="Cost">
    <div class="panel-head"><h2>Cost</h2></div>
    ${
      price && !problem
        ? rows(catalogue, type, price, values)
        : html`<p class="panel-text dim">${problem ?? 'Choose a plan to see what it costs.'}</p>`
    }
  </section>`;
}

function rows(catalogue, type, price, values) {
  const line = (name, minor) =>
    html`<tr>
      <th scope="row">${name}</th>
      <td>${money(minor, price.currency)}</td>
    </tr>`;
  return html`<p class="cost-what">
      <b>${type.description}</b> in ${cityOf(catalogue, values.location)}
    </p>
    <table class="cost">
      <caption class="visually-hidden">
        Cost of the server
      </caption>
      <tbody>
        ${line('Server', price.serverMinor)} ${line('Public IPv4 address', price.ipv4Minor)}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">Per month</th>
          <td class="cost-total" aria-live="polite">${money(price.totalMinor, price.currency)}</td>
        </tr>
      </tfoot>
    </table>
    <p class="panel-note">
      About ${moneyMicro(price.hourMicro, price.currency)} per hour. Net, without VAT.
      ${catalogue.synced_at ? html`Prices of Hetzner, ${timeAgo(catalogue.synced_at)}.` : nothing}
    </p>`;
}
