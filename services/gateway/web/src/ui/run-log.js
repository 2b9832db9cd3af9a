/*
 * <run-log>: the live log of a run with its tools. `.source` says where lines come from
 * (lib/log-source.js); `compact` leaves out what only the page of the run needs.
 */
import { html, nothing, render } from 'lit-html';
import { number, plural } from '../lib/format.js';
import { lineLink, parseLineLink } from '../lib/line-link.js';
import { LogFeed } from '../lib/log-feed.js';
import { LogModel } from '../lib/log-model.js';
import { setAddress } from '../lib/router.js';
import { copyText } from './copy.js';
import { icon } from './icon.js';
import { LogView } from './log-view.js';
import { saveText } from './save.js';

const TOOLS_MS = 250; // the tools around the log redraw at most four times a second

class RunLog extends HTMLElement {
  #source = null;
  #model = new LogModel();
  #feed = null;
  #view = null;
  #timer = 0;
  #stop = () => {};
  #hit = -1;
  #wanted = null;
  #heading = nothing;

  set source(source) {
    if (this.#source?.run === source.run) return;
    this.#source = source;
    if (this.isConnected) this.#begin();
  }

  /** What stands before the tools of a compact log. */
  set heading(heading) {
    this.#heading = heading;
    if (this.#view) this.#draw();
  }

  get compact() {
    return this.hasAttribute('compact');
  }

  connectedCallback() {
    if (this.#source) this.#begin();
  }

  disconnectedCallback() {
    this.#end();
  }

  /** The run has changed: there may be last lines that no frame announced. */
  refresh() {
    this.#feed?.fill();
  }

  /** Goes to the first line of a task. */
  showTask(task) {
    const at = this.#model.headOf(task);
    if (at >= 0) this.#show(at);
  }

  /** The end of the log as text. */
  lastLines(count) {
    return this.#model.textOf(Math.max(0, this.#model.count - count));
  }

  #begin() {
    this.#end();
    this.#model = new LogModel();
    this.#hit = -1;
    this.#draw();

    const box = this.querySelector('.log');
    this.#view = new LogView(box, this.#model, () => this.#changed());
    this.#view.setWrap(this.compact || localStorage.getItem('log-wrap') === 'yes');
    if (!this.compact) this.#readAddress();

    this.#feed = new LogFeed({
      page: this.#source.page,
      onLines: (lines) => this.#lines(lines),
      onChange: () => this.#drawSoon(),
    });
    this.#feed.fill();
    this.#stop = this.#source.watch({
      frame: (frame) => this.#feed.frame(frame),
      ready: () => this.#feed.fill(),
    });
  }

  #end() {
    this.#stop();
    this.#stop = () => {};
    this.#feed?.end();
    this.#view?.end();
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#view = this.#feed = null;
  }

  #readAddress() {
    this.#wanted = parseLineLink(location.hash);
    if (!this.#wanted) return;
    this.#view.follow = false;
    this.#view.marked = this.#wanted;
  }

  #lines(lines) {
    const first = !this.#model.count;
    this.#model.append(lines);
    this.#view.grown(lines.length);
    if (this.#wanted) {
      const at = this.#model.bySeq(this.#wanted.from);
      if (at >= 0) {
        this.#wanted = null;
        this.#view.goto(at);
      }
    }
    if (first)
      this.#draw(); // or "Loading the log…" would lie over its first lines
    else this.#drawSoon();
  }

  /* Tools */

  #changed() {
    if (!this.compact) {
      const { marked } = this.#view;
      setAddress(location.search, marked ? lineLink(marked) : '');
    }
    this.#drawSoon();
  }

  #drawSoon() {
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      this.#draw();
    }, TOOLS_MS);
  }

  #draw() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    render(this.#template(), this);
  }

  #template() {
    const { follow, missed } = this.#view ?? { follow: true, missed: 0 };
    return html`${this.compact ? this.#compactBar() : this.#bar()}
      <div
        class="log"
        tabindex="0"
        role="region"
        aria-label="Log. New lines are not read aloud; use the search or the download."
        @keydown=${(e) => this.#key(e)}
      ></div>
      ${this.#message()}
      ${
        follow
          ? nothing
          : html`<button
              type="button"
              class="btn btn-primary btn-sm log-jump"
              @click=${() => this.#follow(true)}
            >
              ${icon('arrow-down')} Jump to newest${missed ? ` (${number(missed)} new)` : ''}
            </button>`
      }`;
  }

  #message() {
    if (this.#model.count) return nothing;
    if (this.#feed?.error)
      return html`<p class="log-message" role="status">${this.#feed.error.message}</p>`;
    const text = this.#feed?.started
      ? 'No output yet. Lines appear here as they are written.'
      : 'Loading the log…';
    return html`<p class="log-message" role="status">${text}</p>`;
  }

  #compactBar() {
    return html`<div class="log-bar">
      ${this.#heading}
      <span class="log-count num">${plural(this.#model.count, 'line')}</span>
      <span class="grow"></span>
      ${this.#followTool()}
      <a class="btn btn-tool" href="/runs/${this.#source.run}">
        ${icon('up-right-and-down-left-from-center')}<span>Open full log</span>
      </a>
    </div>`;
  }

  #bar() {
    const view = this.#view;
    const errors = this.#model.errors.length;
    const folded = this.#model.allFolded;
    return html`<div class="log-bar" role="toolbar" aria-label="Log tools">
      ${this.#searchBox()}
      <span class="grow"></span>
      <button
        type="button"
        class="btn btn-tool"
        title="Next error"
        ?disabled=${!errors}
        @click=${() => this.#nextError()}
      >
        ${icon('triangle-exclamation')}<span>
          ${errors ? `Next error (${number(errors)})` : 'No errors'}
        </span>
      </button>
      ${this.#toggle(icon('layer-group'), 'Tasks only', folded, () => this.#foldAll())}
      ${this.#toggle(icon('turn-down'), 'Wrap', view?.wrap ?? false, () => this.#wrap())}
      ${this.#toggle(icon('stopwatch'), 'Elapsed', view?.elapsed ?? false, () => this.#elapsed())}
      ${this.#followTool()}
      <button type="button" class="btn btn-tool" title="Copy" @click=${() => this.#copy()}>
        ${icon('copy')}<span>${view?.marked ? 'Copy marked' : 'Copy'}</span>
      </button>
      <button type="button" class="btn btn-tool" title="Download" @click=${() => this.#download()}>
        ${icon('download')}<span>Download</span>
      </button>
    </div>`;
  }

  #followTool() {
    const on = this.#view?.follow ?? true;
    return this.#toggle(icon('arrow-down'), 'Follow', on, () => this.#follow(!on));
  }

  #toggle(picture, text, on, toggle) {
    return html`<button
      type="button"
      class="btn btn-tool"
      title=${text}
      aria-pressed=${on ? 'true' : 'false'}
      @click=${toggle}
    >
      ${picture}<span>${text}</span>
    </button>`;
  }

  #searchBox() {
    const { query, hits } = this.#model;
    const place = hits.length ? `${number(this.#hit + 1)} of ${number(hits.length)}` : 'No match';
    return html`<label class="search">
        ${icon('magnifying-glass')}
        <span class="visually-hidden">Search in the log</span>
        <input
          type="search"
          data-search
          placeholder="Search in the log"
          autocomplete="off"
          spellcheck="false"
          @input=${(e) => this.#search(e.target.value)}
          @keydown=${(e) => this.#searchKey(e)}
        />
      </label>
      <span class="log-hits num" role="status">${query ? place : ''}</span>
      <button
        type="button"
        class="btn btn-icon"
        aria-label="Previous match"
        ?disabled=${!hits.length}
        @click=${() => this.#step(-1)}
      >
        ${icon('chevron-up')}
      </button>
      <button
        type="button"
        class="btn btn-icon"
        aria-label="Next match"
        ?disabled=${!hits.length}
        @click=${() => this.#step(1)}
      >
        ${icon('chevron-down')}
      </button>`;
  }

  #search(query) {
    this.#model.find(query);
    this.#hit = -1;
    this.#view.changed();
    if (this.#model.hits.length) this.#step(1);
    else this.#draw();
  }

  #searchKey(event) {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    this.#step(event.shiftKey ? -1 : 1);
  }

  #step(by) {
    const { hits } = this.#model;
    if (!hits.length) return;
    this.#hit = (this.#hit + by + hits.length) % hits.length;
    this.#show(hits[this.#hit]);
  }

  #nextError() {
    const { marked } = this.#view;
    const after = marked ? this.#model.bySeq(marked.from) : -1;
    const at = this.#model.nextError(after);
    if (at >= 0) this.#show(at);
  }

  #show(at) {
    const seq = this.#model.seq[at];
    this.#view.marked = { from: seq, to: seq };
    this.#view.goto(at);
    this.#draw();
  }

  #foldAll() {
    this.#model.foldAll(!this.#model.allFolded);
    this.#view.changed();
    this.#draw();
  }

  #wrap() {
    this.#view.setWrap(!this.#view.wrap);
    localStorage.setItem('log-wrap', this.#view.wrap ? 'yes' : 'no');
    this.#draw();
  }

  #elapsed() {
    this.#view.elapsed = !this.#view.elapsed;
    this.#view.changed();
    this.#draw();
  }

  #follow(follow) {
    this.#view.setFollow(follow);
    this.#draw();
  }

  async #copy() {
    const { marked } = this.#view;
    if (!marked) return copyText(this.#model.textOf(), 'Log');
    const from = this.#model.bySeq(marked.from);
    const to = this.#model.bySeq(marked.to);
    const what = from === to ? 'Line' : 'Lines';
    return copyText(this.#model.textOf(from, to < 0 ? undefined : to), what);
  }

  async #download() {
    await this.#feed.fill();
    saveText(`${this.#model.textOf()}\n`, `run-${this.#source.run}.log`);
  }

  /* Keys that only work while the log has the focus (WCAG 2.1.4) */
  #key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'f' && !this.compact) {
      event.preventDefault(); // the browser's own search sees only the lines in sight
      this.querySelector('[data-search]').focus();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || this.compact) return;
    const acts = {
      n: () => this.#step(1),
      N: () => this.#step(-1),
      e: () => this.#nextError(),
      f: () => this.#follow(!this.#view.follow),
      w: () => this.#wrap(),
      t: () => this.#foldAll(),
    };
    const run = acts[event.key];
    if (!run) return;
    event.preventDefault();
    run();
  }
}

customElements.define('run-log', RunLog);
