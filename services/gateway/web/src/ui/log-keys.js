/*
 * The keys of a log. They work only while it has the focus (WCAG 2.1.4), and with them everything
 * that a mouse can do (WCAG 2.1.1). One table for what they do and for the help.
 */
import { html } from 'lit-html';
import { dialogFrame, openDialog } from './dialog.js';

/**
 * act   name of what happens, see `actOf`
 * on    key as the browser names it
 * shown what stands on it, where that is something else
 * text  what it does
 * small works in a compact log too
 */
const KEYS = [
  {
    act: 'next',
    on: 'ArrowDown',
    shown: '↓',
    text: 'Next line; with Shift, mark it too',
    small: true,
  },
  {
    act: 'previous',
    on: 'ArrowUp',
    shown: '↑',
    text: 'Line before; with Shift, mark it too',
    small: true,
  },
  { act: 'first', on: 'Home', text: 'First line', small: true },
  { act: 'last', on: 'End', text: 'Last line', small: true },
  { act: 'fold', on: 'ArrowLeft', shown: '←', text: 'Fold the task of this line', small: true },
  { act: 'unfold', on: 'ArrowRight', shown: '→', text: 'Unfold it', small: true },
  { act: 'toggle', on: 'Enter', text: 'Fold or unfold it', small: true },
  { act: 'unmark', on: 'Escape', shown: 'Esc', text: 'Take the mark away', small: true },
  { act: 'foldAll', on: 't', text: 'Tasks only' },
  { act: 'nextError', on: 'e', text: 'Next error' },
  { act: 'nextMatch', on: 'n', text: 'Next match of the search' },
  { act: 'previousMatch', on: 'N', shown: 'Shift N', text: 'Match before' },
  { act: 'follow', on: 'f', text: 'Follow new lines' },
  { act: 'wrap', on: 'w', text: 'Wrap long lines' },
  { act: 'help', on: '?', text: 'These keys', small: true },
];

/** @returns {string | undefined} what this key means in a log */
export function actOf({ key, ctrlKey, metaKey, altKey }, compact) {
  if (ctrlKey || metaKey || altKey) return undefined;
  return KEYS.find(({ on, small }) => on === key && (small || !compact))?.act;
}

export function showLogKeys(compact) {
  const keys = KEYS.filter(({ small }) => small || !compact);
  openDialog({
    label: 'Keys of the log',
    cls: 'dialog-box',
    view: ({ close }) =>
      dialogFrame({
        title: 'Keys of the log',
        close,
        body: html`<p>They work while the log has the focus.</p>
          <table class="keys">
            <tbody>
              ${keys.map(
                ({ on, shown, text }) =>
                  html`<tr>
                    <th scope="row">
                      <kbd>${shown ?? (on.length === 1 ? on.toUpperCase() : on)}</kbd>
                    </th>
                    <td>${text}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`,
        foot: html`<button type="button" class="btn btn-outline-secondary" @click=${close}>
          Close
        </button>`,
      }),
  });
}
