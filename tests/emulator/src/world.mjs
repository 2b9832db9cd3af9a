// The state of the emulated cloud: projects with their tokens and resources, ids, stock, what is
// due later.

import { createHash, randomInt } from 'node:crypto';

import { Actions } from './actions.mjs';
import { Buckets } from './buckets.mjs';
import { FIRST_STOCK } from './catalogue-data.mjs';
import { Clock } from './clock.mjs';
import { Faults } from './faults.mjs';
import { Journal } from './journal.mjs';
import { dropPrimaryIp } from './primary-ip.mjs';
import { firstSettings } from './settings.mjs';

// ids far apart for each kind of thing, so that a mixed-up id is seen at once
const FIRST_IDS = {
  project: 1,
  server: 5520400,
  action: 81234500,
  primary_ip: 70100,
  ssh_key: 23100,
  image: 390000100,
};

export const sha256 = (text) => createHash('sha256').update(text).digest('hex');

const RESOURCES = ['servers', 'sshKeys', 'images', 'primaryIps', 'actions'];

export class World {
  constructor({ machines, scale = 1, log = () => {} }) {
    this.clock = new Clock();
    this.settings = firstSettings(scale);
    this.projects = new Map();
    this.tokens = new Map(); // sha256 of the token → {project id, access}
    this.ids = { ...FIRST_IDS };
    this.stock = new Map(FIRST_STOCK.map((row) => [`${row.server_type} ${row.location}`, row]));
    this.jobs = [];
    this.journal = new Journal();
    this.faults = new Faults();
    this.buckets = new Buckets(this.clock, this.settings);
    this.actions = new Actions(this);
    this.machines = machines;
    this.log = log;
    this.onChange = () => {};
  }

  changed() {
    this.onChange();
  }

  nextId(kind) {
    const id = this.ids[kind];
    this.ids[kind] += kind === 'project' ? 1 : randomInt(1, 4);
    return id;
  }

  duration(command) {
    return this.settings.durations[command] ?? this.settings.durations.default;
  }

  // --- projects and tokens

  project(name) {
    return [...this.projects.values()].find((project) => project.name === name);
  }

  // Makes the project or finds it, and adds tokens to it: [{token, access: 'rw' | 'ro'}].
  ensureProject(name, tokens = [], options = {}) {
    const project = this.project(name) ?? this.#newProject(name);
    Object.assign(project, options);
    for (const { token, access = 'rw' } of tokens) {
      this.tokens.set(sha256(token), { project: project.id, access });
    }
    this.changed();
    return project;
  }

  #newProject(name) {
    const id = this.nextId('project');
    const project = { id, key: `project ${id}`, name, limit: null, server_limit: null };
    for (const resource of RESOURCES) project[resource] = new Map();
    this.projects.set(id, project);
    return project;
  }

  revoke(token) {
    const known = this.tokens.delete(sha256(token));
    this.changed();
    return known;
  }

  caller(token) {
    const found = this.tokens.get(sha256(token));
    return found ? { project: this.projects.get(found.project), access: found.access } : null;
  }

  findServer(id) {
    for (const project of this.projects.values()) {
      const server = project.servers.get(id);
      if (server) return { project, server };
    }
    return null;
  }

  inStock(type, place) {
    return this.stock.get(`${type} ${place}`) ?? { available: true, orderable: true };
  }

  // --- removal

  forgetServer(project, server) {
    if (!server) return;

    project.servers.delete(server.id);
    for (const ip of [...project.primaryIps.values()].filter(
      ({ assignee }) => assignee === server.id,
    )) {
      if (ip.auto_delete) dropPrimaryIp(this, project, ip);
      else ip.assignee = null;
    }
    this.forgetBackups(project, server);
    this.changed();
  }

  forgetBackups(project, server) {
    for (const image of [...project.images.values()].filter(
      ({ bound_to: bound }) => bound === server.id,
    )) {
      project.images.delete(image.id);
      this.machines.dropImage(image);
    }
  }

  // --- time

  later(at, job) {
    this.jobs.push({ at, ...job });
    this.#sleep();
  }

  #sleep() {
    const next = this.jobs.reduce((least, { at }) => Math.min(least, at), Infinity);
    this.clock.wakeAt(next, () => this.settle());
  }

  // Does everything whose time has come, in order. Called by the timer and before every request.
  settle() {
    const now = this.clock.now();
    for (;;) {
      const due = this.jobs.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.jobs.splice(this.jobs.indexOf(due), 1);
      this.#perform(due);
    }
    this.#sleep();
  }

  #perform(job) {
    const project = this.projects.get(job.project);
    if (job.kind === 'action') {
      const action = project?.actions.get(job.id);
      if (action) this.actions.due(project, action);
      return;
    }

    const server = project?.servers.get(job.id);
    if (!server) return;
    if (job.kind === 'acpi_off' && server.acpi_off === job.action) this.powerOff(server);
    if (job.kind === 'rescue_end' && server.rescue && server.rescue.until <= this.clock.now())
      server.rescue = null;
    this.changed();
  }

  // Power without an action: the guest went off by itself, or somebody pulled the plug in a test.
  powerOff(server) {
    server.acpi_off = null;
    server.status = 'off';
    const work = this.machines.stop(server);
    if (work) work.catch((error) => this.log(`server ${server.id}: ${error.message}`));
    this.changed();
  }

  powerOn(server) {
    server.status = 'running';
    server.booted = this.clock.now();
    const work = this.machines.start(server);
    if (work) {
      work.catch((error) => {
        server.status = 'off';
        this.log(`server ${server.id}: ${error.message}`);
      });
    }
    this.changed();
  }

  advance(ms) {
    this.clock.advance(ms);
    this.settle();
  }
}
