/* Shows where a search matched. */
import { html } from 'lit-html';

export function mark(text, query) {
  const value = String(text ?? '');
  const at = query ? value.toLowerCase().indexOf(query.toLowerCase()) : -1;
  if (at < 0) return value;
  const end = at + query.length;
  return html`${value.slice(0, at)}<mark>${value.slice(at, end)}</mark>${value.slice(end)}`;
}
