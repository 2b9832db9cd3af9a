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
const MOST_OF_A_KIND = 5;

/** Kinds of answers of /search: icon, and how one is shown. */
const KINDS = {
  requests: {
    icon: 'inbox',
    show: (r) => ({
      href: `/requests/${r.id}`,
      label: r.name,
      hint: `Request #${r.id}, ${stateOf('request', r.state).word.toLowerCase()}`,
    }),
  },
  servers: {
    icon: 'server',
    show: (s) => ({
      href: `/servers/${s.id}`,
      label: s.name,
      hint: `Server${s.ipv4 ? `, ${s.ipv4}` : ''}`,
    }),
  },
  projects: {
    icon: 'folder-tree',
    show: (p) => ({ href: `/projects/${p.id}`, label: p.name, hint: 'Project' }),
  },
};

let open = null;

/** @param {{ icon: string, label: string, href: string, hint: string }[]} pages */
export function openPalette(pages) {
  if (!open) open = new Palette(pages);
}

class Palette {
  #pages;
  #query = '';
  #selected = 0;
  #found = [];
  #timer = 0;
  #abort = null;
  #dialog;

  constructor(pages) {
    this.#pages = pages;
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
        ${repeat(
          items,
          (item) => item.href,
          (item, i) => this.#row(item, i),
        )}
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
    this.#dialog.element
      .querySelector('[aria-selected="true"]')
      ?.scrollIntoView({ block: 'nearest' });
  }

  #pick(item) {
    this.#dialog.close();
    this.#closed(); // its own event comes too late for somebody who types fast
    go(item.href);
  }

  async #look(q) {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    try {
      const answer = await get('/search', { query: { q }, signal });
      this.#found = Object.entries(KINDS).flatMap(([name, kind]) =>
        (answer[name] ?? [])
          .slice(0, MOST_OF_A_KIND)
          .map((row) => ({ icon: kind.icon, ...kind.show(row) })),
      );
    } catch {
      return; // typed on, or not reachable: the pages are still there
    }
    this.#dialog.redraw();
  }
}
