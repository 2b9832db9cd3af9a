// Servers that really boot. Every operation of one server waits for the one before it.

import fs from 'node:fs';
import path from 'node:path';

import { launch, machine } from './helper.mjs';
import { callHome, hostKey } from './phone-home.mjs';
import { alive, endTree, remember } from './processes.mjs';
import { waitForSsh } from './wait-ssh.mjs';

const SSH_WITHIN_MS = 20_000;
const REBOOT_STATUS = 100; // what the guest's init ends with when it wants to be started again
const WATCH_MS = 1000;

export class BootedMachines {
  #queues = new Map(); // server id → the last operation
  #running = new Map(); // server id → {top (process), rescue}
  #watch = null;

  constructor({ network, directory, base, keep, log }) {
    Object.assign(this, { network, directory, base, keep, log });
  }

  get mode() {
    return this.network.mode;
  }

  get pool() {
    return this.network.pool;
  }

  // --- the whole

  // After the state is read: keep servers that still run, start those that should, end and remove
  // the others.
  async open(world) {
    this.world = world;
    for (const name of fs.readdirSync(path.join(this.directory, 'servers'))) {
      const found = world.findServer(Number(name));
      const top = this.#remembered(name);
      if (
        found?.server.status === 'running' &&
        top &&
        alive(top) &&
        this.network.has(found.server)
      ) {
        this.#running.set(found.server.id, { top });
      } else if (top) {
        await endTree(top);
      }
      if (!found) await this.remove({ id: Number(name) });
    }
    this.#startThose(world);
    this.#watch = setInterval(() => this.#lookAfterAdopted(), WATCH_MS);
    this.#watch.unref();
  }

  #startThose(world) {
    for (const project of world.projects.values()) {
      for (const server of project.servers.values()) {
        if (server.status === 'running' && !this.#running.has(server.id)) {
          this.start(server).catch((error) => this.#broke(server, error));
        }
      }
    }
  }

  #remembered(id) {
    try {
      return JSON.parse(fs.readFileSync(path.join(this.#dir({ id }), 'process'), 'utf8'));
    } catch {
      return null;
    }
  }

  async close() {
    clearInterval(this.#watch);
    if (this.keep) return;
    await Promise.all([...this.#queues.values()]);
    for (const [id, { top }] of this.#running) {
      this.#running.delete(id);
      await endTree(top);
    }
    await this.network.close();
  }

  // --- one server

  #dir(server) {
    return path.join(this.directory, 'servers', String(server.id));
  }

  #image(id) {
    return path.join(this.directory, 'images', String(id));
  }

  #inTurn(server, work) {
    const turn = (this.#queues.get(server.id) ?? Promise.resolve()).then(work);
    const settled = turn
      .catch(() => {})
      .then(() => {
        if (this.#queues.get(server.id) === settled) this.#queues.delete(server.id);
      });
    this.#queues.set(server.id, settled);
    return turn;
  }

  create(server) {
    return this.#inTurn(server, () => this.#freshDisk(server));
  }

  start(server) {
    return this.#inTurn(server, () => this.#boot(server));
  }

  stop(server) {
    return this.#inTurn(server, () => this.#end(server));
  }

  restart(server) {
    return this.#inTurn(server, async () => {
      await this.#end(server);
      await this.#boot(server);
    });
  }

  rebuild(server) {
    return this.#inTurn(server, async () => {
      await this.#end(server);
      await this.#freshDisk(server);
      await this.#boot(server);
    });
  }

  remove(server) {
    return this.#inTurn(server, async () => {
      await this.#end(server);
      await this.network.detach(server);
      await machine(['remove', this.#dir(server)]);
    });
  }

  snapshot(server, image) {
    return this.#inTurn(server, () => machine(['save', this.#dir(server), this.#image(image.id)]));
  }

