/* Times for people: relative in lists, exact in the title and in details. */
import { html } from 'lit-html';
import { ago, exact } from '../lib/format.js';

export function timeAgo(iso) {
  if (!iso) return '–';
  return html`<time datetime=${iso} title=${exact(iso)}>${ago(iso)}</time>`;
}

export function timeExact(iso) {
  if (!iso) return '–';
  return html`<time datetime=${iso} title=${ago(iso)}>${exact(iso)}</time>`;
}
