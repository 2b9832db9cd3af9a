// POST /servers/{id}/actions/…: power, rebuild, rescue, resize, images, protection, reverse DNS.

import { actionView } from '../actions.mjs';
import { readBody } from '../body.mjs';
import { byIdOrName, serverType, serverTypes } from '../catalogue.mjs';
import { stamp } from '../clock.mjs';
import { ApiError, invalidInput, isProtected, unavailable } from '../errors.mjs';
import { newPassword } from '../password.mjs';
import { setPtr } from '../primary-ip.mjs';
import { imageView } from '../views.mjs';
import { checkUnlocked, checkUserData, findServer, imageFor } from './servers.mjs';

const BACKUP_SLOTS = 7;

function start(ctx, server, command, options = {}, more = {}) {
  const action = ctx.world.actions.create(
    ctx.project,
    command,
    [{ id: server.id, type: 'server' }],
    options,
  );
  return { status: 201, body: { ...more, action: actionView(action, ctx.now) } };
}

// An operation without fields that only needs the server to be free.
const plain = (command) => (ctx) => {
  const server = findServer(ctx);
  readBody(ctx.body, {});
  checkUnlocked(ctx, server);
  return start(ctx, server, command);
};

function rebuild(ctx) {
  const server = findServer(ctx);
  const given = readBody(ctx.body, { image: 'ref!', user_data: 'string' });
  if (server.protection.rebuild) throw isProtected('server', 'rebuild');
  checkUserData(given.user_data);
  const image = imageFor(ctx.project, given.image, serverType(server.type).architecture);
  if (image.disk_size > server.disk)
    throw invalidInput([['image', 'image disk is bigger than server disk']]);
  checkUnlocked(ctx, server);

  server.image = image.id;
  if (given.user_data !== undefined) server.user_data = given.user_data;
  server.password = server.keys.length === 0 ? newPassword() : null;
  return start(ctx, server, 'rebuild_server', {}, { root_password: server.password });
}

function resetPassword(ctx) {
  const server = findServer(ctx);
  readBody(ctx.body, {});
  checkUnlocked(ctx, server);
  if (server.status !== 'running')
    throw new ApiError(422, 'service_error', 'server must be running');

  server.password = newPassword();
  return start(
    ctx,
    server,
    'reset_password',
    { params: { password: server.password } },
    { root_password: server.password },
  );
}

function enableRescue(ctx) {
  const server = findServer(ctx);
  const given = readBody(ctx.body, { type: 'string', ssh_keys: 'ids' });
  if (given.type !== undefined && given.type !== 'linux64')
    throw invalidInput([['type', "must be 'linux64'"]]);
  const keys = (given.ssh_keys ?? []).map((id) => ctx.project.sshKeys.get(Number(id))?.public_key);
  if (keys.includes(undefined)) throw invalidInput([['ssh_keys', 'SSH key not found']]);
  checkUnlocked(ctx, server);

  const password = newPassword();
  return start(
    ctx,
    server,
    'enable_rescue',
    { params: { keys, password } },
    { root_password: password },
  );
}

function checkFits(server, now, next) {
  const wrong =
    next.architecture !== now.architecture ||
    next.storage_type !== now.storage_type ||
    next.disk < server.disk ||
    next.name === now.name;
  if (wrong)
    throw new ApiError(422, 'invalid_server_type', 'server type is not suitable for this server');
}

function changeType(ctx) {
  const server = findServer(ctx);
  const given = readBody(ctx.body, { server_type: 'ref!', upgrade_disk: 'bool!' });
  const next = byIdOrName(serverTypes, given.server_type);
  if (!next) throw invalidInput([['server_type', 'server type not found']]);
  checkUnlocked(ctx, server);
  checkFits(server, serverType(server.type), next);
  if (server.status !== 'off')
    throw new ApiError(422, 'server_not_stopped', 'server must be stopped');
  const orderable =
    next.places.includes(server.location) &&
    ctx.world.inStock(next.name, server.location).orderable;
  if (!orderable) throw unavailable('error during placement');

  const params = { type: next.name, disk: given.upgrade_disk ? next.disk : null };
  return start(ctx, server, 'change_server_type', { params });
}

