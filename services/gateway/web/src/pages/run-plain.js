/* The end of a log as plain text: for screen readers, and for the search of the browser. */
import { html } from 'lit-html';
import { number } from '../lib/format.js';
import { dialogFrame, openDialog } from '../ui/dialog.js';

const LINES = 1000;

/** @param {{ id: number }} run @param {{ lastLines(count: number): string }} log */
export function showPlainText(run, log) {
  const text = log.lastLines(LINES);
  openDialog({
    label: `Log of run ${run.id} as plain text`,
    cls: 'dialog-box dialog-log',
    view: ({ close }) =>
      dialogFrame({
        title: `Log of run #${run.id}`,
        close,
        body: html`<p>At most the last ${number(LINES)} lines. The download has all of them.</p>
          <pre tabindex="0">${text || 'No output yet.'}</pre>`,
        foot: html`<button type="button" class="btn btn-outline-secondary" @click=${close}>
          Close
        </button>`,
      }),
  });
}
