/* The buttons of a request and the dialogs behind them. `can` decides which there are. */
import { html, nothing } from 'lit-html';
import { get } from '../lib/api.js';
import { ago, money } from '../lib/format.js';
import { Form } from '../lib/form.js';
import { act } from '../ui/act.js';
import { textArea, textField } from '../ui/field.js';
import { icon } from '../ui/icon.js';
import { facts } from '../ui/parts.js';
import { stateOf } from '../ui/state.js';
import { eventSentence, lastEvent } from './request-facts.js';

const MOST_ATTEMPTS = 5;

/**
 * @param {import('../lib/page.js').PageContext} ctx
 * @param {import('../lib/resource.js').Resource<any>} request
 */
export function requestActs(ctx, request) {
  /** What all of them share. */
  function ask(r, name, options) {
    return act({
      path: `/requests/${r.id}/${name}`,
      signal: ctx.signal,
      changed: () => whatIsNow(request),
      done(result) {
        if (result?.state) request.set(result);
        else request.refresh();
      },
      ...options,
    });
  }

  function approve(r) {
    let project = null;
    const dialog = ask(r, 'approve', {
      title: `Approve request #${r.id}?`,
      verb: 'Approve and deploy',
      tone: 'good',
      said: () => `Request #${r.id} is approved.`,
      payload: () => ({ version: r.version }),
      body: () =>
        html`<p>
            The portal creates the server at Hetzner and sets it up. This takes a few minutes and
            costs money from then on.
          </p>
          ${facts([
            ['Server', r.name],
            ['Plan', `${r.server_type.toUpperCase()} in ${r.location}`],
            ['Client', r.client],
            ['Project', r.project.name],
            ['Per month', html`<b>${money(r.price.total_minor, r.price.currency)}</b> net`],
            ['Asked for by', r.requester.name],
          ])}
          ${budgetEffect(project, r)}`,
    });
    get(`/projects/${r.project.id}`).then(
      (found) => {
        project = found;
        if (dialog.element.open) dialog.redraw();
      },
      () => {}, // only a help for the decision; the service checks the budget itself
    );
  }

  function provision(r) {
    ask(r, 'provision', {
      title: `Start the deployment of ${r.name}?`,
      verb: 'Start deployment',
      tone: 'good',
      said: () => 'The deployment starts.',
      payload: () => ({ version: r.version }),
      body: () =>
        html`<p>
          The portal creates the server at Hetzner. It costs
          ${money(r.price.total_minor, r.price.currency)} per month, net, from then on.
        </p>`,
    });
  }

  function reject(r) {
    const form = reasonForm({ min: 5, required: true });
    ask(r, 'reject', {
      title: `Reject request #${r.id}?`,
      verb: 'Reject request',
      tone: 'danger',
      said: () => `Request #${r.id} is rejected.`,
      form,
      payload: () => ({ version: r.version, reason: form.values.reason.trim() }),
      body: (redraw) =>
        html`<p>This is final. ${r.requester.name} gets your reason.</p>
          ${reasonField(form, redraw, { label: 'Reason', hint: '5 to 1,000 characters.' })}`,
    });
  }

  function cancel(r) {
    const form = reasonForm({});
    const building = r.state === 'deploying';
    ask(r, 'cancel', {
      title: building ? `Stop the deployment of ${r.name}?` : `Cancel request #${r.id}?`,
      verb: building ? 'Stop deployment' : 'Cancel request',
      tone: 'danger',
      said: () =>
        building ? 'The deployment is being stopped.' : `Request #${r.id} is cancelled.`,
      form,
      payload: () => {
        const reason = form.values.reason.trim();
        return { version: r.version, ...(reason && { reason }) };
      },
      body: (redraw) =>
        html`<p>
            ${
              building
                ? 'What was built so far for this request is removed, the server included.'
                : 'This is final. To ask again, make a new request.'
            }
          </p>
          ${reasonField(form, redraw, { label: 'Reason', optional: true })}`,
    });
  }

  function retry(r) {
    const label = r.steps?.find((s) => s.step === r.failure?.step)?.label;
    ask(r, 'retry', {
      title: `Try ${r.name} again?`,
      verb: 'Try again',
      tone: 'primary',
      said: () => 'The deployment goes on.',
      payload: () => ({ version: r.version }),
      body: () =>
        html`<p>
          The deployment goes on at ${label ? html`<b>${label}</b>` : 'the step that failed'}. What
          was built already stays. This is attempt ${r.attempt + 1} of ${MOST_ATTEMPTS}.
        </p>`,
    });
  }

  function rollback(r) {
    const name = r.server?.name ?? r.name;
    const form = new Form({ values: { name: '' }, rules: {} });
    const dialog = ask(r, 'rollback', {
      title: `Roll back ${r.name}?`,
      verb: 'Delete and roll back',
      tone: 'danger',
      said: () => 'The rollback has started.',
      form,
      ready: () => form.values.name === name,
      payload: () => ({ version: r.version, name: form.values.name }),
      body: (redraw) =>
        html`<ul class="loses">
            <li>
              ${icon('trash')}<span>
                The server <b>${name}</b> and everything on it is deleted at Hetzner.
              </span>
            </li>
            <li>
              ${icon('coins')}<span>
                Its cost of ${money(r.price.total_minor, r.price.currency)} per month ends.
              </span>
            </li>
            <li>
              ${icon('check')}<span>This request and its history stay, marked as cancelled.</span>
            </li>
          </ul>
          <p>This cannot be undone.</p>
          ${nameField(form, redraw, {
            label: html`Type <code>${name}</code> to confirm`,
            placeholder: name,
          })}`,
    });
    dialog.element.querySelector('[data-safe]').focus();
  }

  /** In the order of the page: the expected act last, where the eye ends. */
  const BUTTONS = [
    {
      can: 'cancel',
      run: cancel,
      cls: 'btn-outline-secondary',
      text: (r) => (r.state === 'deploying' ? 'Stop…' : 'Cancel request…'),
    },
    { can: 'rollback', run: rollback, cls: 'btn-outline-danger', text: () => 'Roll back…' },
    { can: 'reject', run: reject, cls: 'btn-outline-danger', text: () => 'Reject…' },
    { can: 'retry', run: retry, cls: 'btn-primary', text: () => 'Try again…' },
    { can: 'approve', run: approve, cls: 'btn-success', text: () => 'Approve…' },
    { can: 'provision', run: provision, cls: 'btn-success', text: () => 'Start deployment…' },
  ];

  return {
    buttons(r) {
      const allowed = BUTTONS.filter(({ can }) => r.can?.[can] === true);
      if (!allowed.length) return nothing;
      return allowed.map(
        ({ run, cls, text }) =>
          html`<button type="button" class="btn ${cls}" @click=${() => run(r)}>${text(r)}</button>`,
      );
    },
  };
}

