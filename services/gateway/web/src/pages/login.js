/* Sign in. Says what is wrong and how long to wait; never whether a user name exists. */
import { html, nothing } from 'lit-html';
import { ApiError } from '../lib/errors.js';
import { focusFirstProblem, Form } from '../lib/form.js';
import { readQuery, safePath } from '../lib/query.js';
import { go } from '../lib/router.js';
import { signIn } from '../lib/session.js';
import { textField } from '../ui/field.js';
import { icon } from '../ui/icon.js';
import { errorNote } from '../ui/problem.js';

const RULES = {
  username: { label: 'your user name', required: true, max: 64 },
  password: { label: 'your password', required: true, max: 256 },
  totp: {
    label: 'the code',
    check: (code) => (/^\d{6}$/.test(code) ? null : 'The code has six digits.'),
  },
};

export default function loginPage(ctx) {
  const { next } = readQuery(location.search, { next: '' });
  let withCode = false;
  let waitUntil = 0;
  let ticker = 0;

  const form = new Form({
    values: { username: '', password: '', totp: '' },
    rules: RULES,
    onChange: ctx.redraw,
  });
  ctx.onEnd(() => clearInterval(ticker));

  async function send(event) {
    event.preventDefault();
    if (form.busy || secondsLeft()) return;
    if (!form.check()) return focusFirstProblem(event.target);

    const { username, password, totp } = form.values;
    form.begin();
    try {
      await signIn({ username: username.trim(), password, ...(totp && { totp }) });
      if (!ctx.signal.aborted) go(safePath(next), { replace: true });
    } catch (error) {
      failed(error, event.target);
    }
  }

  function failed(error, element) {
    if (!(error instanceof ApiError)) throw error;
    if (error.fields.totp) withCode = true;
    form.settle(error);
    waitFor(error.retryAfter);
    focusFirstProblem(element);
  }

  function waitFor(seconds) {
    if (!seconds) return;
    waitUntil = Date.now() + seconds * 1000;
    clearInterval(ticker);
    ticker = setInterval(() => {
      if (!secondsLeft()) clearInterval(ticker);
      ctx.redraw();
    }, 1000);
  }

  const secondsLeft = () => Math.max(0, Math.ceil((waitUntil - Date.now()) / 1000));

  function buttonText() {
    if (form.busy) return 'Signing in…';
    return secondsLeft() ? `Try again in ${secondsLeft()} s` : 'Sign in';
  }

  const codeField = () =>
    textField(form, 'totp', {
      label: 'Code',
      hint: 'Six digits from your authenticator app.',
      autocomplete: 'one-time-code',
      inputmode: 'numeric',
      max: 6,
    });

  return {
    title: 'Sign in',
    start: () => document.getElementById('f-username')?.focus(),
    view: () =>
      html`<div class="login">
        <main class="login-card" id="main" tabindex="-1">
          <div class="brand">${icon('cubes')}<span>Provision</span></div>
          <h1>Sign in</h1>
          <p class="dim">Order, approve and run your servers in one place.</p>
          <form novalidate @submit=${send}>
            ${Object.keys(form.errors).length ? nothing : errorNote(form.error)}
            ${textField(form, 'username', { label: 'User name', autocomplete: 'username' })}
            ${textField(form, 'password', {
              label: 'Password',
              type: 'password',
              autocomplete: 'current-password',
            })}
            ${withCode ? codeField() : nothing}
            <button class="btn btn-primary btn-lg" ?disabled=${form.busy || secondsLeft() > 0}>
              ${buttonText()}
            </button>
          </form>
        </main>
      </div>`,
  };
}
