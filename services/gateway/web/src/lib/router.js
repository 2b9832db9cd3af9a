/*
 * Real paths with the History API. A route is `{ path: '/requests/:id', … }`; `:id` matches
 * digits. Plain links work: clicks on links of this site are answered here.
 */

/** @returns {RegExp} */
export function compile(path) {
  return new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>\\d+)')}/?$`);
}

/** @returns {{ route: any, params: Record<string, string> } | null} */
export function match(routes, pathname) {
  for (const route of routes) {
    const found = compile(route.path).exec(pathname);
    if (found) return { route, params: { ...found.groups } };
  }
  return null;
}

let routes = [];
let onPage = () => {};
/** The address of the page that is shown, without its fragment. */
let shown = '';

/**
 * @param {{ path: string }[]} table
 * @param {(route: any, params: Record<string, string>) => void} show route is null for no match
 */
export function startRouter(table, show) {
  routes = table;
  onPage = show;
  addEventListener('popstate', popped);
  document.addEventListener('click', follow);
  resolve();
}

/** @param {{ replace?: boolean }} [options] replace: do not leave the old address in the history */
export function go(url, { replace = false } = {}) {
  history[replace ? 'replaceState' : 'pushState'](null, '', url);
  resolve();
  if (!location.hash) scrollTo(0, 0);
}

/** Changes the address without showing another page. */
export function setAddress(search, hash = location.hash) {
  history.replaceState(null, '', location.pathname + search + hash);
  shown = here();
}

const here = () => location.pathname + location.search;

/** Also fired when only the fragment changes, as "Skip to content" does: that is the same page. */
function popped() {
  if (here() !== shown) resolve();
}

function resolve() {
  shown = here();
  const found = match(routes, location.pathname);
  onPage(found?.route ?? null, found?.params ?? {});
}

function follow(event) {
  const link = event.target.closest?.('a[href^="/"]');
  const special = event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  if (!link || special || link.target || link.hasAttribute('download')) return;
  event.preventDefault();
  go(link.getAttribute('href'));
}
