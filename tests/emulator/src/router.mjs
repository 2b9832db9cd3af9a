// A table of routes: method, path with {id} (digits only) and what answers it. Fixed words win over
// {id} because they stand first.

export class Router {
  #routes = [];

  // options.bucket: the rate bucket it is paid from, 'main' unless said
  add(method, path, handler, options = {}) {
    const re = new RegExp(`^${path.replace(/\{(\w+)\}/g, '(?<$1>[0-9]{1,16})')}$`);
    this.#routes.push({ method, path, re, handler, ...options });
  }

  addAll(rows) {
    for (const row of rows) this.add(...row);
  }

  // Returns {route, params}; route is null when only the method is wrong; null when the path is
  // unknown.
  match(method, path) {
    let known = false;
    for (const route of this.#routes) {
      const found = route.re.exec(path);
      if (!found) continue;
      if (route.method === method) {
        const params = Object.entries(found.groups ?? {}).map(([name, text]) => [
          name,
          Number(text),
        ]);
        return { route, params: Object.fromEntries(params) };
      }
      known = true;
    }
    return known ? { route: null, params: {} } : null;
  }
}
