// The error answers of the Hetzner Cloud API: {"error":{"code","message","details"}}.

export class ApiError extends Error {
  constructor(status, code, message, details = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }

  body() {
    return { error: { code: this.code, message: this.message, details: this.details } };
  }
}

export function notFound(what, id) {
  return new ApiError(404, 'not_found', `${what} with ID '${id}' not found`);
}

// fields: [[name, message], …]. The message names one field or all of them, as the real API does.
export function invalidInput(fields) {
  const names = [...new Set(fields.map(([name]) => name))];
  const message =
    names.length === 1
      ? `invalid input in field '${names[0]}': ${fields[0][1]}`
      : `invalid input in fields ${names.map((name) => `'${name}'`).join(', ')}`;
  const details = names.map((name) => ({
    name,
    messages: fields.filter(([other]) => other === name).map(([, text]) => text),
  }));
  return new ApiError(422, 'invalid_input', message, { fields: details });
}

export function uniqueness(what, field = 'name') {
  return new ApiError(409, 'uniqueness_error', `${what} is already used`, {
    fields: [{ name: field }],
  });
}

export function locked(what = 'server') {
  return new ApiError(423, 'locked', `cannot perform operation because ${what} is locked`);
}

export function isProtected(what, act) {
  return new ApiError(423, 'protected', `${what} is protected against ${act}`);
}

export function unavailable(message) {
  return new ApiError(412, 'resource_unavailable', message);
}

export function limitExceeded(name) {
  return new ApiError(403, 'resource_limit_exceeded', `${name.replaceAll('_', ' ')} exceeded`, {
    limits: [{ name }],
  });
}

export function gone(announcement) {
  return new ApiError(410, 'deprecated_api_endpoint', 'this API endpoint is no longer available', {
    announcement,
  });
}
