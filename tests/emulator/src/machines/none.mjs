// No machines: the API alone. Addresses come from 198.19.0.0/16 (RFC 2544), which no other mode
// uses, so that nothing answers at them.

import { AddressPool } from '../addresses.mjs';

export class NoMachines {
  mode = 'none';
  pool = new AddressPool(65_000, (n) => `198.19.${(n + 10) >> 8}.${(n + 10) & 255}`);

  async open() {}
  async close() {}
  create() {}
  start() {}
  stop() {}
  restart() {}
  rebuild() {}
  remove() {}
  snapshot() {}
  setPassword() {}
  dropImage() {}

  describe() {
    return null;
  }
}

// Machines were wanted and cannot be had: every action that would boot one ends in an error that
// says why.
export class ImpossibleMachines extends NoMachines {
  mode = 'impossible';

  constructor(reason) {
    super();
    this.reason = reason;
  }

  async start() {
    throw new Error(this.reason);
  }

  async rebuild() {
    throw new Error(this.reason);
  }
}
