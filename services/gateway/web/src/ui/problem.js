/* Pages and lines for what went wrong: what happened, what it means, what to do. */
import { html, nothing } from 'lit-html';
import { clock } from '../lib/format.js';
import { icon } from './icon.js';
import { skeleton } from './parts.js';

const PAGES = {
  offline: {
    icon: 'plug-circle-xmark',
    title: 'The portal cannot be reached',
    text: 'Your connection or the portal is down. This page tries again by itself.',
  },
  403: {
    icon: 'lock',
    title: 'You may not see this page',
    text: 'Your account does not have the right for it. Ask an administrator if you need it.',
  },
  404: {
    icon: 'signs-post',
    title: 'This page does not exist',
    text: 'It may have been removed, the address may be wrong, or it is not for your account.',
  },
  429: {
    icon: 'hourglass-half',
    title: 'Too many questions at once',
    text: 'The portal slows this account down for a moment. This page tries again by itself.',
  },
  503: {
    icon: 'hourglass-half',
    title: 'The service is busy',
    text: 'It is starting, or has more to do than it can. This page tries again by itself.',
  },
  500: {
    icon: 'triangle-exclamation',
    title: 'The portal could not show this page',
    text: 'Something failed on our side. Try again; if it stays, tell an administrator the number.',
  },
};

function pageOf(error) {
  if (error.offline) return PAGES.offline;
  return PAGES[error.status] ?? PAGES[error.status >= 500 ? 500 : 404];
}

/**
 * @param {() => void} [retry]
 * @param {{ within?: boolean }} [options] within: the page has a title of its own
 */
export function errorPage(error, retry, { within = false } = {}) {
  const page = pageOf(error);
  return html`<div class="error-page">
    ${icon(page.icon, 'icon-art')}
    ${within ? html`<h2>${page.title}</h2>` : html`<h1>${page.title}</h1>`}
    <p>${page.text}</p>
    ${
      error.correlation
        ? html`<p class="error-number">Number of this error: <code>${error.correlation}</code></p>`
        : nothing
    }
    <div class="error-actions">
      ${
        retry && error.temporary
          ? html`<button type="button" class="btn btn-primary" @click=${retry}>
              ${icon('rotate-right')} Try again
            </button>`
          : nothing
      }
      <a class="btn btn-outline-secondary" href="/">Back to the dashboard</a>
    </div>
  </div>`;
}

/**
 * The body of a page that stands on one resource: skeleton, error page or content.
 * @param {import('../lib/resource.js').Resource<any>} resource
 * @param {() => unknown} content
 * @param {unknown} [waiting]
 * @param {{ within?: boolean }} [options]
 */
export function whenLoaded(resource, content, waiting = skeleton('head', 'large'), options = {}) {
  const { data, error } = resource;
  const final = error && !error.temporary;
  if (error && (final || !data)) return errorPage(error, () => resource.load(), options);
  if (!data) return waiting;
  return html`${staleLine(resource)}${content()}`;
}

/** Data is shown, but the last look at the service failed. */
function staleLine(resource) {
  if (!resource.error) return nothing;
  return html`<p class="note note-wait" role="status">
    ${icon('clock-rotate-left')}
    <span>This is as of ${clock(resource.loadedAt)}. ${resource.error.message}</span>
    <button type="button" class="btn btn-sm btn-link" @click=${() => resource.load()}>
      Try again
    </button>
  </p>`;
}

/** An error within a form or dialog. */
export function errorNote(error) {
  if (!error) return nothing;
  return html`<div class="note note-bad" role="alert" tabindex="-1">
    ${icon('triangle-exclamation')}
    <div>
      ${error.message}
      ${
        error.correlation && error.status >= 500
          ? html`<small class="d-block">
              Number of this error: <code>${error.correlation}</code>
            </small>`
          : nothing
      }
    </div>
  </div>`;
}
