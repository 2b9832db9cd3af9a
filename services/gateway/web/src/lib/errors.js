/*
 * What can go wrong between the browser and the service, as one kind of error.
 * The service answers RFC 9457 problem documents; what never reached it has status 0.
 */

export class ApiError extends Error {
  /**
   * @param {object} problem
   * @param {number} [problem.status] HTTP status; 0: no answer
   * @param {string} [problem.code] short name, like `conflict`
   * @param {string} [problem.title]
   * @param {string} [problem.detail] a sentence for people
   * @param {string} [problem.correlation] what the log of the service knows this answer by
   * @param {{ field: string, code: string, detail: string }[]} [problem.errors] one per field
   * @param {string | null} [problem.state] current state of the object, after a conflict
   * @param {number} [problem.retryAfter] seconds
   */
  constructor(problem) {
    super(problem.detail || problem.title || 'Something went wrong.');
    this.name = 'ApiError';
    this.status = problem.status ?? 0;
    this.code = problem.code ?? '';
    this.title = problem.title ?? '';
    this.detail = problem.detail ?? '';
    this.correlation = problem.correlation ?? '';
    this.errors = problem.errors ?? [];
    this.state = problem.state ?? null;
    this.retryAfter = problem.retryAfter ?? 0;
  }

  get offline() {
    return this.status === 0;
  }

  /** The same request may succeed later without anybody changing anything. */
  get temporary() {
    return this.offline || this.status === 429 || this.status >= 500;
  }

  /** @returns {Record<string, string>} sentence by field name */
  get fields() {
    return Object.fromEntries(this.errors.map((e) => [e.field, e.detail || 'Check this field.']));
  }
}

/** Words for answers that carry none of their own, like those of a proxy in between. */
const WORDS = {
  0: 'The portal cannot be reached. Check your connection and try again.',
  401: 'You are signed out. Sign in to continue.',
  403: 'You do not have the right to do this.',
  404: 'This does not exist, or you may not see it.',
  409: 'This was changed in the meantime. Nothing was done.',
  413: 'This is too large to send.',
  429: 'That was too often in a short time. Wait a little and try again.',
  503: 'The service is busy. Try again in a moment.',
};

/** @returns {ApiError} */
export function offlineError() {
  return new ApiError({ code: 'offline', detail: WORDS[0] });
}

/**
 * @param {number} status
 * @param {unknown} body parsed JSON, or null when the answer was not JSON
 * @param {{ get(name: string): string | null }} headers
 */
export function problemError(status, body, headers) {
  const problem = body && typeof body === 'object' ? body : {};
  return new ApiError({
    ...problem,
    status,
    detail: problem.detail || WORDS[status] || 'The service could not do this. Try again.',
    retryAfter: secondsOf(headers.get('retry-after')),
  });
}

/** `Retry-After` is seconds or a date (RFC 9110, 10.2.3). */
export function secondsOf(value, now = Date.now()) {
  if (!value) return 0;
  if (/^\d+$/.test(value)) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? 0 : Math.max(0, Math.ceil((at - now) / 1000));
}
