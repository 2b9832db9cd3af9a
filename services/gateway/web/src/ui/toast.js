/*
 * Short messages at the bottom. A success goes after six seconds; an error stays until it is
 * closed, because nobody should have to read fast.
 */
import { html, render } from 'lit-html';
import { icon } from './icon.js';

const SHOWN_MS = 6000;

const KINDS = {
  good: { icon: 'circle-check', role: 'status' },
  info: { icon: 'circle-info', role: 'status' },
  bad: { icon: 'triangle-exclamation', role: 'alert' },
};

/**
 * @param {string} text
 * @param {{ kind?: keyof typeof KINDS, link?: { href: string, text: string } }} [options]
 */
export function toast(text, { kind = 'good', link } = {}) {
  const box = document.createElement('div');
  box.className = `toast-line is-${kind}`;
  box.setAttribute('role', KINDS[kind].role);
  const close = () => box.remove();

  render(
    html`${icon(KINDS[kind].icon)}
      <span>${text}</span>
      ${link ? html`<a href=${link.href} @click=${close}>${link.text}</a>` : ''}
      <button type="button" class="btn btn-icon" aria-label="Close message" @click=${close}>
        ${icon('xmark')}
      </button>`,
    box,
  );
  toastRoot().append(box);
  if (kind !== 'bad') setTimeout(close, SHOWN_MS);
  return close;
}

/** Inside an open dialog, so that it is neither covered nor out of reach. */
function toastRoot() {
  const root = document.getElementById('toasts');
  const dialog = [...document.querySelectorAll('dialog[open]')].at(-1);
  const home = dialog ?? document.body;
  if (root.parentElement !== home) home.append(root);
  return root;
}
