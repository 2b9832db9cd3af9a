/*
 * A clock that stands still until it is told to move. Replaces the timers and Date.now of this
 * process; node:test has one of its own only in newer versions than Debian's.
 */
export class Clock {
  #now = 1_000_000;
  #timers = new Map();
  #next = 1;
  #real = {};

  constructor() {
    const fakes = {
      setTimeout: (run, ms = 0) => this.#add(run, ms, 0),
      setInterval: (run, ms = 0) => this.#add(run, ms, ms),
      clearTimeout: (id) => this.#timers.delete(id),
      clearInterval: (id) => this.#timers.delete(id),
    };
    for (const [name, fake] of Object.entries(fakes)) {
      this.#real[name] = globalThis[name];
      globalThis[name] = fake;
    }
    this.#real.now = Date.now;
    Date.now = () => this.#now;
  }

  #add(run, ms, every) {
    const id = this.#next++;
    this.#timers.set(id, { run, at: this.#now + ms, every });
    return id;
  }

  /** Runs what is due within the next `ms`, in order. */
  tick(ms) {
    const end = this.#now + ms;
    for (let due = this.#due(end); due; due = this.#due(end)) {
      const [id, timer] = due;
      this.#now = timer.at;
      if (timer.every) timer.at += timer.every;
      else this.#timers.delete(id);
      timer.run();
    }
    this.#now = end;
  }

  #due(end) {
    const due = [...this.#timers].filter(([, timer]) => timer.at <= end);
    return due.sort(([, a], [, b]) => a.at - b.at)[0];
  }

  restore() {
    const { now, ...timers } = this.#real;
    Object.assign(globalThis, timers);
    Date.now = now;
  }
}
