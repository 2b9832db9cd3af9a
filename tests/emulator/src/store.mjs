// The state file: everything the emulator knows, so that a restart keeps servers, ids and running
// actions. It holds hashes of tokens, never tokens. Root passwords are in it (nobody's but the
// emulated servers').

import fs from 'node:fs';

const FORMAT = 1;
const RESOURCES = ['servers', 'sshKeys', 'images', 'primaryIps', 'actions'];
const SHARE = 10; // writing takes at most about a tenth of the time, however large the state

function flatten(world) {
  const projects = [...world.projects.values()].map((project) => {
    const flat = { ...project };
    for (const name of RESOURCES) flat[name] = [...project[name].values()];
    return flat;
  });
  return {
    format: FORMAT,
    mode: world.machines.mode,
    offset: world.clock.offset,
    ids: world.ids,
    tokens: [...world.tokens],
    stock: [...world.stock],
    jobs: world.jobs,
    projects,
  };
}

function unflatten(world, kept) {
  world.clock.offset = kept.offset;
  world.ids = { ...world.ids, ...kept.ids };
  world.tokens = new Map(kept.tokens);
  world.stock = new Map(kept.stock);
  world.jobs = kept.jobs.filter((job) => job.kind !== 'action'); // resume() lays those anew
  for (const flat of kept.projects) {
    const project = { ...flat };
    for (const name of RESOURCES)
      project[name] = new Map(flat[name].map((item) => [item.id, item]));
    world.projects.set(project.id, project);
    for (const ip of project.primaryIps.values()) world.machines.pool.claim(ip.ip);
  }
}

export class Store {
  #timer = null;
  #took = 0;

  constructor(file, world) {
    this.file = file;
    this.world = world;
  }

  load() {
    if (!fs.existsSync(this.file)) return false;

    const kept = JSON.parse(fs.readFileSync(this.file, 'utf8'));
    if (kept.format !== FORMAT)
      throw new Error(`${this.file} is of another format; remove it to start afresh`);
    unflatten(this.world, kept);
    return true;
  }

  watch() {
    this.world.onChange = () => {
      this.#timer ??= setTimeout(() => this.write(), this.#took * SHARE);
    };
  }

  write() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const began = Date.now();
    const draft = `${this.file}.new`;
    fs.writeFileSync(draft, JSON.stringify(flatten(this.world)), { mode: 0o600 });
    fs.renameSync(draft, this.file);
    this.#took = Date.now() - began;
  }
}
