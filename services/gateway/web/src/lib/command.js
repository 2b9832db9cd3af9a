/*
 * Changes. The service answers most of them at once; when it is busy it answers 202 and the
 * command is followed until it is done. `submit` hides the difference.
 */
import { get, send } from './api.js';
import { ApiError } from './errors.js';

/** Milliseconds between looks at a command that is still waiting; the last one repeats. */
const PATIENCE = [400, 800, 1500, 2500, 4000];

const ENDED_BADLY = new Set(['failed', 'dead', 'cancelled']);

/**
 * @param {string} path
 * @param {unknown} body
 * @param {object} [options]
 * @param {string} [options.key] idempotency key
 * @param {string} [options.method]
 * @param {() => void} [options.onAccepted] the service took the command but has not answered yet
 * @returns {Promise<any>} the object as the service sees it now
 */
export async function submit(path, body, { key, method = 'POST', onAccepted } = {}) {
  const { status, data } = await send(method, path, { body, key });
  if (status !== 202) return data;
  onAccepted?.();
  return follow(data.command);
}

/** Waits until the command has ended; resolves with its result. */
export async function follow(id, { signal, pause = sleep } = {}) {
  for (let look = 0; ; look++) {
    await pause(PATIENCE[Math.min(look, PATIENCE.length - 1)], signal);
    const command = await peek(id, signal);
    if (command?.state === 'done') return command.result;
    if (ENDED_BADLY.has(command?.state)) throw failure(command);
  }
}

/** A look that fails for a passing reason is simply repeated. */
async function peek(id, signal) {
  try {
    return await get(`/commands/${id}`, { signal });
  } catch (error) {
    if (error instanceof ApiError && error.temporary) return null;
    throw error;
  }
}

function failure(command) {
  const problem = command.error ?? { detail: 'The service gave up on this. Nothing was changed.' };
  return new ApiError({ status: 500, ...problem });
}

function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/**
 * The idempotency key of one form or button. Sending the same thing again after an unclear end
 * (no answer, service busy) uses the same key, so it takes effect once; a changed body, or a
 * clear answer, starts a new one.
 */
export class Submission {
  #key = '';
  #body = '';

  /** @returns {string} */
  keyFor(body) {
    const text = JSON.stringify(body ?? null);
    if (!this.#key || text !== this.#body) {
      this.#key = crypto.randomUUID();
      this.#body = text;
    }
    return this.#key;
  }

  /** @param {unknown} [error] how it ended; nothing: well */
  settle(error) {
    const unclear = error instanceof ApiError && error.temporary;
    if (!unclear) this.#key = '';
  }
}
