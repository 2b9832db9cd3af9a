/* The command palette: Ctrl+K, type, Enter. Pages at once; requests, servers, projects as found. */
import { html, nothing } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { get } from '../lib/api.js';
import { fuzzyScore } from '../lib/fuzzy.js';
import { go } from '../lib/router.js';
import { openDialog } from './dialog.js';
import { icon } from './icon.js';
import { stateOf } from './state.js';

const TYPING_MS = 120;
const MOST = 12;

/** What can be searched: list path, icon, and how a row is shown. */
const SOURCES = [
  {
    path: '/requests',
    right: 'request_view',
    icon: 'inbox',
    show: (r) => ({
      href: `/requests/${r.id}`,
      label: r.name,
      hint: `Request #${r.id}, ${stateOf('request', r.state).word.toLowerCase()}`,
    }),
  },
  {
    path: '/servers',
    right: 'server_view',
    icon: 'server',
    show: (s) => ({ href: `/servers/${s.id}`, label: s.name, hint: `Server, ${s.ipv4 ?? s.project.name}` }),
  },
  {
    path: '/projects',
    right: 'project_view',
    icon: 'folder-tree',
    show: (p) => ({ href: `/projects/${p.id}`, label: p.name, hint: 'Project' }),
  },
];

let open = null;

/**
 * @param {{ icon: string, label: string, href: string, hint: string }[]} pages
 * @param {(right: string) => boolean} may
 */
export function openPalette(pages, may) {
  if (open) return;
  open = new Palette(pages, SOURCES.filter((s) => may(s.right)));
}

class Palette {
  #pages;
  #sources;
  #query = '';
  #selected = 0;
  #found = [];
  #timer = 0;
  #abort = null;
  #dialog;

  constructor(pages, sources) {
    this.#pages = pages;
    this.#sources = sources;
    this.#dialog = openDialog({
      label: 'Search or jump to',
      cls: 'palette',
      view: () => this.#view(),
      onClose: () => this.#closed(),
    });
    this.#dialog.element.querySelector('input').focus();
  }

  #closed() {
    if (open === this) open = null;
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  #items() {
    const q = this.#query.trim().toLowerCase();
    const pages = this.#pages
      .map((page) => ({ page, score: fuzzyScore(page.label.toLowerCase(), q) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score)
      .map(({ page }) => page);
    return [...pages, ...this.#found].slice(0, MOST);
  }

  #view() {
    const items = this.#items();
    this.#selected = Math.max(0, Math.min(this.#selected, items.length - 1));
    return html`<div class="palette-head">
        ${icon('magnifying-glass')}
        <input
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-autocomplete="list"
          aria-activedescendant=${items.length ? `palette-${this.#selected}` : nothing}
          aria-label="Search or jump to"
          placeholder="Request, server, project or page"
          autocomplete="off"
          spellcheck="false"
          @input=${(e) => this.#typed(e.target.value)}
          @keydown=${(e) => this.#key(e, items)}
        />
        <kbd aria-hidden="true">Esc</kbd>
      </div>
      <ul id="palette-list" role="listbox" aria-label="Results">
        ${repeat(items, (item) => item.href, (item, i) => this.#row(item, i))}
      </ul>
      ${items.length ? nothing : html`<p class="palette-none" role="status">Nothing found.</p>`}`;
  }

  #row(item, i) {
    return html`<li
      id="palette-${i}"
      role="option"
      aria-selected=${i === this.#selected ? 'true' : 'false'}
      @click=${() => this.#pick(item)}
      @mousemove=${() => this.#select(i)}
    >
      ${icon(item.icon)}<span>${item.label}</span><small>${item.hint}</small>
    </li>`;
  }

  #typed(text) {
    this.#query = text;
    this.#selected = 0;
    this.#found = [];
    this.#dialog.redraw();
    clearTimeout(this.#timer);
    this.#abort?.abort();
    if (text.trim().length > 1) this.#timer = setTimeout(() => this.#look(text.trim()), TYPING_MS);
  }

  #key(event, items) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && items.length) this.#select((this.#selected + step + items.length) % items.length);
    else if (event.key === 'Enter' && items.length) this.#pick(items[this.#selected]);
    else return;
    event.preventDefault();
  }

  #select(i) {
    if (this.#selected === i) return;
    this.#selected = i;
    this.#dialog.redraw();
    this.#dialog.element.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }

  #pick(item) {
    this.#dialog.close();
    this.#closed(); // its own event comes too late for somebody who types fast
    go(item.href);
  }

  async #look(q) {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const ask = (source) =>
      get(source.path, { query: { q, size: 5 }, signal }).then(
        (answer) => answer.items.map((row) => ({ icon: source.icon, ...source.show(row) })),
        () => [], // one list that does not answer must not hide the others
      );
    const found = await Promise.all(this.#sources.map(ask));
    if (signal.aborted) return;
    this.#found = found.flat();
    this.#dialog.redraw();
  }
}
