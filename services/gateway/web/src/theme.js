/*
 * Runs before the first paint so that a light portal never flashes dark. lib/theme.js does the
 * rest once the page runs.
 */
let chosen = 'dark';
try {
  chosen = localStorage.getItem('theme') ?? 'dark';
} catch {
  // Storage is blocked: the default theme is a good one.
}
const light =
  chosen === 'light' || (chosen === 'auto' && matchMedia('(prefers-color-scheme: light)').matches);
document.documentElement.dataset.bsTheme = light ? 'light' : 'dark';