function newImage(ctx, server, given) {
  const type = given.type ?? 'snapshot';
  return {
    id: ctx.world.nextId('image'),
    type,
    status: 'creating',
    name: null,
    description: given.description ?? `${type} of ${server.name}`,
    image_size: null,
    disk_size: server.disk,
    created: stamp(ctx.now),
    created_from: { id: server.id, name: server.name },
    bound_to: type === 'backup' ? server.id : null,
    os_flavor: 'debian',
    os_version: '12',
    rapid_deploy: false,
    protection: { delete: false },
    deprecated: null,
    deleted: null,
    labels: given.labels ?? {},
    architecture: serverType(server.type).architecture,
  };
}

function dropOldestBackup(ctx, server) {
  const backups = [...ctx.project.images.values()].filter((image) => image.bound_to === server.id);
  if (backups.length < BACKUP_SLOTS) return;

  const oldest = backups.sort((a, b) => a.id - b.id)[0];
  ctx.project.images.delete(oldest.id);
  ctx.world.machines.dropImage(oldest);
}

function createImage(ctx) {
  const server = findServer(ctx);
  const given = readBody(ctx.body, { type: 'string', description: 'string', labels: 'labels' });
  if (given.type !== undefined && !['snapshot', 'backup'].includes(given.type)) {
    throw invalidInput([['type', "must be 'snapshot' or 'backup'"]]);
  }
  if (given.type === 'backup' && server.backup_window === null) {
    throw new ApiError(422, 'service_error', 'backups are not enabled for this server');
  }
  checkUnlocked(ctx, server);

  if (given.type === 'backup') dropOldestBackup(ctx, server);
  const image = newImage(ctx, server, given);
  ctx.project.images.set(image.id, image);
  const resources = [
    { id: server.id, type: 'server' },
    { id: image.id, type: 'image' },
  ];
  const params = { image: image.id, size: 1.2 };
  const action = ctx.world.actions.create(ctx.project, 'create_image', resources, { params });
  return {
    status: 201,
    body: { image: imageView(ctx.world, image), action: actionView(action, ctx.now) },
  };
}

function changeProtection(ctx) {
  const server = findServer(ctx);
  const given = readBody(ctx.body, { delete: 'bool', rebuild: 'bool' });
  const next = { ...server.protection, ...given };
  if (next.delete !== next.rebuild) {
    throw invalidInput([
      ['delete', 'delete and rebuild must be equal'],
      ['rebuild', 'delete and rebuild must be equal'],
    ]);
  }
  server.protection = next;
  return start(ctx, server, 'change_protection', { immediate: true });
}

function changePtr(ctx) {
  const server = findServer(ctx);
  const given = readBody(ctx.body, { ip: 'string!', dns_ptr: 'string' });
  const type = given.ip.includes(':') ? 'ipv6' : 'ipv4';
  const primary = ctx.project.primaryIps.get(server[type]);
  if (!primary) throw new ApiError(404, 'not_found', `IP '${given.ip}' not found`);
  setPtr(primary, given.ip, given.dns_ptr ?? null);
  return start(ctx, server, 'change_dns_ptr', { immediate: true });
}

const HANDLERS = {
  poweron: plain('start_server'),
  poweroff: plain('stop_server'),
  reboot: plain('reboot_server'),
  reset: plain('reset_server'),
  shutdown: plain('shutdown_server'),
  reset_password: resetPassword,
  rebuild,
  enable_rescue: enableRescue,
  disable_rescue: plain('disable_rescue'),
  change_type: changeType,
  create_image: createImage,
  enable_backup: plain('enable_backup'),
  disable_backup: plain('disable_backup'),
  change_protection: changeProtection,
  change_dns_ptr: changePtr,
};

export const serverActionRoutes = Object.entries(HANDLERS).map(([name, handler]) => [
  'POST',
  `/servers/{id}/actions/${name}`,
  handler,
]);
