/* Dark (as delivered), light, or as the system has it. The choice stays on this device. */

const systemLight = () => matchMedia('(prefers-color-scheme: light)');

export const THEMES = {
  dark: { icon: 'moon', label: 'Dark' },
  light: { icon: 'sun', label: 'Light' },
  auto: { icon: 'circle-half-stroke', label: 'Same as the system' },
};

const ORDER = Object.keys(THEMES);

export function currentTheme() {
  const stored = localStorage.getItem('theme');
  return ORDER.includes(stored) ? stored : 'dark';
}

export function nextTheme() {
  const next = ORDER[(ORDER.indexOf(currentTheme()) + 1) % ORDER.length];
  localStorage.setItem('theme', next);
  applyTheme();
  return next;
}

export function applyTheme() {
  const theme = currentTheme();
  const shown = theme === 'auto' ? (systemLight().matches ? 'light' : 'dark') : theme;
  document.documentElement.dataset.bsTheme = shown;
}

export function watchSystemTheme() {
  systemLight().addEventListener('change', applyTheme);
}
