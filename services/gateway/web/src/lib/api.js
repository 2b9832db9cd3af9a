/*
 * The only module that calls /api/v1. Everything else uses `get` to read and, to change
 * something, `submit` of command.js.
 */
import { offlineError, problemError } from './errors.js';

const BASE = '/api/v1';

let csrf = '';
let onSignedOut = () => {};

/** The token of the session; every write carries it. */
export function setCsrf(token) {
  csrf = token;
}

/** @param {() => void} callback the session has ended, found out by any call */
export function whenSignedOut(callback) {
  onSignedOut = callback;
}

/**
 * @param {string} path below /api/v1, like `/requests/42`
 * @param {{ query?: Record<string, unknown>, signal?: AbortSignal }} [options]
 */
export async function get(path, { query, signal } = {}) {
  const { data } = await send('GET', path + queryString(query), { signal });
  return data;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{ body?: unknown, key?: string, signal?: AbortSignal }} [options]
 *   key: sent as Idempotency-Key; the same key and body never take effect twice
 * @returns {Promise<{ status: number, data: any }>}
 */
export async function send(method, path, { body, key, signal } = {}) {
  const headers = { accept: 'application/json' };
  if (method !== 'GET' && csrf) headers['x-csrf-token'] = csrf;
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (key) headers['idempotency-key'] = key;

  const response = await call(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
    credentials: 'same-origin',
  });
  const data = await parse(response);

  if (response.ok) return { status: response.status, data };
  if (response.status === 401 && path !== '/session') onSignedOut();
  throw problemError(response.status, data, response.headers);
}

async function call(path, init) {
  try {
    return await fetch(BASE + path, init);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw offlineError();
  }
}

async function parse(response) {
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    if (response.ok) throw offlineError(); // cut off in the middle
    return null;
  }
}

/** Empty values are left out: the service has defaults for them. */
function queryString(query = {}) {
  const kept = Object.entries(query).filter(([, v]) => v !== '' && v !== null && v !== undefined);
  return kept.length ? `?${new URLSearchParams(kept.map(([k, v]) => [k, String(v)]))}` : '';
}
