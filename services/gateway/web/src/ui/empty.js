/* What a page says when there is nothing to show. */
import { html, nothing } from 'lit-html';
import { icon } from './icon.js';

/** Why it is empty, and the one thing to do about it. */
export function empty({ art, title, text, action = nothing }) {
  return html`<div class="empty">
    ${art}
    <h2>${title}</h2>
    <p>${text}</p>
    ${action}
  </div>`;
}

/** Nothing matches; there would be something without the filter. */
export function noMatch(query, clear) {
  return empty({
    art: icon('magnifying-glass', 'icon-art'),
    title: 'No match',
    text: query ? `Nothing was found for “${query}”.` : 'Nothing is in this state now.',
    action: html`<button type="button" class="btn btn-outline-secondary" @click=${clear}>
      Clear search and filter
    </button>`,
  });
}