/** What the approval does to the budget of the project. */
function budgetEffect(project, r) {
  if (!project?.budget_minor) return nothing;
  const shown = (minor) => money(minor, project.currency);
  const used = project.committed_minor + project.reserved_minor + r.price.total_minor;
  const left = project.budget_minor - used;
  if (left < 0) {
    return html`<p class="text-bad">
      This is ${shown(-left)} more than the budget of the project has left.
    </p>`;
  }
  return html`<p>
    ${shown(left)} of the project's ${shown(project.budget_minor)} per month are left after this.
  </p>`;
}

function reasonForm({ min, required }) {
  return new Form({
    values: { reason: '' },
    rules: { reason: { label: 'a reason', required, min, max: 1000 } },
  });
}

function reasonField(form, redraw, options) {
  form.onChange = redraw;
  return textArea(form, 'reason', { rows: 4, max: 1000, ...options });
}

function nameField(form, redraw, options) {
  form.onChange = redraw;
  return textField(form, 'name', options);
}

/** After a conflict: fetch the request again and say what became of it. */
async function whatIsNow(request) {
  await request.load();
  const r = request.data;
  if (!r) return null;
  const last = lastEvent(r);
  const word = stateOf('request', r.state).word;
  return last
    ? `${eventSentence(last)} ${ago(last.at)}. The request is now: ${word}.`
    : `The request is now: ${word}.`;
}
