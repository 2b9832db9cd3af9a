// Which kind of machines this run has. Where namespaces for networks cannot be had (a bare chroot,
// a container without rights), "auto" falls back and says so.

import fs from 'node:fs';
import path from 'node:path';

import { BootedMachines } from './booted.mjs';
import { machine } from './helper.mjs';
import { OwnNetworks, SharedLoopback } from './networks.mjs';
import { ImpossibleMachines, NoMachines } from './none.mjs';

const isRoot = process.getuid() === 0;

function checkMachine(log) {
  if (!fs.existsSync('/proc/self/mountinfo'))
    throw new Error('servers cannot boot without /proc: mount it first');

  const roots = fs
    .readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.split(' ')[4] === '/');
  if (roots.length === 0) {
    log(
      'this is a chroot: only a chroot keeps servers from this machine, and a hostile program ' +
        'could leave it',
    );
  }
}

async function openNetwork(options, directory, log) {
  const shared = new SharedLoopback(options.net, options.sshPort ?? (isRoot ? 22 : 2222));
  if (options.boot === 'loopback' || (options.boot === 'auto' && !isRoot)) return shared;

  // the network of the run before, whose servers have its addresses
  const file = path.join(directory, 'net');
  const kept = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null;
  const own = new OwnNetworks(options.tag, options.net);
  try {
    await own.open(kept);
  } catch (error) {
    if (options.boot === 'netns') throw error;
    log(
      `network namespaces cannot be had here (${error.message}); servers share this machine's ` +
        'network, on 127.18.x addresses',
    );
    return shared;
  }
  fs.writeFileSync(file, own.net);
  return own;
}

async function bootedMachines(options, log) {
  checkMachine(log);
  const directory = path.resolve(options.var);
  for (const name of ['servers', 'images']) {
    fs.mkdirSync(path.join(directory, name), { recursive: true, mode: 0o700 });
  }
  const base = await machine([
    'base',
    path.resolve(options.baseRoot ?? path.join(directory, 'base')),
  ]);
  const network = await openNetwork(options, directory, log);
  return new BootedMachines({ network, directory, base, keep: options.keep, log });
}

export async function chooseMachines(options, log) {
  if (options.boot === 'none') return new NoMachines();

  try {
    return await bootedMachines(options, log);
  } catch (error) {
    if (options.boot !== 'auto') throw error;
    log(`servers cannot boot here, only the API works: ${error.message}`);
    return new ImpossibleMachines(error.message);
  }
}
