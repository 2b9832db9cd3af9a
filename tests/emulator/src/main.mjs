// Puts the parts together: machines, state, seed, the two HTTP servers.

import fs from 'node:fs';
import { once } from 'node:events';

import { adminServer } from './admin.mjs';
import { apiServer } from './api.mjs';
import { chooseMachines } from './machines/index.mjs';
import { buildRouter } from './routes/index.mjs';
import { plantSeed } from './seed.mjs';
import { Store } from './store.mjs';
import { World } from './world.mjs';

function log(text) {
  console.error(`emulator: ${text}`);
}

function readSeed(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

async function listen(server, { host, port }) {
  server.listen(port, host);
  await once(server, 'listening');
  return server.address().port;
}

function shut(server) {
  return new Promise((done) => {
    server.close(done);
    server.closeAllConnections();
  });
}

export async function start(options) {
  const machines = await chooseMachines(options, log);
  const world = new World({ machines, scale: options.scale, log });
  const store = options.state ? new Store(options.state, world) : null;
  const known = store?.load() ?? false;
  await machines.open(world);
  if (options.tokens) plantSeed(world, readSeed(options.tokens));
  if (options.seed) plantSeed(world, readSeed(options.seed));
  store?.write();
  store?.watch();
  if (known) world.actions.resume();

  const api = apiServer(world, buildRouter());
  const admin = adminServer(world);
  const apiPort = await listen(api, options.listen);
  const adminPort = await listen(admin, options.admin);
  const where = {
    endpoint: `http://${options.listen.host}:${apiPort}/v1`,
    admin: `http://${options.admin.host}:${adminPort}`,
    mode: machines.mode,
  };

  async function close() {
    await Promise.all([shut(api), shut(admin)]);
    world.clock.wakeAt(Infinity);
    store?.write();
    await machines.close();
  }
  return { where, world, close };
}
