/*
 * Terminal output as spans with class names, never as HTML. Understands SGR colours and styles;
 * every other escape sequence is dropped. Characters that reorder text are shown as what they
 * are, because a log must not lie.
 */

const CSI = /\x1b\[([0-9;:<=>?]*)([@-~])/; // its parameters and final letter
const OSC = /\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?/; // titles, links: up to their end
const OTHER = /\x1b[ -/]*[0-~]/;
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/; // all but the tab
const ESCAPE = new RegExp([CSI, OSC, OTHER, CONTROL].map((r) => r.source).join('|'), 'g');

const NEEDS_WORK = /[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]/;
const BIDI = /[\u202a-\u202e\u2066-\u2069]/g;
const TAB = 8;

/** A progress bar rewrites its line after \r: only its last state counts. */
export function lastRewrite(line) {
  const text = line.replace(/[\r\n]+$/, '');
  return text.slice(text.lastIndexOf('\r') + 1);
}

/** @returns {string} what a person sees, without colours */
export function plainText(line) {
  if (!NEEDS_WORK.test(line)) return line;
  return visible(lastRewrite(line).replace(ESCAPE, ''));
}

/** @returns {{ text: string, cls: string }[]} neighbours never have the same class */
export function parseAnsi(line) {
  if (!NEEDS_WORK.test(line)) return line ? [{ text: line, cls: '' }] : [];

  const source = lastRewrite(line);
  const style = { flags: new Set(), front: '', back: '' };
  const spans = [];
  let from = 0;
  for (const found of source.matchAll(ESCAPE)) {
    push(spans, source.slice(from, found.index), classOf(style));
    from = found.index + found[0].length;
    if (found[2] === 'm') select(style, found[1]);
  }
  push(spans, source.slice(from), classOf(style));
  return expandTabs(spans);
}

function push(spans, text, cls) {
  if (!text) return;
  const shown = escapeBidi(text);
  const before = spans.at(-1);
  if (before?.cls === cls) before.text += shown;
  else spans.push({ text: shown, cls });
}

function escapeBidi(text) {
  return text.replace(BIDI, (c) => `<U+${c.codePointAt(0).toString(16).toUpperCase()}>`);
}

function visible(text) {
  return expandTabs([{ text: escapeBidi(text), cls: '' }])[0]?.text ?? '';
}

function expandTabs(spans) {
  let column = 0;
  for (const span of spans) {
    if (span.text.includes('\t')) span.text = untab(span.text, column);
    column += span.text.length;
  }
  return spans.filter((span) => span.text);
}

function untab(text, start) {
  let column = start;
  let out = '';
  for (const c of text) {
    const piece = c === '\t' ? ' '.repeat(TAB - (column % TAB)) : c;
    out += piece;
    column += piece.length;
  }
  return out;
}

/* Select Graphic Rendition: ECMA-48 8.3.117 */

const FLAGS = {
  1: 'ansi-bold',
  2: 'ansi-dim',
  3: 'ansi-italic',
  4: 'ansi-underline',
  7: 'ansi-inverse',
};
const FLAG_OFF = {
  22: ['ansi-bold', 'ansi-dim'],
  23: ['ansi-italic'],
  24: ['ansi-underline'],
  27: ['ansi-inverse'],
};

function select(style, parameters) {
  const codes = parameters.split(/[;:]/).map(Number);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 38 || code === 48) i += extended(style, codes, i);
    else apply(style, code);
  }
}

function apply(style, code) {
  if (code === 0) {
    style.flags.clear();
    style.front = style.back = '';
  } else if (FLAGS[code]) style.flags.add(FLAGS[code]);
  else if (FLAG_OFF[code]) for (const flag of FLAG_OFF[code]) style.flags.delete(flag);
  else if (code >= 30 && code <= 37) style.front = `ansi-fg-${code - 30}`;
  else if (code === 39) style.front = '';
  else if (code >= 40 && code <= 47) style.back = `ansi-bg-${code - 40}`;
  else if (code === 49) style.back = '';
  else if (code >= 90 && code <= 97) style.front = `ansi-fg-${code - 90 + 8}`;
  else if (code >= 100 && code <= 107) style.back = `ansi-bg-${code - 100 + 8}`;
}

/** 38;5;n and 38;2;r;g;b: the nearest of the 16 colours. Returns how many codes it used. */
function extended(style, codes, at) {
  const byNumber = codes[at + 1] === 5;
  const colour = byNumber ? palette256(codes[at + 2]) : nearest(codes.slice(at + 2, at + 5));
  if (codes[at] === 38) style.front = `ansi-fg-${colour}`;
  else style.back = `ansi-bg-${colour}`;
  return byNumber ? 2 : 4;
}

function palette256(n = 7) {
  if (n < 16) return n;
  if (n >= 232) return nearest(Array(3).fill((n - 232) * 10 + 8));
  const step = (v) => (v ? v * 40 + 55 : 0);
  const cube = n - 16;
  return nearest([step(Math.floor(cube / 36)), step(Math.floor(cube / 6) % 6), step(cube % 6)]);
}

function nearest([r = 0, g = 0, b = 0]) {
  const bright = Math.max(r, g, b) > 200 ? 8 : 0;
  const half = Math.max(r, g, b) / 2;
  const bit = (v, n) => (v > half && v > 40 ? n : 0);
  return bright + (bit(r, 1) | bit(g, 2) | bit(b, 4));
}

function classOf({ flags, front, back }) {
  return [...flags, front, back].filter(Boolean).join(' ');
}

/* Cells of a monospaced line */

/** Blocks of characters two cells wide (East Asian Width), besides pictures. */
const WIDE_BLOCKS =
  '\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff' +
  '\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6';
const WIDE = new RegExp(`[${WIDE_BLOCKS}]|\\p{Emoji_Presentation}`, 'u');
const ZERO = /[\p{Mn}\p{Me}\p{Cf}]/u;
const ASCII = /^[\x20-\x7e]*$/;

function cells(char) {
  if (ZERO.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

/** Columns the text takes on one endless row. */
export function width(text) {
  if (ASCII.test(text)) return text.length;
  let sum = 0;
  for (const char of text) sum += cells(char);
  return sum;
}

/** Rows the text takes when broken after exactly `columns` cells. */
export function rowCount(text, columns) {
  if (ASCII.test(text)) return Math.max(1, Math.ceil(text.length / columns));
  let rows = 1;
  let used = 0;
  for (const char of text) {
    const w = cells(char);
    if (used + w > columns) {
      rows++;
      used = 0;
    }
    used += w;
  }
  return rows;
}
