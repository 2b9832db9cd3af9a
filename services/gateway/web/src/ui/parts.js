/* Small pieces that most pages are made of. */
import { html, nothing } from 'lit-html';

/**
 * Title line of a page.
 * @param {{ title: unknown, sub?: unknown, actions?: unknown }} parts
 */
export function pageHead({ title, sub = nothing, actions = nothing }) {
  return html`<div class="page-head">
    <div class="page-head-text">
      <h1>${title}</h1>
      ${sub === nothing ? nothing : html`<div class="page-sub">${sub}</div>`}
    </div>
    ${actions === nothing ? nothing : html`<div class="page-actions">${actions}</div>`}
  </div>`;
}

/**
 * A framed part of a page with a heading.
 * @param {{ title: string, more?: unknown, body: unknown, cls?: string }} parts
 */
export function panel({ title, more = nothing, body, cls = '' }) {
  return html`<section class="panel ${cls}" aria-label=${title}>
    <div class="panel-head">
      <h2>${title}</h2>
      ${more}
    </div>
    ${body}
  </section>`;
}

/**
 * Names and values. Rows without a value are left out.
 * @param {[string, unknown][]} rows
 */
export function facts(rows, cls = '') {
  const known = rows.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return html`<dl class="facts ${cls}">
    ${known.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** Grey blocks of the size of what is coming. */
export function skeleton(...heights) {
  return html`<div class="skeletons" aria-busy="true">
    <span class="visually-hidden">Loading</span>
    ${heights.map((h) => html`<div class="skeleton skeleton-${h}"></div>`)}
  </div>`;
}
