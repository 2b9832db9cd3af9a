/*
 * Native <dialog> with lit content. The browser keeps the focus inside, closes on Escape and
 * gives the focus back.
 */
import { html, nothing, render } from 'lit-html';
import { icon } from './icon.js';

/**
 * @typedef {{ close: () => void, redraw: () => void, element: HTMLDialogElement }} Dialog
 *
 * @param {object} options
 * @param {string} options.label what a screen reader calls it
 * @param {string} [options.cls]
 * @param {(dialog: Dialog) => unknown} options.view
 * @param {() => boolean} [options.mayClose] false: Escape and a click outside do nothing now
 * @param {() => void} [options.onClose]
 */
export function openDialog({ label, cls = '', view, mayClose = () => true, onClose = () => {} }) {
  const element = document.createElement('dialog');
  element.className = cls;
  element.setAttribute('aria-label', label);

  const handle = {
    element,
    close: () => element.close(),
    redraw: () => render(view(handle), element),
  };
  element.addEventListener('cancel', (event) => {
    if (!mayClose()) event.preventDefault();
  });
  element.addEventListener('mousedown', (event) => {
    if (event.target === element && mayClose()) element.close();
  });
  element.addEventListener('close', () => {
    rescueToasts(element);
    element.remove();
    onClose();
  });

  document.body.append(element);
  handle.redraw();
  element.showModal();
  return handle;
}

/** Messages may have moved into the dialog (toast.js); they outlive it. */
function rescueToasts(element) {
  const toasts = element.querySelector('#toasts');
  if (toasts) document.body.append(toasts);
}

/**
 * The usual inside of a dialog.
 * @param {{ title: string, close?: () => void, body: unknown, foot: unknown }} parts
 */
export function dialogFrame({ title, close, body, foot }) {
  return html`<header class="dialog-head">
      <h2>${title}</h2>
      ${
        close
          ? html`<button type="button" class="btn btn-icon" aria-label="Close" @click=${close}>
              ${icon('xmark')}
            </button>`
          : nothing
      }
    </header>
    <div class="dialog-body">${body}</div>
    <footer class="dialog-foot">${foot}</footer>`;
}

/** Another page comes: questions about this one are void. */
export function closeDialogs() {
  for (const element of document.querySelectorAll('dialog[open]')) element.close();
}
