/* Who is signed in, as the service says. */
import { get, send, setCsrf } from './api.js';
import { ApiError } from './errors.js';

export const ROLES = {
  administrator: 'Administrator',
  technical_manager: 'Technical manager',
  technical_agent: 'Technical agent',
  sales_agent: 'Sales agent',
};

/** @type {any} null: nobody */
let current = null;

export function session() {
  return current;
}

/** The right as the service computed it; what it does not name is not there. */
export function may(right) {
  return current?.rights?.[right] === true;
}

/** @returns {Promise<any>} null when nobody is signed in */
export async function loadSession() {
  try {
    return keep(await get('/session'));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return keep(null);
    throw error;
  }
}

/** @param {{ username: string, password: string, totp?: string }} credentials */
export async function signIn(credentials) {
  const { data } = await send('POST', '/session', { body: credentials });
  return keep(data);
}

/** The answer tells the browser to forget everything it kept for this site. */
export async function signOut() {
  await send('DELETE', '/session');
  keep(null);
}

export function forgetSession() {
  keep(null);
}

function keep(value) {
  current = value;
  setCsrf(value?.csrf ?? '');
  return value;
}
