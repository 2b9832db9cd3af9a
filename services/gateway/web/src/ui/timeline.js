/* What happened and what is to come, one under the other. */
import { html, nothing } from 'lit-html';
import { icon } from './icon.js';

/**
 * @typedef {object} Moment
 * @property {{ icon: string, tone: string, turns?: boolean, word: string }} state from STATES
 * @property {unknown} title
 * @property {unknown} [text] below the title
 * @property {unknown} [side] at the end of the line: when, how long
 * @property {boolean} [now] this is where things stand
 */

/** @param {Moment[]} moments */
export function timeline(moments, label) {
  return html`<ol class="timeline" aria-label=${label}>
    ${moments.map(
      ({ state, title, text, side, now }) =>
        html`<li class="tone-${state.tone}" aria-current=${now ? 'step' : nothing}>
          <span class="timeline-dot">${icon(state.icon, state.turns ? 'is-turning' : '')}</span>
          <div class="timeline-text">
            <b>${title}</b><span class="visually-hidden">, ${state.word}</span>
            ${text ? html`<div class="timeline-more">${text}</div>` : nothing}
          </div>
          ${side ? html`<span class="timeline-side num">${side}</span>` : nothing}
        </li>`,
    )}
  </ol>`;
}
