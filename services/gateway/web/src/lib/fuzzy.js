/* How well a few typed letters fit a text; 0: not at all. */

/**
 * All letters must occur in order. Letters that follow each other or begin a word count more;
 * of equal matches the shorter text wins. An empty query fits everything a little.
 * @param {string} text
 * @param {string} query both in small letters
 */
export function fuzzyScore(text, query) {
  let score = 1;
  let from = 0;
  let last = -2;
  for (const letter of query) {
    const at = text.indexOf(letter, from);
    if (at < 0) return 0;
    score += at === last + 1 ? 3 : 1;
    if (at === 0 || ' -/.#'.includes(text[at - 1])) score += 2;
    last = at;
    from = at + 1;
  }
  return score - Math.min(0.9, text.length / 100);
}
