// A pool of IPv4 addresses, given out in turn so that a freed address is not at once somebody
// else's.

export class AddressPool {
  #used = new Set();
  #next = 0;

  // size addresses; nth(n) names them
  constructor(size, nth) {
    this.size = size;
    this.nth = nth;
  }

  take() {
    for (let tries = 0; tries < this.size; tries += 1) {
      const ip = this.nth(this.#next);
      this.#next = (this.#next + 1) % this.size;
      if (this.#used.has(ip)) continue;
      this.#used.add(ip);
      return ip;
    }
    return null;
  }

  claim(ip) {
    this.#used.add(ip);
  }

  give(ip) {
    this.#used.delete(ip);
  }
}
