/*
 * A dialog that asks once more and then changes something. It says what will happen, what it
 * costs and what stays; its button names the act; it keeps what was typed when the service says no.
 *
 *   act({ title: 'Reject request #7?', verb: 'Reject request', tone: 'danger',
 *         path: '/requests/7/reject', form, payload: () => ({ … }), body: () => html`…`,
 *         said: () => 'Request #7 is rejected.', signal: ctx.signal,
 *         done: (request) => …, changed: () => resource.load() })
 */
import { html, nothing } from 'lit-html';
import { submit, Submission } from '../lib/command.js';
import { ApiError } from '../lib/errors.js';
import { focusFirstProblem } from '../lib/form.js';
import { dialogFrame, openDialog } from './dialog.js';
import { icon } from './icon.js';
import { errorNote } from './problem.js';
import { toast } from './toast.js';

const TONES = { good: 'btn-success', primary: 'btn-primary', danger: 'btn-danger' };

/**
 * @param {object} options
 * @param {string} options.title
 * @param {string} options.verb text of the button
 * @param {keyof typeof TONES} [options.tone]
 * @param {string} [options.cls]
 * @param {string} options.path
 * @param {() => unknown} options.payload
 * @param {(redraw: () => void) => unknown} options.body
 * @param {import('../lib/form.js').Form} [options.form] checked before sending, gets the problems
 * @param {() => boolean} [options.ready] false: the button is not available yet
 * @param {(result: any) => string} options.said what a person reads when it is done
 * @param {(result: any) => void} options.done only called while the page that asked is there
 * @param {AbortSignal} options.signal the end of that page
 * @param {(error: ApiError) => unknown} [options.changed] the object is not what it was; returns a
 *   sentence about what it is now, or a promise of one. Only called while that page is there, too.
 */
export function act(options) {
  return new Act(options).open();
}

class Act {
  #options;
  #dialog = null;
  #submission = new Submission();
  #busy = false;
  #error = null;
  /** What became of the object, after a conflict. */
  #conflict = null;
  #waitUntil = 0;
  #ticker = 0;

  constructor(options) {
    this.#options = { tone: 'primary', ready: () => true, cls: '', ...options };
  }

  open() {
    this.#dialog = openDialog({
      label: this.#options.title,
      cls: `dialog-box ${this.#options.cls}`,
      view: () => this.#view(),
      mayClose: () => !this.#busy,
      onClose: () => clearInterval(this.#ticker),
    });
    this.#focus();
    return this.#dialog;
  }

  /** The first field; without one the safe button, so that Enter does no harm. */
  #focus() {
    const { element } = this.#dialog;
    const field = element.querySelector('.dialog-body :is(input, textarea, select)');
    (field ?? element.querySelector('[data-safe]')).focus();
  }

  #view() {
    const { title, body } = this.#options;
    const close = () => this.#dialog.close();
    if (this.#conflict) return this.#conflictView(close);
    return html`<form novalidate @submit=${(e) => this.#send(e)}>
      ${dialogFrame({
        title,
        body: html`${body(() => this.#dialog.redraw())} ${errorNote(this.#generalError())}`,
        foot: this.#buttons(close),
      })}
    </form>`;
  }

  /** Problems that are shown at a field need no second place. */
  #generalError() {
    const { form } = this.#options;
    const atFields =
      this.#error?.errors.length && this.#error.errors.every((e) => form?.errors[e.field]);
    return atFields ? null : this.#error;
  }

  #buttons(close) {
    const { verb, tone, ready } = this.#options;
    const wait = this.#secondsLeft();
    return html`<button
        type="button"
        class="btn btn-outline-secondary"
        data-safe
        ?disabled=${this.#busy}
        @click=${close}
      >
        Cancel
      </button>
      <button class="btn ${TONES[tone]}" ?disabled=${this.#busy || wait > 0 || !ready()}>
        ${this.#busy ? icon('rotate', 'is-turning') : nothing}
        ${wait > 0 ? `Try again in ${wait} s` : verb}
      </button>`;
  }

  #conflictView(close) {
    return dialogFrame({
      title: 'This has changed in the meantime',
      body: html`<p>${this.#conflict}</p>
        <p>Nothing was done. The page now shows the newest state.</p>`,
      foot: html`<button type="button" class="btn btn-primary" @click=${close}>Look at it</button>`,
    });
  }

  async #send(event) {
    event.preventDefault();
    const { form, path, payload, ready } = this.#options;
    if (this.#busy || !ready()) return;
    if (form && !form.check()) {
      this.#dialog.redraw();
      focusFirstProblem(this.#dialog.element);
      return;
    }

    const body = payload();
    this.#set({ busy: true, error: null });
    try {
      const key = this.#submission.keyFor(body);
      const result = await submit(path, body, { key, onAccepted: () => this.#accepted() });
      this.#submission.settle();
      this.#succeed(result);
    } catch (error) {
      this.#submission.settle(error);
      this.#fail(error);
    }
  }

  /**
   * The command is safe with the service; nobody has to wait in front of a dialog. What came of it
   * is said wherever the person is then.
   */
  #accepted() {
    this.#busy = false;
    this.#dialog.close();
    toast('Accepted. The service is busy; this page updates itself.', { kind: 'info' });
  }

  #succeed(result) {
    this.#busy = false;
    this.#dialog.close();
    const { said, done, signal } = this.#options;
    toast(said(result));
    if (!signal.aborted) done(result);
  }

  async #fail(error) {
    if (!(error instanceof ApiError)) throw error;
    const { form, changed, signal } = this.#options;
    if (error.status === 409 && changed && !signal.aborted) {
      const sentence = (await changed(error)) || error.message;
      if (this.#isOpen()) this.#set({ busy: false, conflict: sentence });
      else toast(sentence, { kind: 'bad' });
      return;
    }
    if (!this.#isOpen()) {
      toast(error.message, { kind: 'bad' });
      return;
    }
    form?.settle(error);
    this.#waitFor(error.retryAfter);
    this.#set({ busy: false, error });
    focusFirstProblem(this.#dialog.element);
  }

  #isOpen() {
    return this.#dialog.element.open;
  }

  #set({ busy = this.#busy, error = this.#error, conflict = this.#conflict }) {
    this.#busy = busy;
    this.#error = error;
    this.#conflict = conflict;
    this.#dialog.redraw();
  }

  #secondsLeft() {
    return Math.max(0, Math.ceil((this.#waitUntil - Date.now()) / 1000));
  }

  #waitFor(seconds) {
    if (!seconds) return;
    this.#waitUntil = Date.now() + seconds * 1000;
    clearInterval(this.#ticker);
    this.#ticker = setInterval(() => {
      if (!this.#secondsLeft()) clearInterval(this.#ticker);
      this.#dialog.redraw();
    }, 1000);
  }
}
