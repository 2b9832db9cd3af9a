// Servers: list, get, create, change, delete.

import { actionView } from '../actions.mjs';
import { readBody } from '../body.mjs';
import { byIdOrName, locations, serverTypes, systemImages } from '../catalogue.mjs';
import {
  ApiError,
  invalidInput,
  isProtected,
  limitExceeded,
  locked,
  notFound,
  unavailable,
  uniqueness,
} from '../errors.mjs';
import { listAnswer } from '../list.mjs';
import { newPassword } from '../password.mjs';
import { newPrimaryIp } from '../primary-ip.mjs';
import { retired, serverView } from '../views.mjs';

const LABEL = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const HOST_NAME = new RegExp(`^(?=.{1,253}$)${LABEL}(\\.${LABEL})*$`);
const USER_DATA_MAX = 32 * 1024;

export function findServer(ctx) {
  const server = ctx.project.servers.get(ctx.params.id);
  if (!server) throw notFound('server', ctx.params.id);
  return server;
}

export function checkUnlocked(ctx, server) {
  if (ctx.world.actions.locks(ctx.project, server.id)) throw locked();
}

export function checkUserData(text) {
  if (Buffer.byteLength(text ?? '') > USER_DATA_MAX) {
    throw invalidInput([['user_data', 'must not be longer than 32 KiB']]);
  }
}

// An image by id or by name; a name means the one of the wanted architecture.
export function imageFor(project, ref, architecture) {
  const all = [...systemImages, ...project.images.values()];
  const image =
    all.find((item) => item.name === String(ref) && item.architecture === architecture) ??
    all.find((item) => String(item.id) === String(ref));
  if (!image || image.status !== 'available') throw invalidInput([['image', 'image not found']]);
  if (image.architecture !== architecture) {
    throw invalidInput([['image', 'image and server type have different architectures']]);
  }
  return image;
}

function checkName(project, name, self = null) {
  if (!HOST_NAME.test(name)) throw invalidInput([['name', 'must be a valid host name']]);
  if ([...project.servers.values()].some((server) => server !== self && server.name === name)) {
    throw uniqueness('server name');
  }
}

function list(ctx) {
  return listAnswer(ctx, {
    key: 'servers',
    items: ctx.project.servers.values(),
    sort: ['id', 'name', 'created'],
    filters: {
      name: (server, value) => server.name === value,
      status: (server, value) => server.status === value,
    },
    view: (server) => serverView(ctx.world, ctx.project, server),
  });
}

function typeFor(ctx, ref) {
  const type = byIdOrName(serverTypes, ref);
  if (!type) throw invalidInput([['server_type', 'server type not found']]);
  if (retired(type, ctx.now))
    throw invalidInput([['server_type', `server type ${type.name} is deprecated`]]);
  return type;
}

function placeFor(ctx, ref, type) {
  const orderable = (name) =>
    type.places.includes(name) && ctx.world.inStock(type.name, name).orderable;
  if (ref === undefined) {
    const first = type.places.find(orderable);
    if (!first) throw unavailable('error during placement');
    return first;
  }
  const place = byIdOrName(locations, ref);
  if (!place) throw invalidInput([['location', 'location not found']]);
  if (!type.places.includes(place.name)) throw unavailable('unsupported location for server type');
  if (!orderable(place.name)) throw unavailable('error during placement');
  return place.name;
}

function keysFor(project, refs) {
  const keys = refs.map((ref) => byIdOrName([...project.sshKeys.values()], ref));
  if (keys.includes(undefined)) throw invalidInput([['ssh_keys', 'SSH key not found']]);
  return keys.map((key) => key.public_key);
}

// Volumes, networks, firewalls and placement groups cannot be made here, so none named in a create
// exists.
function checkOthers(given) {
  if (given.volumes?.length > 0) throw invalidInput([['volumes', 'volume not found']]);
  if (given.networks?.length > 0) throw invalidInput([['networks', 'network not found']]);
  if (given.placement_group !== undefined)
    throw invalidInput([['placement_group', 'placement group not found']]);
  if (given.firewalls?.length > 0) {
    throw new ApiError(422, 'firewall_resource_not_found', 'firewall resource not found');
  }
}

function existingIp(ctx, id, type, place) {
  const ip = ctx.project.primaryIps.get(Number(id));
  if (!ip) throw invalidInput([[`public_net.${type}`, 'primary IP not found']]);
  if (ip.type !== type)
    throw new ApiError(412, 'primary_ip_version_mismatch', 'primary IP has the wrong version');
  if (ip.location !== place)
    throw invalidInput([[`public_net.${type}`, 'primary IP is in another location']]);
  if (ip.assignee !== null)
    throw new ApiError(422, 'primary_ip_assigned', 'primary IP is already assigned');
  return ip;
}

