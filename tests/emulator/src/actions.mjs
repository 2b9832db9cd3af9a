// The action engine. An action begins (perhaps after another one), works for its duration and ends
// as success or error. What a command does at either end stands in commands.mjs; an action holds
// only data, so that it survives a restart of the emulator.

import { COMMANDS } from './commands.mjs';
import { stamp } from './clock.mjs';

const KEEP_FINISHED = 10_000; // per project

export class Actions {
  #open = new Map(); // project id → the running ones of its actions

  constructor(world) {
    this.world = world;
  }

  #openOf(project) {
    if (!this.#open.has(project.id)) this.#open.set(project.id, new Set());
    return this.#open.get(project.id);
  }

  // options: {params, after (action), immediate}
  create(project, command, resources, options = {}) {
    const now = this.world.clock.now();
    const fault = this.world.faults.forCommand(project, command);
    const action = {
      id: this.world.nextId('action'),
      command,
      status: 'running',
      started: now,
      finished: null,
      resources,
      error: null,
      params: options.params ?? {},
      after: options.after?.status === 'running' ? options.after.id : null,
      duration: options.immediate ? 0 : this.world.duration(command),
      begun: null,
      worked: false,
      fault,
    };
    project.actions.set(action.id, action);
    this.#openOf(project).add(action);
    this.#forgetOld(project);
    if (action.after === null) this.begin(project, action);
    this.world.changed();
    return action;
  }

  #forgetOld(project) {
    if (project.actions.size <= KEEP_FINISHED) return;

    for (const [id, action] of project.actions) {
      if (action.status !== 'running') {
        project.actions.delete(id);
        return;
      }
    }
  }

  #context(project, action) {
    const { world } = this;
    const id = action.resources.find((resource) => resource.type === 'server')?.id;
    return { world, project, action, params: action.params, server: project.servers.get(id) };
  }

  begin(project, action) {
    action.begun ??= this.world.clock.now(); // kept by one that goes on after a restart
    const ctx = this.#context(project, action);
    let work;
    try {
      work = COMMANDS[action.command]?.begin?.(ctx);
    } catch (error) {
      this.fail(project, action, 'action_failed', error.message);
      return;
    }

    if (work instanceof Promise) {
      work.then(
        () => this.#workDone(project, action),
        (error) => {
          this.world.log(`${action.command} ${JSON.stringify(action.resources)}: ${error.message}`);
          this.fail(project, action, 'action_failed', error.message);
        },
      );
    } else {
      action.worked = true;
    }
    if (action.fault?.kind === 'action_stuck') return;
    this.world.later(action.begun + action.duration, {
      kind: 'action',
      project: project.id,
      id: action.id,
    });
    this.due(project, action);
  }

  #workDone(project, action) {
    action.worked = true;
    this.world.settle();
    this.due(project, action);
  }

  // Ends the action if its time has come and its work is done.
  due(project, action) {
    const end = action.begun + action.duration;
    if (action.status !== 'running' || !action.worked || action.begun === null) return;
    if (action.fault?.kind === 'action_stuck' || this.world.clock.now() < end) return;
    if (action.fault) {
      this.fail(
        project,
        action,
        action.fault.code ?? 'action_failed',
        action.fault.message ?? 'Action failed',
      );
      return;
    }
    COMMANDS[action.command]?.finish?.(this.#context(project, action));
    this.#end(project, action, 'success', null);
  }

  fail(project, action, code, message) {
    if (action.status !== 'running') return;

    COMMANDS[action.command]?.fail?.(this.#context(project, action));
    this.#end(project, action, 'error', { code, message });
  }

  #end(project, action, status, error) {
    action.status = status;
    action.error = error;
    action.finished = this.world.clock.now();
    this.#openOf(project).delete(action);
    for (const next of [...this.#openOf(project)]) {
      if (next.after !== action.id) continue;

      next.after = null;
      if (status === 'success') this.begin(project, next);
      else this.fail(project, next, 'action_failed', 'a previous action failed');
    }
    this.world.changed();
  }

  // Begins again what was running when the emulator stopped.
  resume() {
    for (const project of this.world.projects.values()) {
      const open = this.#openOf(project);
      for (const action of project.actions.values()) {
        if (action.status === 'running') open.add(action);
      }
      for (const action of [...open]) {
        if (action.after === null) this.begin(project, action);
      }
    }
  }

  // Whether something keeps the server from taking another operation.
  locks(project, serverId) {
    for (const action of this.#openOf(project)) {
      const concerns = action.resources.some(
        ({ id, type }) => type === 'server' && id === serverId,
      );
      if (concerns && COMMANDS[action.command]?.locks) return true;
    }
    return false;
  }
}

function progress(action, now) {
  if (action.status !== 'running') return 100;
  if (action.begun === null || action.duration === 0) return 0;
  return Math.min(95, Math.max(0, Math.floor(((now - action.begun) * 100) / action.duration)));
}

export function actionView(action, now) {
  return {
    id: action.id,
    command: action.command,
    status: action.status,
    progress: progress(action, now),
    started: stamp(action.started),
    finished: action.finished === null ? null : stamp(action.finished),
    resources: action.resources,
    error: action.error,
  };
}
