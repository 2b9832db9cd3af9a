// Request bodies: strict about names, tolerant about types, as the real API is (HETZNER.md 1.1): an
// unknown field is refused with 422, but an image or a location may be a number or a string and
// null means "not given".

import { ApiError, invalidInput } from './errors.mjs';
import { labelFault } from './labels.mjs';

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const isId = (value) =>
  (typeof value === 'number' && Number.isSafeInteger(value)) ||
  (typeof value === 'string' && /^\d{1,16}$/.test(value));

// kind → what is wrong with a value, or null
const KINDS = {
  string: (value) => (typeof value === 'string' ? null : 'must be a string'),
  text: (value) => (typeof value === 'string' && value.trim() !== '' ? null : 'must not be empty'),
  bool: (value) => (typeof value === 'boolean' ? null : 'must be true or false'),
  id: (value) => (isId(value) ? null : 'must be an ID'),
  ref: (value) =>
    isId(value) || (typeof value === 'string' && value !== '') ? null : 'must be an ID or a name',
  ids: (value) => (Array.isArray(value) && value.every(isId) ? null : 'must be a list of IDs'),
  refs: (value) =>
    Array.isArray(value) && value.every((item) => KINDS.ref(item) === null)
      ? null
      : 'must be a list of IDs or names',
  object: (value) => (isObject(value) ? null : 'must be an object'),
  objects: (value) =>
    Array.isArray(value) && value.every(isObject) ? null : 'must be a list of objects',
  labels: (value) => (isObject(value) ? labelFault(value) : 'must be an object'),
};

export function parseJson(text) {
  if (text.trim() === '') return {};

  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ApiError(400, 'json_error', 'syntax error: could not decode JSON', {});
  }
  if (value === null) return {};
  if (!isObject(value))
    throw new ApiError(400, 'json_error', 'request body must be a JSON object', {});
  return value;
}

// fields: {name: kind} or {name: 'kind!'} where it is required. Returns only what was given and not
// null.
export function readBody(body, fields) {
  const unknown = Object.keys(body).find(
    (name) => !Object.prototype.hasOwnProperty.call(fields, name),
  );
  if (unknown !== undefined) {
    throw new ApiError(422, 'invalid_input', `invalid input: unknown field name '${unknown}'`, {
      fields: [{ name: unknown, messages: ['unknown field'] }],
    });
  }

  const faults = [];
  const given = {};
  for (const [name, spec] of Object.entries(fields)) {
    const required = spec.endsWith('!');
    const value = body[name];
    if (value === undefined || value === null) {
      if (required) faults.push([name, 'Missing data for required field.']);
      continue;
    }
    const fault = KINDS[required ? spec.slice(0, -1) : spec](value);
    if (fault) faults.push([name, fault]);
    else given[name] = value;
  }
  if (faults.length > 0) throw invalidInput(faults);
  return given;
}
