/*
 * The state of a page lives in its address: search, filter, sort, page. These two functions turn
 * it into an object and back; values equal to the default stay out of the address.
 */

/**
 * @param {string} search like `?q=web&page=2`
 * @param {Record<string, string>} defaults also says which names exist; others are ignored
 * @returns {Record<string, string>}
 */
export function readQuery(search, defaults) {
  const given = new URLSearchParams(search);
  return Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, given.get(name) ?? value]),
  );
}

/** @returns {string} empty, or `?name=value&…` in the order of `defaults` */
export function writeQuery(values, defaults) {
  const changed = Object.keys(defaults)
    .filter((name) => values[name] !== undefined && String(values[name]) !== defaults[name])
    .map((name) => [name, String(values[name])]);
  return changed.length ? `?${new URLSearchParams(changed)}` : '';
}

/** A page number that cannot be anything else. */
export function pageNumber(text) {
  const n = Number.parseInt(text, 10);
  return Number.isSafeInteger(n) && n > 0 ? n : 1;
}

/** Where to go after signing in: only a path of this site, never another host. */
export function safePath(text) {
  const path = text ?? '';
  const own = /^\/(?![/\\])/.test(path) && !path.startsWith('/login');
  return own ? path : '/';
}
