// Labels and label selectors (HETZNER.md 1.2).

const NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const PREFIX =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

function validKey(key) {
  const slash = key.indexOf('/');
  if (slash < 0) return NAME.test(key);

  const prefix = key.slice(0, slash);
  return prefix !== 'hetzner.cloud' && PREFIX.test(prefix) && NAME.test(key.slice(slash + 1));
}

function validValue(value) {
  return typeof value === 'string' && (value === '' || NAME.test(value));
}

// Returns what is wrong with a map of labels, or null.
export function labelFault(labels) {
  for (const [key, value] of Object.entries(labels)) {
    if (!validKey(key)) return `invalid label key '${key}'`;
    if (!validValue(value)) return `invalid label value for key '${key}'`;
  }
  return null;
}

// "k in (a,b), c" has commas of two kinds: only those outside brackets separate terms.
function terms(text) {
  return text
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter(Boolean);
}

const has = (labels, key) => Object.prototype.hasOwnProperty.call(labels, key);

const FORMS = [
  {
    re: /^(\S+)\s+in\s*\(([^)]*)\)$/,
    test: (l, key, list) => has(l, key) && list.includes(l[key]),
    list: true,
  },
  {
    re: /^(\S+)\s+notin\s*\(([^)]*)\)$/,
    test: (l, key, list) => !has(l, key) || !list.includes(l[key]),
    list: true,
  },
  { re: /^([^\s=!]+)\s*!=\s*(\S*)$/, test: (l, key, value) => l[key] !== value },
  { re: /^([^\s=!]+)\s*==?\s*(\S*)$/, test: (l, key, value) => has(l, key) && l[key] === value },
  { re: /^!\s*([^\s=!]+)$/, test: (l, key) => !has(l, key) },
  { re: /^([^\s=!]+)$/, test: (l, key) => has(l, key) },
];

function compileTerm(term) {
  for (const form of FORMS) {
    const found = form.re.exec(term);
    if (!found || !validKey(found[1])) continue;

    const value = form.list ? found[2].split(',').map((item) => item.trim()) : found[2];
    return (labels) => form.test(labels, found[1], value);
  }
  return null;
}

// Returns a function labels → boolean, or null when the selector cannot be read.
export function compileSelector(text) {
  const tests = terms(text).map(compileTerm);
  return tests.includes(null) ? null : (labels) => tests.every((test) => test(labels));
}
