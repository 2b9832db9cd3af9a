/* Bars that show a share. Drawn as SVG, because the policy forbids inline styles. */
import { html, svg, nothing } from 'lit-html';

/** How far something has come, 0 to 100. */
export function progress(percent, { label, tone = 'busy' }) {
  return html`<progress
    class="progress-line tone-${tone}"
    max="100"
    .value=${percent}
    aria-label=${label}
  ></progress>`;
}

/**
 * Parts of a whole next to each other.
 * @param {{ value: number, tone: string }[]} parts
 * @param {number} total what the full width stands for
 * @param {string} label the same in words
 */
export function stack(parts, total, label) {
  const scale =
    total > 0
      ? 100 /
        Math.max(
          total,
          parts.reduce((sum, p) => sum + p.value, 0),
        )
      : 0;
  let x = 0;
  const bars = parts.map(({ value, tone }) => {
    const width = value * scale;
    const bar = svg`<rect class="tone-${tone}" x=${x} y="0" width=${width} height="6"></rect>`;
    x += width;
    return width > 0 ? bar : nothing;
  });
  return html`<svg
    class="stack"
    viewBox="0 0 100 6"
    preserveAspectRatio="none"
    role="img"
    aria-label=${label}
  >
    <rect class="stack-rest" x="0" y="0" width="100" height="6"></rect>
    ${bars}
  </svg>`;
}
