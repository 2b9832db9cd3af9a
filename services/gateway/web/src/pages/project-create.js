/* The dialog for a new project. */
import { html } from 'lit-html';
import { parseMoney } from '../lib/format.js';
import { Form } from '../lib/form.js';
import { act } from '../ui/act.js';
import { checkField, selectField, textArea, textField } from '../ui/field.js';
import { payloadOf } from './project-create-payload.js';
import { TOKEN_RULE, tokenField } from './project-token.js';
import { ENVIRONMENTS } from './project-words.js';

const amount = (value) =>
  parseMoney(value) === null ? 'Enter an amount like 250 or 249.90.' : null;
const whole = (value) => (/^\d{1,5}$/.test(value) ? null : 'Enter a whole number.');

/** Named like the fields of the API, so that its answers find their place. */
const RULES = {
  name: { label: 'a name', required: true, max: 60 },
  description: { label: 'a description', max: 1000 },
  token: TOKEN_RULE,
  budget_minor: { label: 'the budget', check: amount },
  server_cap: { label: 'the number of servers', check: whole },
  manager_limit_minor: { label: 'the limit', check: amount },
};

const START = {
  name: '',
  description: '',
  token: '',
  environment: 'production',
  budget_minor: '',
  server_cap: '',
  manager_limit_minor: '',
  open_for_sales: '',
  manual_provision: '',
};

/** @param {{ signal: AbortSignal, done: (project: any) => void }} options */
export function createProject({ signal, done }) {
  const form = new Form({ values: { ...START }, rules: RULES });
  act({
    title: 'New project',
    verb: 'Create project',
    cls: 'dialog-wide',
    path: '/projects',
    form,
    payload: () => payloadOf(form.values),
    body(redraw) {
      form.onChange = redraw;
      return fields(form);
    },
    said: (project) => `Project ${project.name} is created. Its token is being checked.`,
    signal,
    done,
  });
}

function fields(form) {
  return html`${textField(form, 'name', { label: 'Name', max: 60 })}
    ${textArea(form, 'description', { label: 'Description', optional: true, rows: 2, max: 1000 })}
    ${tokenField(form)}
    <div class="field-row">
      ${selectField(form, 'environment', { label: 'Used for' }, Object.entries(ENVIRONMENTS))}
      ${textField(form, 'server_cap', {
        label: 'Most servers',
        optional: true,
        inputmode: 'numeric',
        placeholder: 'No limit',
      })}
    </div>
    <div class="field-row">
      ${textField(form, 'budget_minor', {
        label: 'Budget per month',
        optional: true,
        prefix: '€',
        inputmode: 'decimal',
        placeholder: 'No limit',
        hint: 'Net. Approvals stop when it is used up.',
      })}
      ${textField(form, 'manager_limit_minor', {
        label: 'A manager may approve up to',
        optional: true,
        prefix: '€',
        inputmode: 'decimal',
        placeholder: 'Never',
        hint: 'Per request and month, net.',
      })}
    </div>
    ${checkField(form, 'open_for_sales', {
      label: 'Sales agents may request servers in it',
      hint: 'They see its name, nothing else.',
    })}
    ${checkField(form, 'manual_provision', {
      label: 'Approved requests wait until someone starts them',
      hint: 'Otherwise the deployment starts right after the approval.',
    })}`;
}
