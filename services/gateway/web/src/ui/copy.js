/* A button that copies a text. */
import { html } from 'lit-html';
import { icon } from './icon.js';
import { toast } from './toast.js';

export async function copyText(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied.`);
  } catch {
    toast('The browser did not allow copying. Select the text and copy it yourself.', {
      kind: 'bad',
    });
  }
}

/** @param {string} what named in the message, like "Address" */
export function copyButton(text, what) {
  return html`<button
    type="button"
    class="btn btn-icon btn-copy"
    aria-label="Copy ${what.toLowerCase()}"
    title="Copy"
    @click=${() => copyText(text, what)}
  >
    ${icon('copy')}
  </button>`;
}