// Returns [type, primary IP or null to make one] for each that the server is to have.
function publicNet(ctx, given, place) {
  const net = readBody(given ?? {}, {
    enable_ipv4: 'bool',
    enable_ipv6: 'bool',
    ipv4: 'id',
    ipv6: 'id',
  });
  const wanted = ['ipv4', 'ipv6'].filter((type) => net[`enable_${type}`] ?? true);
  if (wanted.length === 0)
    throw invalidInput([['public_net', 'a server needs a public IP or a network']]);
  return wanted.map((type) => [
    type,
    net[type] === undefined ? null : existingIp(ctx, net[type], type, place),
  ]);
}

function attachIps(ctx, server, wanted) {
  for (const [type, existing] of wanted) {
    const ip = existing ?? newPrimaryIp(ctx.world, ctx.project, type, server.location);
    ip.assignee = server.id;
    server[type] = ip.id;
  }
}

export function newServer(world, fields) {
  return {
    id: world.nextId('server'),
    status: 'initializing',
    created: world.clock.now(),
    booted: null,
    ipv4: null,
    ipv6: null,
    rescue: null,
    backup_window: null,
    acpi_off: null,
    protection: { delete: false, rebuild: false },
    labels: {},
    keys: [],
    user_data: '',
    password: null,
    ...fields,
  };
}

const CREATE = {
  name: 'text!',
  server_type: 'ref!',
  image: 'ref!',
  location: 'ref',
  start_after_create: 'bool',
  ssh_keys: 'refs',
  volumes: 'ids',
  automount: 'bool',
  networks: 'ids',
  firewalls: 'objects',
  user_data: 'string',
  labels: 'labels',
  placement_group: 'id',
  public_net: 'object',
};

function create(ctx) {
  const { world, project } = ctx;
  const given = readBody(ctx.body, CREATE);
  checkUserData(given.user_data);
  checkName(project, given.name);
  checkOthers(given);
  const type = typeFor(ctx, given.server_type);
  const image = imageFor(project, given.image, type.architecture);
  if (image.disk_size > type.disk)
    throw invalidInput([['image', 'image disk is bigger than server type disk']]);
  const keys = keysFor(project, given.ssh_keys ?? []);
  if (project.servers.size >= (project.server_limit ?? world.settings.server_limit)) {
    throw limitExceeded('server_limit');
  }
  const location = placeFor(ctx, given.location, type);
  const ips = publicNet(ctx, given.public_net, location);

  const server = newServer(world, {
    name: given.name,
    type: type.name,
    disk: type.disk,
    location,
    image: image.id,
    labels: given.labels ?? {},
    keys,
    user_data: given.user_data ?? '',
    password: keys.length === 0 ? newPassword() : null,
  });
  attachIps(ctx, server, ips);
  project.servers.set(server.id, server);
  return created(ctx, server, given.start_after_create ?? true);
}

function created(ctx, server, start) {
  const { world, project } = ctx;
  const resources = [{ id: server.id, type: 'server' }];
  const action = world.actions.create(project, 'create_server', resources, { params: { start } });
  const next = start
    ? [world.actions.create(project, 'start_server', resources, { after: action })]
    : [];
  return {
    status: 201,
    body: {
      server: serverView(world, project, server),
      action: actionView(action, ctx.now),
      next_actions: next.map((item) => actionView(item, ctx.now)),
      root_password: server.password,
    },
  };
}

function update(ctx) {
  const server = findServer(ctx);
  const given = readBody(ctx.body, { name: 'text', labels: 'labels' });
  if (given.name) checkName(ctx.project, given.name, server);
  Object.assign(server, given);
  ctx.world.changed();
  return { body: { server: serverView(ctx.world, ctx.project, server) } };
}

function remove(ctx) {
  const server = findServer(ctx);
  if (server.protection.delete) throw isProtected('server', 'deletion');
  checkUnlocked(ctx, server);
  const action = ctx.world.actions.create(ctx.project, 'delete_server', [
    { id: server.id, type: 'server' },
  ]);
  return { body: { action: actionView(action, ctx.now) } };
}

function get(ctx) {
  return { body: { server: serverView(ctx.world, ctx.project, findServer(ctx)) } };
}

export const serverRoutes = [
  ['GET', '/servers', list],
  ['POST', '/servers', create],
  ['GET', '/servers/{id}', get],
  ['PUT', '/servers/{id}', update],
  ['DELETE', '/servers/{id}', remove],
];
