/* Where the lines of a run come from: pages by GET, the newest ones live. */
import { get } from './api.js';

/** @param {import('./page.js').PageContext} ctx */
export function runLogSource(ctx, run) {
  return {
    run,
    page: (from, limit) => get(`/runs/${run}/log`, { query: { from, limit } }),
    watch: (watcher) => ctx.watch(`run/${run}/log`, watcher),
  };
}
