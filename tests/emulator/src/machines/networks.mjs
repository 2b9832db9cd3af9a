// How servers are reached, one class per way.

import fs from 'node:fs';
import os from 'node:os';

import { AddressPool } from '../addresses.mjs';
import { machine } from './helper.mjs';

const SERVERS = 240; // .10 to .249
const FIRST_NET = 64;

const hostHas = (address) =>
  Object.values(os.networkInterfaces())
    .flat()
    .some((found) => found.address === address);

// Each server in a network namespace of its own, with its own address and port 22. From there only
// the host and the other servers can be reached.
export class OwnNetworks {
  mode = 'netns';
  port = 22;

  constructor(tag, net) {
    this.tag = tag;
    this.wanted = net;
  }

  // keptNet: the network of the run before, whose servers have its addresses
  async open(keptNet) {
    const wanted = this.wanted === 'auto' ? keptNet : this.wanted;
    this.net = wanted ?? (await this.#firstFree());
    if (wanted && !this.#stands()) await machine(['net-up', this.tag, this.net]);
    this.pool = new AddressPool(SERVERS, (n) => `${this.net}.${n + 10}`);
  }

  // Another emulator may take a network between the look and the step: the helper refuses one in
  // use.
  async #firstFree() {
    for (let n = FIRST_NET; n < 255; n += 1) {
      const net = `198.18.${n}`;
      if (hostHas(`${net}.1`)) continue;
      try {
        await machine(['net-up', this.tag, net]);
        return net;
      } catch (error) {
        if (!/is in use/.test(error.message)) throw error;
      }
    }
    throw new Error('no 198.18.N.0/24 is free on this machine');
  }

  #stands() {
    return (
      fs.existsSync(`/run/netns/sps-emu-${this.tag}`) &&
      (os.networkInterfaces()[`spse-${this.tag}`] ?? []).some(
        (found) => found.address === `${this.net}.1`,
      )
    );
  }

  has(server) {
    return fs.existsSync(`/run/netns/sps-emu-${this.tag}-${server.id}`);
  }

  attach(server, address) {
    return machine(['ns-add', this.tag, server.id, address ?? '-']);
  }

  detach(server) {
    return machine(['ns-del', this.tag, server.id]);
  }

  get where() {
    return this.tag;
  }

  sshdOptions() {
    return '';
  }

  close() {
    return machine(['net-down', this.tag]);
  }
}

// All servers in this machine's network, each on a loopback address of its own.
export class SharedLoopback {
  mode = 'loopback';
  where = '-';

  constructor(net, port) {
    const third = net === 'auto' ? 10 : net.split('.')[2];
    this.pool = new AddressPool(SERVERS, (n) => `127.18.${third}.${n + 10}`);
    this.port = port;
  }

  async close() {}
  async detach() {}

  has() {
    return true;
  }

  async attach(server, address) {
    if (!address) throw new Error('a server without an IPv4 address cannot boot in loopback mode');
  }

  sshdOptions(address) {
    return `SSHD_OPTS="-o ListenAddress=${address} -o Port=${this.port}"\n`;
  }
}
