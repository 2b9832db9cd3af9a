// The virtual clock: real time plus an offset that a test may advance, and one timer for what is
// due next. Everything that takes time in the emulator (actions, the end of a rescue system, a
// refilling rate bucket) reads this clock, so a test that needs an hour to pass says so instead of
// waiting.

const LONGEST_SLEEP = 2 ** 31 - 1;

export class Clock {
  #timer = null;

  constructor(offset = 0) {
    this.offset = offset;
  }

  now() {
    return Date.now() + this.offset;
  }

  advance(ms) {
    this.offset += ms;
  }

  // Calls wake() once when the moment `at` (virtual) has come; a later call replaces an earlier
  // one.
  wakeAt(at, wake) {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (!Number.isFinite(at)) return;

    this.#timer = setTimeout(wake, Math.min(Math.max(at - this.now(), 0), LONGEST_SLEEP));
    this.#timer.unref();
  }
}

// RFC 3339 in UTC, whole seconds: what the real API writes.
export function stamp(ms) {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
