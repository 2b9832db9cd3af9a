/*
 * What a page gets to work with. Everything started through it ends with the page.
 *
 * A page module exports one function `(ctx) => page`, where page is
 *   title     text for the window, may be a getter
 *   crumbs    [[text, href?], …] for the top bar, may be a getter
 *   view()    lit template; called on every redraw
 *   start?()  after the first draw
 *   end?()    before the next page
 */
import { get } from './api.js';
import { followTopics } from './follow.js';
import { Resource } from './resource.js';

export class PageContext {
  #live;
  #ends = [];
  #ended = new AbortController();

  /**
   * @param {object} given
   * @param {Record<string, string>} given.params from the path
   * @param {any} given.session
   * @param {import('./live.js').Live} given.live
   * @param {() => void} given.redraw
   */
  constructor({ params, session, live, redraw }) {
    this.params = params;
    this.session = session;
    this.redraw = redraw;
    this.#live = live;
  }

  /** The right as the service computed it; unknown means no. */
  may(right) {
    return this.session?.rights?.[right] === true;
  }

  /**
   * An object of the service that follows its live topics.
   * @param {string | ((signal: AbortSignal) => Promise<any>)} source path, or a function
   * @param {{ topics?: string[] }} [options]
   */
  resource(source, { topics = [] } = {}) {
    const fetch = typeof source === 'string' ? (signal) => get(source, { signal }) : source;
    const resource = new Resource(fetch, this.redraw);
    this.onEnd(() => resource.end());
    this.onEnd(followTopics(this.#live, topics, resource));
    return resource;
  }

  watch(topic, watcher) {
    const stop = this.#live.watch(topic, watcher);
    this.onEnd(stop);
    return stop;
  }

  onEnd(callback) {
    this.#ends.push(callback);
  }

  /** Aborted with the page: what comes back later must not act on the page that is there then. */
  get signal() {
    return this.#ended.signal;
  }

  end() {
    this.#ended.abort();
    for (const callback of this.#ends.splice(0)) callback();
  }
}
