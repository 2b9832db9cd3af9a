/* `#L123` and `#L10-L20`: an address that points at lines of a log, by the log's own numbers. */

/** @returns {{ from: number, to: number } | null} */
export function parseLineLink(hash) {
  const found = /^#L(\d{1,9})(?:-L?(\d{1,9}))?$/.exec(hash);
  if (!found) return null;
  const a = Number(found[1]);
  const b = Number(found[2] ?? found[1]);
  return { from: Math.min(a, b), to: Math.max(a, b) };
}

/** @param {{ from: number, to: number }} range */
export function lineLink({ from, to }) {
  return from === to ? `#L${from}` : `#L${from}-L${to}`;
}
