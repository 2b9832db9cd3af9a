/*
 * The state of a form: values, what is wrong with them, and whether it is being sent. Problems
 * appear when a field is left or the form is sent, and go away while typing.
 */
import { validate } from './validate.js';

export class Form {
  busy = false;
  /** The last answer that was no success. */
  error = null;
  /** @type {Record<string, string>} */
  errors = {};

  #rules;

  /**
   * @param {object} options
   * @param {Record<string, string>} options.values
   * @param {Record<string, import('./validate.js').Rule>} options.rules
   * @param {() => void} [options.onChange]
   */
  constructor({ values, rules, onChange = () => {} }) {
    this.values = values;
    this.#rules = rules;
    /** Whoever shows the form draws it again. */
    this.onChange = onChange;
  }

  set(name, value) {
    this.values = { ...this.values, [name]: value };
    const { [name]: _, ...rest } = this.errors;
    this.errors = rest;
    this.onChange();
  }

  /** A field was left: say at once what is wrong with it, but do not nag about empty ones. */
  leave(name) {
    if (!this.values[name]) return;
    const sentence = validate(this.values, { [name]: this.#rules[name] })[name];
    if (sentence) {
      this.errors = { ...this.errors, [name]: sentence };
      this.onChange();
    }
  }

  /** @returns {boolean} everything may be sent */
  check() {
    this.errors = validate(this.values, this.#rules);
    this.error = null;
    this.onChange();
    return Object.keys(this.errors).length === 0;
  }

  begin() {
    this.busy = true;
    this.error = null;
    this.onChange();
  }

  /** @param {import('./errors.js').ApiError} [error] */
  settle(error) {
    this.busy = false;
    this.error = error ?? null;
    this.errors = error ? this.#own(error.fields) : {};
    this.onChange();
  }

  /** Sentences for fields that this form has; the rest stays in the message above the form. */
  #own(fields) {
    return Object.fromEntries(Object.entries(fields).filter(([name]) => name in this.values));
  }
}

/** Moves to the first field that is not right, so that keyboards and screen readers find it. */
export function focusFirstProblem(root) {
  requestAnimationFrame(() => {
    const target = root.querySelector('[aria-invalid="true"]') ?? root.querySelector('.note-bad');
    target?.focus();
  });
}
