/* The buttons and the search around a log. */
import { html, nothing } from 'lit-html';
import { number } from '../lib/format.js';
import { icon } from './icon.js';

/**
 * A button of the bar; where there is little room its picture stands alone.
 * @param {{ title?: string, pressed?: boolean, disabled?: boolean }} [more]
 */
export function tool(picture, text, act, { title = text, pressed, disabled = false } = {}) {
  return html`<button
    type="button"
    class="btn btn-tool"
    title=${title}
    aria-pressed=${pressed === undefined ? nothing : String(pressed)}
    ?disabled=${disabled}
    @click=${act}
  >
    ${picture}<span>${text}</span>
  </button>`;
}

/**
 * @param {object} options
 * @param {string} options.query
 * @param {number[]} options.hits
 * @param {number} options.hit which of them is shown; -1: none
 * @param {(query: string) => void} options.search
 * @param {(by: 1 | -1) => void} options.step
 */
export function searchBox({ query, hits, hit, search, step }) {
  const place = hits.length ? `${number(hit + 1)} of ${number(hits.length)}` : 'No match';

  function key(event) {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    step(event.shiftKey ? -1 : 1);
  }

  return html`<label class="search">
      ${icon('magnifying-glass')}
      <span class="visually-hidden">Search in the log</span>
      <input
        type="search"
        data-search
        placeholder="Search in the log"
        autocomplete="off"
        spellcheck="false"
        @input=${(e) => search(e.target.value)}
        @keydown=${key}
      />
    </label>
    <span class="log-hits num" role="status">${query ? place : ''}</span>
    ${stepButton('Previous match', icon('chevron-up'), () => step(-1), hits)}
    ${stepButton('Next match', icon('chevron-down'), () => step(1), hits)}`;
}

function stepButton(label, picture, act, hits) {
  return html`<button
    type="button"
    class="btn btn-icon"
    aria-label=${label}
    ?disabled=${!hits.length}
    @click=${act}
  >
    ${picture}
  </button>`;
}
