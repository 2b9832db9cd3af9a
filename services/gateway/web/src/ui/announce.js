/* One polite line for screen readers; at most one message in a while, the newest wins. */

const GAP_MS = 3000;
let timer = 0;
let spoken = 0;

export function announce(text) {
  clearTimeout(timer);
  const wait = Math.max(50, spoken + GAP_MS - Date.now());
  timer = setTimeout(() => {
    spoken = Date.now();
    document.getElementById('announce').textContent = text;
  }, wait);
}
