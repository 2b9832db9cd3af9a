/* The way to a new request, for those who may make one. */
import { html, nothing } from 'lit-html';
import { icon } from '../ui/icon.js';

/** @param {import('../lib/page.js').PageContext} ctx */
export function newRequestButton(ctx) {
  if (!ctx.may('request_create')) return nothing;
  return html`<a class="btn btn-primary" href="/requests/new">${icon('plus')} New request</a>`;
}
