// Primary IPs: made with a server or alone, freed or deleted with it.

import { actionView } from '../actions.mjs';
import { readBody } from '../body.mjs';
import { byIdOrName, locations } from '../catalogue.mjs';
import { ApiError, invalidInput, isProtected, notFound, uniqueness } from '../errors.mjs';
import { listAnswer } from '../list.mjs';
import { dropPrimaryIp, newPrimaryIp, setPtr } from '../primary-ip.mjs';
import { primaryIpView } from '../views.mjs';

function find(ctx) {
  const ip = ctx.project.primaryIps.get(ctx.params.id);
  if (!ip) throw notFound('primary IP', ctx.params.id);
  return ip;
}

function list(ctx) {
  return listAnswer(ctx, {
    key: 'primary_ips',
    items: ctx.project.primaryIps.values(),
    sort: ['id', 'created'],
    filters: {
      name: (ip, value) => ip.name === value,
      ip: (ip, value) => ip.ip === value,
    },
    view: primaryIpView,
  });
}

function checkName(ctx, name, self = null) {
  if ([...ctx.project.primaryIps.values()].some((ip) => ip !== self && ip.name === name)) {
    throw uniqueness('primary IP name');
  }
}

function create(ctx) {
  const given = readBody(ctx.body, {
    name: 'text!',
    type: 'string!',
    location: 'ref',
    labels: 'labels',
    auto_delete: 'bool',
    assignee_type: 'string',
    assignee_id: 'id',
  });
  if (!['ipv4', 'ipv6'].includes(given.type))
    throw invalidInput([['type', "must be 'ipv4' or 'ipv6'"]]);
  if (given.assignee_id !== undefined) {
    throw new ApiError(
      422,
      'service_error',
      'create the primary IP first, then assign it to a server that is off',
    );
  }
  const place = byIdOrName(locations, given.location ?? '');
  if (!place) throw invalidInput([['location', 'is not a location']]);
  checkName(ctx, given.name);

  const ip = newPrimaryIp(ctx.world, ctx.project, given.type, place.name, {
    name: given.name,
    labels: given.labels ?? {},
    auto_delete: given.auto_delete ?? false,
  });
  return { status: 201, body: { primary_ip: primaryIpView(ip), action: null } };
}

function update(ctx) {
  const ip = find(ctx);
  const given = readBody(ctx.body, { name: 'text', labels: 'labels', auto_delete: 'bool' });
  if (given.name) checkName(ctx, given.name, ip);
  Object.assign(ip, given);
  ctx.world.changed();
  return { body: { primary_ip: primaryIpView(ip) } };
}

function remove(ctx) {
  const ip = find(ctx);
  if (ip.protection.delete) throw isProtected('primary IP', 'deletion');
  if (ip.assignee !== null)
    throw new ApiError(422, 'must_be_unassigned', 'primary IP must be unassigned');
  dropPrimaryIp(ctx.world, ctx.project, ip);
  return { status: 204 };
}

function done(ctx, command, ip, more = []) {
  const resources = [{ id: ip.id, type: 'primary_ip' }, ...more];
  const action = ctx.world.actions.create(ctx.project, command, resources, { immediate: true });
  return { status: 201, body: { action: actionView(action, ctx.now) } };
}

function changeProtection(ctx) {
  const ip = find(ctx);
  ip.protection = readBody(ctx.body, { delete: 'bool!' });
  return done(ctx, 'change_protection', ip);
}

function changePtr(ctx) {
  const ip = find(ctx);
  const given = readBody(ctx.body, { ip: 'string!', dns_ptr: 'string' });
  setPtr(ip, given.ip, given.dns_ptr ?? null);
  return done(ctx, 'change_dns_ptr', ip);
}

function serverOff(ctx, id) {
  const server = ctx.project.servers.get(id);
  if (!server) throw invalidInput([['assignee_id', 'server not found']]);
  if (server.status !== 'off')
    throw new ApiError(422, 'server_not_stopped', 'server must be stopped');
  return server;
}

function assign(ctx) {
  const ip = find(ctx);
  const given = readBody(ctx.body, { assignee_id: 'id!', assignee_type: 'string!' });
  const server = serverOff(ctx, Number(given.assignee_id));
  if (ip.assignee !== null)
    throw new ApiError(422, 'primary_ip_already_assigned', 'primary IP is already assigned');
  if (server[ip.type])
    throw new ApiError(422, `server_has_${ip.type}`, `server already has an ${ip.type}`);

  ip.assignee = server.id;
  server[ip.type] = ip.id;
  return done(ctx, 'assign_primary_ip', ip, [{ id: server.id, type: 'server' }]);
}

function unassign(ctx) {
  const ip = find(ctx);
  if (ip.assignee === null) throw new ApiError(422, 'service_error', 'primary IP is not assigned');
  const server = serverOff(ctx, ip.assignee);
  ip.assignee = null;
  server[ip.type] = null;
  return done(ctx, 'unassign_primary_ip', ip, [{ id: server.id, type: 'server' }]);
}

export const primaryIpRoutes = [
  ['GET', '/primary_ips', list],
  ['POST', '/primary_ips', create],
  ['GET', '/primary_ips/{id}', (ctx) => ({ body: { primary_ip: primaryIpView(find(ctx)) } })],
  ['PUT', '/primary_ips/{id}', update],
  ['DELETE', '/primary_ips/{id}', remove],
  ['POST', '/primary_ips/{id}/actions/change_protection', changeProtection],
  ['POST', '/primary_ips/{id}/actions/change_dns_ptr', changePtr],
  ['POST', '/primary_ips/{id}/actions/assign', assign],
  ['POST', '/primary_ips/{id}/actions/unassign', unassign],
];
