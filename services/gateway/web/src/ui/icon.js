/* Font Awesome icons from the sprite that the build makes (build/sprite.mjs). */
import { svg, html } from 'lit-html';
import spriteUrl from 'sprite:icons';

/** An icon next to words: the words carry the meaning, the icon is silent. */
export function icon(name, cls = '') {
  return html`<svg class="icon ${cls}" aria-hidden="true">
    ${svg`<use href="${spriteUrl}#${name}"></use>`}
  </svg>`;
}
