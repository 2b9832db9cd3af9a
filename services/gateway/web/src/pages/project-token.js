/* The token of a project. It goes one way only: nothing can read it back. */
import { html } from 'lit-html';
import { Form } from '../lib/form.js';
import { act } from '../ui/act.js';
import { textField } from '../ui/field.js';
import { icon } from '../ui/icon.js';

/** When to look whether Hetzner has said something about it, in seconds. */
const LOOKS = [1, 2, 4, 8];

export const TOKEN_RULE = { label: 'the token', required: true, min: 20, max: 200 };

export const tokenField = (form) =>
  textField(form, 'token', {
    label: 'Hetzner Cloud API token',
    type: 'password',
    autocomplete: 'new-password',
    max: 200,
    hint: html`${icon('lock')} With read and write rights. It is sealed at once and can never be
    shown again, only replaced.`,
  });

/**
 * @param {import('../lib/page.js').PageContext} ctx
 * @param {import('../lib/resource.js').Resource<any>} project
 */
export function replaceToken(ctx, project) {
  const p = project.data;
  const form = new Form({ values: { token: '' }, rules: { token: TOKEN_RULE } });
  act({
    title: `Replace the token of ${p.name}`,
    verb: 'Replace token',
    path: `/projects/${p.id}/token`,
    form,
    payload: () => ({ token: form.values.token.trim() }),
    body(redraw) {
      form.onChange = redraw;
      return html`<p>
          Use a token of the same project at Hetzner: the portal finds its servers with it. The
          present one is forgotten, and whatever waits for a token goes on.
        </p>
        ${tokenField(form)}`;
    },
    said: () => 'The token was replaced; it is checked now.',
    signal: ctx.signal,
    done() {
      for (const seconds of LOOKS) setTimeout(() => project.refresh(), seconds * 1000);
    },
  });
}
