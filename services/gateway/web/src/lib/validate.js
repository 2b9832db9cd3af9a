/*
 * Checks of a form before it is sent, so that a person learns early. The service stays the judge.
 * A rule set is `{ field: { required, min, max, pattern, hint, check } }`; the answer is one
 * sentence per field that is not right yet.
 */

/** RFC 1123 label, as the service and Hetzner want it. */
export const SERVER_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * @typedef {object} Rule
 * @property {string} label name of the field within a sentence
 * @property {string} [verb] what to do with the field; "Enter" when not said
 * @property {boolean} [required]
 * @property {number} [min] characters
 * @property {number} [max] characters
 * @property {(value: string) => string | null} [check] a sentence when the value is not right
 */

/**
 * @param {Record<string, string>} values
 * @param {Record<string, Rule>} rules
 * @returns {Record<string, string>} sentence by field; empty: all is well
 */
export function validate(values, rules) {
  const errors = {};
  for (const [field, rule] of Object.entries(rules)) {
    const sentence = problem(String(values[field] ?? '').trim(), rule);
    if (sentence) errors[field] = sentence;
  }
  return errors;
}

function problem(value, rule) {
  if (!value) return rule.required ? `${rule.verb ?? 'Enter'} ${rule.label}.` : null;
  const length = [...value].length;
  if (rule.min && length < rule.min) return `Use at least ${rule.min} characters.`;
  if (rule.max && length > rule.max)
    return `Use at most ${rule.max} characters; these are ${length}.`;
  return rule.check?.(value) ?? null;
}

/** What exactly is wrong with a server name, in the order a person would fix it. */
export function serverNameProblem(name) {
  if (SERVER_NAME.test(name)) return null;
  if (name.length > 63) return `Use at most 63 characters; these are ${name.length}.`;
  if (/[A-Z]/.test(name)) return 'Use small letters only.';
  const odd = /[^a-z0-9-]/.exec(name);
  if (odd) return `“${nameOf(odd[0])}” cannot be used. Letters a–z, digits and hyphens can.`;
  return 'Start and end with a letter or a digit.';
}

function nameOf(character) {
  return character === ' ' ? 'space' : character;
}