  dropImage(image) {
    machine(['remove', this.#image(image.id)]).catch((error) =>
      this.log(`image ${image.id}: ${error.message}`),
    );
  }

  setPassword(server, password) {
    return this.#inTurn(server, async () => {
      const running = this.#running.get(server.id);
      if (!running) throw new Error('the server does not run');
      await machine(['passwd', running.top.pid], `root:${password}\n`);
    });
  }

  // An empty disk, or the one of a snapshot. A snapshot of this very server keeps its host key and
  // does not call home again: for cloud-init it is the same instance.
  async #freshDisk(server) {
    const image = this.#image(server.image);
    const restored = fs.existsSync(image);
    if (restored) await machine(['restore', image, this.#dir(server)]);
    else await machine(['wipe', this.#dir(server)]);
    server.fresh = !restored || this.#instanceOn(server) !== String(server.id);
  }

  #instanceOn(server) {
    const file = path.join(this.#dir(server), 'disk/var/lib/cloud/data/instance-id');
    try {
      return fs.realpathSync(file) === file ? fs.readFileSync(file, 'utf8').trim() : null;
    } catch {
      return null;
    }
  }

  #address(server) {
    const { project } = this.world.findServer(server.id) ?? {};
    return project?.primaryIps.get(server.ipv4)?.ip ?? null;
  }

  #tell(server, address, rescue) {
    const given = path.join(this.#dir(server), 'given');
    const { keys, password } = rescue ?? server;
    const write = (name, text) => fs.writeFileSync(path.join(given, name), text, { mode: 0o600 });
    write('authorized_keys', keys.map((key) => `${key}\n`).join(''));
    write('password', password ? `root:${password}\n` : '');
    write('sshd-options', this.network.sshdOptions(address));
  }

  async #boot(server) {
    if (this.#running.has(server.id)) return;
    if (!fs.existsSync(path.join(this.#dir(server), 'disk'))) await this.#freshDisk(server);

    const address = this.#address(server);
    const rescue = server.rescue_enabled_for_boot ?? null;
    server.rescue_enabled_for_boot = null;
    await this.network.attach(server, address);
    this.#tell(server, address, rescue);
    const running = this.#launch(server, rescue ? 'rescue' : 'disk');
    if (
      address &&
      !(await waitForSsh(address, this.network.port, SSH_WITHIN_MS, () => alive(running.top)))
    ) {
      await this.#end(server);
      throw new Error(
        `the server did not answer on ${address} port ${this.network.port}: ` +
          this.#lastWords(server),
      );
    }
    if (server.fresh && !rescue) this.#callHome(server);
  }

  #launch(server, disk) {
    const dir = this.#dir(server);
    const [hostname] = disk === 'rescue' ? ['rescue'] : server.name.split('.');
    const args = [this.network.where, dir, this.base, disk, hostname, server.id];
    const child = launch(args, path.join(dir, 'console'));
    child.on('error', (error) => this.log(`server ${server.id}: ${error.message}`));
    const running = { top: remember(child.pid), child };
    this.#running.set(server.id, running);
    fs.writeFileSync(path.join(dir, 'process'), JSON.stringify(running.top), { mode: 0o600 });
    child.once('exit', (status) => this.#ended(server, running, status));
    return running;
  }

  #lastWords(server) {
    try {
      return fs
        .readFileSync(path.join(this.#dir(server), 'console'), 'utf8')
        .trim()
        .split('\n')
        .pop();
    } catch {
      return 'it said nothing';
    }
  }

  #callHome(server) {
    server.fresh = false;
    callHome(server, path.join(this.#dir(server), 'disk'), this.log).catch((error) =>
      this.log(`server ${server.id}: phone_home: ${error.message}`),
    );
  }

  async #end(server) {
    const running = this.#running.get(server.id);
    if (!running) return;

    this.#running.delete(server.id); // first, so that its end is not taken for the guest's own wish
    await endTree(running.top);
    fs.rmSync(path.join(this.#dir(server), 'process'), { force: true });
  }

  // The guest went down by itself: it rebooted or switched itself off.
  #ended(server, running, status) {
    if (this.#running.get(server.id) !== running) return;

    this.#running.delete(server.id);
    if (!this.world.findServer(server.id) || server.status !== 'running') return;
    if (status === REBOOT_STATUS) this.start(server).catch((error) => this.#broke(server, error));
    else this.world.powerOff(server);
  }

  #broke(server, error) {
    this.log(`server ${server.id}: ${error.message}`);
    server.status = 'off';
    this.world.changed();
  }

  #lookAfterAdopted() {
    for (const [id, running] of this.#running) {
      const found = running.child || alive(running.top) ? null : this.world.findServer(id);
      if (found) this.#ended(found.server, running, null);
    }
  }

  describe(server) {
    const running = this.#running.get(server.id);
    return {
      address: this.#address(server),
      port: this.network.port,
      pid: running?.top.pid ?? null,
      directory: this.#dir(server),
      upper: path.join(this.#dir(server), 'disk'),
      host_key: hostKey(path.join(this.#dir(server), 'disk'))?.trim() ?? null,
    };
  }
}
