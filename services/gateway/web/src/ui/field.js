/* Form fields with label, hint and problem, wired to a Form (lib/form.js). */
import { html, nothing } from 'lit-html';
import { icon } from './icon.js';

/**
 * @typedef {object} FieldOptions
 * @property {string} label
 * @property {string} [hint]
 * @property {boolean} [optional] said next to the label
 * @property {string} [type]
 * @property {string} [autocomplete]
 * @property {string} [inputmode]
 * @property {string} [placeholder]
 * @property {string} [prefix] shown inside the field, like €
 * @property {number} [rows]
 * @property {number} [max] characters
 * @property {string} [cls]
 */

/**
 * @param {import('../lib/form.js').Form} form
 * @param {string} name
 * @param {FieldOptions} options
 */
export function textField(form, name, options) {
  const input = html`<input
    class="form-control ${form.errors[name] ? 'is-invalid' : ''}"
    id=${idOf(name)}
    name=${name}
    type=${options.type ?? 'text'}
    autocomplete=${options.autocomplete ?? 'off'}
    inputmode=${options.inputmode ?? nothing}
    placeholder=${options.placeholder ?? nothing}
    maxlength=${options.max ?? nothing}
    spellcheck="false"
    autocapitalize="off"
    aria-invalid=${form.errors[name] ? 'true' : 'false'}
    aria-describedby=${describedBy(form, name, options)}
    .value=${form.values[name]}
    @input=${(e) => form.set(name, e.target.value)}
    @blur=${() => form.leave(name)}
  />`;
  const framed = options.prefix
    ? html`<div class="with-prefix"><span aria-hidden="true">${options.prefix}</span>${input}</div>`
    : input;
  return frame(form, name, options, framed);
}

export function textArea(form, name, options) {
  return frame(
    form,
    name,
    options,
    html`<textarea
      class="form-control ${form.errors[name] ? 'is-invalid' : ''}"
      id=${idOf(name)}
      name=${name}
      rows=${options.rows ?? 3}
      maxlength=${options.max ?? nothing}
      placeholder=${options.placeholder ?? nothing}
      aria-invalid=${form.errors[name] ? 'true' : 'false'}
      aria-describedby=${describedBy(form, name, options)}
      .value=${form.values[name]}
      @input=${(e) => form.set(name, e.target.value)}
      @blur=${() => form.leave(name)}
    ></textarea>`,
  );
}

/** @param {[string, string][]} choices value and text */
export function selectField(form, name, options, choices) {
  return frame(
    form,
    name,
    options,
    html`<select
      class="form-select ${form.errors[name] ? 'is-invalid' : ''}"
      id=${idOf(name)}
      name=${name}
      aria-invalid=${form.errors[name] ? 'true' : 'false'}
      aria-describedby=${describedBy(form, name, options)}
      @change=${(e) => form.set(name, e.target.value)}
    >
      ${choices.map(
        ([value, text]) =>
          html`<option value=${value} ?selected=${form.values[name] === value}>${text}</option>`,
      )}
    </select>`,
  );
}

/** A yes or no; its value is "yes" or empty. */
export function checkField(form, name, { label, hint }) {
  return html`<div class="field form-check">
    <input
      class="form-check-input"
      type="checkbox"
      id=${idOf(name)}
      name=${name}
      aria-describedby=${hint ? `${idOf(name)}-hint` : nothing}
      .checked=${form.values[name] === 'yes'}
      @change=${(e) => form.set(name, e.target.checked ? 'yes' : '')}
    />
    <label class="form-check-label" for=${idOf(name)}>${label}</label>
    ${hint ? html`<p class="field-hint" id="${idOf(name)}-hint">${hint}</p>` : nothing}
  </div>`;
}

function frame(form, name, options, input) {
  return html`<div class="field ${options.cls ?? ''}">
    <label class="form-label" for=${idOf(name)}>
      ${options.label}${options.optional ? html` <span class="optional">optional</span>` : nothing}
    </label>
    ${input} ${fieldProblem(form, name)}
    ${
      options.hint
        ? html`<p class="field-hint" id="${idOf(name)}-hint">${options.hint}</p>`
        : nothing
    }
  </div>`;
}

/** Also for groups of choices that are no single input. */
export function fieldProblem(form, name) {
  const sentence = form.errors[name];
  if (!sentence) return nothing;
  return html`<p class="field-problem" id="${idOf(name)}-problem">
    ${icon('circle-exclamation')} ${sentence}
  </p>`;
}

function idOf(name) {
  return `f-${name}`;
}

function describedBy(form, name, options) {
  const ids = [];
  if (form.errors[name]) ids.push(`${idOf(name)}-problem`);
  if (options.hint) ids.push(`${idOf(name)}-hint`);
  return ids.length ? ids.join(' ') : nothing;
}
