/* One line of a log as DOM. Text only ever becomes text nodes. */
import { parseAnsi } from '../lib/ansi.js';
import { lineLink } from '../lib/line-link.js';

/**
 * @param {import('../lib/log-model.js').LogModel} model
 * @param {number} at
 * @param {{ marked: boolean, time: string, rowHeight: number }} look
 */
export function buildRow(model, at, { marked, time, rowHeight }) {
  const row = element('div', rowClass(model, at, marked));
  row.dataset.at = String(at);
  const rows = model.rowsOf(at);
  if (rows > 1) row.style.height = `${rows * rowHeight}px`;

  const seq = model.seq[at];
  const number = element('a', 'log-no');
  number.href = lineLink({ from: seq, to: seq });
  number.textContent = String(seq);
  number.tabIndex = -1;

  const clock = element('span', 'log-time');
  clock.textContent = time;

  const text = element('span', 'log-text');
  fillText(text, model.text[at], model.query);

  row.append(number, clock, text);
  return row;
}

function rowClass(model, at, marked) {
  const head = model.isHead(at);
  return [
    'log-line',
    head && 'is-head',
    head && model.isFolded(at) && 'is-folded',
    marked && 'is-marked',
    model.stream[at] === 'err' && 'is-err',
    model.stream[at] === 'system' && 'is-system',
  ]
    .filter(Boolean)
    .join(' ');
}

function fillText(parent, line, query) {
  for (const { text, cls } of parseAnsi(line)) {
    const home = cls ? parent.appendChild(element('span', cls)) : parent;
    highlight(home, text, query);
  }
}

function highlight(parent, text, query) {
  if (!query) {
    parent.append(text);
    return;
  }
  const small = text.toLowerCase();
  let from = 0;
  for (let at = small.indexOf(query); at >= 0; at = small.indexOf(query, from)) {
    const hit = element('mark', '');
    hit.textContent = text.slice(at, at + query.length);
    parent.append(text.slice(from, at), hit);
    from = at + query.length;
  }
  parent.append(text.slice(from));
}

function element(name, cls) {
  const made = document.createElement(name);
  if (cls) made.className = cls;
  return made;
}
