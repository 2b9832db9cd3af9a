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
import { actOf, showLogKeys } from './log-keys.js';
import { searchBox, tool } from './log-tools.js';
import { LogView } from './log-view.js';
import { saveText } from './save.js';

const TOOLS_MS = 250; // the tools around the log redraw at most four times a second
const SPOKEN_MAX = 300; // characters of a line that are read aloud

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
  /** The current line, for those who hear it. */
  #spoken = '';
  #addressIsOld = false;
  #listening = new AbortController();

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
    if (!this.compact) {
      this.#readAddress();
      this.#listening = new AbortController();
      const { signal } = this.#listening;
      addEventListener('hashchange', () => this.#readAddress(), { signal });
    }

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
    this.#listening.abort();
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
    this.#view.mark(this.#wanted);
    this.#goWanted();
  }

  /** To the line that the address names, as soon as it is here. */
  #goWanted() {
    const at = this.#wanted ? this.#model.bySeq(this.#wanted.from) : -1;
    if (at < 0) return;
    this.#wanted = null;
    this.#view.goto(at);
  }

  #lines(lines) {
    const first = !this.#model.count;
    this.#model.append(lines);
    this.#view.grown(first ? 0 : lines.length); // what was there already is not new
    this.#goWanted();
    if (first)
      this.#draw(); // or "Loading the log…" would lie over its first lines
    else this.#drawSoon();
  }

  /* Tools */

  #changed() {
    this.#addressIsOld = !this.compact;
    this.#drawSoon();
  }

  #drawSoon() {
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      if (this.#addressIsOld) this.#writeAddress();
      this.#draw();
    }, TOOLS_MS);
  }

  /** Not with each line that a key passes: browsers refuse to change the address that often. */
  #writeAddress() {
    const { marked } = this.#view;
    this.#addressIsOld = false;
    setAddress(location.search, marked ? lineLink(marked) : '');
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
        aria-label="Log. New lines are not read aloud. Arrow keys go from line to line, the question mark lists all keys."
        @keydown=${(e) => this.#key(e)}
      ></div>
      <p class="visually-hidden" aria-live="polite">${this.#spoken}</p>
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
    const on = (pressed) => ({ pressed: pressed ?? false });
    return html`<div class="log-bar" role="toolbar" aria-label="Log tools">
      ${searchBox({
        query: this.#model.query,
        hits: this.#model.hits,
        hit: this.#hit,
        search: (query) => this.#search(query),
        step: (by) => this.#step(by),
      })}
      <span class="grow"></span>
      ${tool(
        icon('triangle-exclamation'),
        errors ? `Next error (${number(errors)})` : 'No errors',
        () => this.#nextError(),
        { title: 'Next error', disabled: !errors },
      )}
      ${tool(icon('layer-group'), 'Tasks only', () => this.#foldAll(), on(this.#model.allFolded))}
      ${tool(icon('turn-down'), 'Wrap', () => this.#wrap(), on(view?.wrap))}
      ${tool(icon('stopwatch'), 'Elapsed', () => this.#elapsed(), on(view?.elapsed))}
      ${this.#followTool()}
      ${tool(icon('copy'), view?.marked ? 'Copy marked' : 'Copy', () => this.#copy(), {
        title: 'Copy',
      })}
      ${tool(icon('download'), 'Download', () => this.#download())}
      ${tool(icon('keyboard'), 'Keys', () => showLogKeys(false))}
    </div>`;
  }

  #followTool() {
    const pressed = this.#view?.follow ?? true;
    return tool(icon('arrow-down'), 'Follow', () => this.#follow(!pressed), { pressed });
  }

  #search(query) {
    this.#model.find(query);
    this.#hit = -1;
    this.#view.changed();
    if (this.#model.hits.length) this.#step(1);
    else this.#draw();
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
    this.#view.mark({ from: seq, to: seq });
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

  #key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'f' && !this.compact) {
      event.preventDefault(); // the browser's own search sees only the lines in sight
      this.querySelector('[data-search]').focus();
      return;
    }
    const act = actOf(event, this.compact);
    if (act && this.#acts[act](event) !== false) event.preventDefault();
  }

  /** What the keys of log-keys.js do; false leaves the key to the browser. */
  #acts = {
    next: (event) => this.#move(1, event.shiftKey),
    previous: (event) => this.#move(-1, event.shiftKey),
    first: (event) => this.#move(-Infinity, event.shiftKey),
    last: (event) => this.#move(Infinity, event.shiftKey),
    fold: () => this.querySelector('.log').scrollLeft === 0 && this.#fold(true), // else it scrolls
    unfold: () => this.#fold(false),
    toggle: () => this.#fold(),
    unmark: () => this.#view.marked !== null && this.#view.setMarked(null),
    foldAll: () => this.#foldAll(),
    nextError: () => this.#nextError(),
    nextMatch: () => this.#step(1),
    previousMatch: () => this.#step(-1),
    follow: () => this.#follow(!this.#view.follow),
    wrap: () => this.#wrap(),
    help: () => showLogKeys(this.compact),
  };

  #move(by, extend) {
    this.#view.move(by, extend);
    this.#speak();
  }

  #fold(folded) {
    const done = this.#view.fold(folded);
    if (done) this.#speak();
    return done;
  }

  /** Says the current line, with the next drawing of the tools. */
  #speak() {
    const at = this.#view.current;
    if (at < 0) return;
    const folds = this.#model.isHead(at)
      ? this.#model.isFolded(at)
        ? ', task is folded'
        : ', task is open'
      : '';
    const text = this.#model.textOf(at, at).slice(0, SPOKEN_MAX);
    this.#spoken = `Line ${this.#model.seq[at]}${folds}: ${text}`;
  }
}

customElements.define('run-log', RunLog);
