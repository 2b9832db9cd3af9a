/*
 * The live channel: one WebSocket for the tab, many topics on it. Frames about one object carry its
 * id, state and numbers, frames about a list (`requests`, `servers`, `runs`) only say that something
 * in it changed; whoever watches a topic fetches the object or list itself. Each (re)subscription
 * is confirmed with `subscribed`, after which the watcher fetches once, so nothing can fall into a
 * gap.
 *
 *   const stop = live.watch('request/42', { frame: (f) => …, ready: () => refetch() });
 */

const PING_MS = 25_000; // Kore drops a socket that is silent for 120 s
const DEAD_MS = 60_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;

export const CLOSED_SIGNED_OUT = 4401;

/** 0.5 s × 2ⁿ, at most 30 s, ± 50 % so that a restarted service is not stormed. */
export function backoff(attempt, random = Math.random) {
  const base = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  return Math.min(LONGEST_DELAY_MS, Math.round(base * (0.5 + random())));
}

/** The service confirms `me` under its full name, `me/7`. */
const canonical = (topic) => (topic.startsWith('me/') ? 'me' : topic);

export class Live {
  /** @type {Map<string, Set<{ frame?: (f: any) => void, ready?: () => void }>>} */
  #topics = new Map();
  #confirmed = new Set();
  #socket = null;
  #attempt = 0;
  #reconnect = 0;
  #beat = 0;
  #heard = 0;
  #wanted = false;

  /** @type {'off' | 'connecting' | 'on'} */
  state = 'off';
  /** When the channel went down; 0 while it is up. */
  downSince = 0;

  /**
   * @param {object} [options]
   * @param {() => string} [options.url]
   * @param {(url: string) => WebSocket} [options.connect]
   * @param {(state: string) => void} [options.onState]
   * @param {() => void} [options.onSignedOut]
   * @param {() => void} [options.onRefused] a socket was closed before it was open: the service is
   *   away, or the session has ended; the browser does not say which
   */
  constructor(options = {}) {
    const { url = liveUrl, connect = (u) => new WebSocket(u) } = options;
    this.url = url;
    this.connect = connect;
    this.onState = options.onState ?? (() => {});
    this.onSignedOut = options.onSignedOut ?? (() => {});
    this.onRefused = options.onRefused ?? (() => {});
  }

  open() {
    this.#wanted = true;
    if (!this.#socket) this.#dial();
  }

  close() {
    this.#wanted = false;
    clearTimeout(this.#reconnect);
    this.#drop();
    this.#set('off');
    this.downSince = 0;
  }

  /** Does not wait for the next attempt: the network is back, or a person asked. */
  retryNow() {
    if (!this.#wanted || this.#socket) return;
    clearTimeout(this.#reconnect);
    this.#dial();
  }

  /** True when frames of this topic arrive now. */
  confirmed(topic) {
    return this.#confirmed.has(topic);
  }

  /**
   * @param {string} topic
   * @param {{ frame?: (frame: any) => void, ready?: () => void }} watcher
   *   frame: something happened; ready: the service has (again) answered the subscription, fetch
   *   now. A topic that is not allowed is answered too; it just never brings frames.
   * @returns {() => void} stops watching
   */
  watch(topic, watcher) {
    const watchers = this.#topics.get(topic) ?? new Set();
    const first = watchers.size === 0;
    watchers.add(watcher);
    this.#topics.set(topic, watchers);

    if (first) this.#send({ op: 'sub', topic });
    else if (this.#confirmed.has(topic)) queueMicrotask(() => watcher.ready?.());

    return () => this.#unwatch(topic, watcher);
  }

  #unwatch(topic, watcher) {
    const watchers = this.#topics.get(topic);
    if (!watchers?.delete(watcher) || watchers.size) return;
    this.#topics.delete(topic);
    this.#confirmed.delete(topic);
    this.#send({ op: 'unsub', topic });
  }

  #dial() {
    const socket = this.connect(this.url());
    this.#socket = socket;
    this.#heard = Date.now();
    this.#set('connecting');

    socket.onopen = () => this.#opened();
    socket.onmessage = (event) => this.#received(event.data);
    socket.onclose = (event) => {
      if (this.#socket === socket) this.#lost(event.code);
    };
    clearInterval(this.#beat);
    this.#beat = setInterval(() => this.#keepAlive(), PING_MS);
  }

  #opened() {
    this.#attempt = 0;
    this.downSince = 0;
    this.#set('on');
    for (const topic of this.#topics.keys()) this.#send({ op: 'sub', topic });
  }

  #received(text) {
    this.#heard = Date.now();
    const frame = JSON.parse(text);
    if (frame.op === 'pong') return;

    const topic = canonical(frame.topic ?? '');
    if (frame.op === 'subscribed' || frame.op === 'denied') this.#answered(topic, frame.op);
    else this.#deliver(topic, frame);
  }

  #answered(topic, op) {
    if (!this.#topics.has(topic)) return;
    if (op === 'subscribed') this.#confirmed.add(topic);
    for (const watcher of this.#topics.get(topic)) watcher.ready?.();
  }

  /** Acknowledged on arrival, not on paint: a hidden tab paints nothing but must not stall. */
  #deliver(topic, frame) {
    for (const watcher of this.#topics.get(topic) ?? []) watcher.frame?.(frame);
    if (frame.seq !== undefined) this.#send({ op: 'ack', topic: frame.topic, seq: frame.seq });
  }

  #keepAlive() {
    if (Date.now() - this.#heard > DEAD_MS) {
      this.#drop();
      this.#lost(0);
    } else {
      this.#send({ op: 'ping' });
    }
  }

  #lost(code) {
    this.#drop();
    if (code === CLOSED_SIGNED_OUT) {
      this.close();
      this.onSignedOut();
      return;
    }
    if (this.state === 'connecting') this.onRefused();
    if (!this.downSince) this.downSince = Date.now();
    this.#set('off');
    if (!this.#wanted) return;
    this.#reconnect = setTimeout(() => this.#dial(), backoff(this.#attempt++));
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.#confirmed.clear();
    clearInterval(this.#beat);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #send(message) {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  #set(state) {
    if (this.state === state) return;
    this.state = state;
    this.onState(state);
  }
}

function liveUrl() {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live`;
}
