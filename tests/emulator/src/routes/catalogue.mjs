// What everybody sees: locations, server types, prices, ISOs; and the lists that are empty in this
// emulator.

import { isos, loadBalancerTypes, locations, pricing, serverTypes } from '../catalogue.mjs';
import { notFound } from '../errors.mjs';
import { listAnswer } from '../list.mjs';
import { serverTypeView } from '../views.mjs';

const byName = { name: (item, value) => item.name === value };
const asIs = (item) => item;

function list(key, items, sort, view = () => asIs) {
  return (ctx) => listAnswer(ctx, { key, items, sort, filters: byName, view: view(ctx) });
}

function one(key, items, view = () => asIs) {
  return (ctx) => {
    const item = items.find(({ id }) => id === ctx.params.id);
    if (!item) throw notFound(key.replaceAll('_', ' '), ctx.params.id);
    return { body: { [key]: view(ctx)(item) } };
  };
}

const typeView = (ctx) => (type) => serverTypeView(ctx.world, type);

const DATACENTERS_GONE =
  'https://docs.hetzner.cloud/changelog#2026-10-01-datacenters-endpoint-removed';
const never = () => ({ body: {} });

// Kinds of resource that a client may list here but not make.
const EMPTY = [
  'volumes',
  'networks',
  'firewalls',
  'floating_ips',
  'placement_groups',
  'load_balancers',
  'certificates',
];

const emptyRoutes = EMPTY.flatMap((key) => [
  ['GET', `/${key}`, list(key, [], null)],
  ['GET', `/${key}/{id}`, one(key.replace(/s$/, ''), [])],
]);

export const catalogueRoutes = [
  ['GET', '/locations', list('locations', locations, ['id', 'name'])],
  ['GET', '/locations/{id}', one('location', locations)],
  ['GET', '/server_types', list('server_types', serverTypes, null, typeView)],
  ['GET', '/server_types/{id}', one('server_type', serverTypes, typeView)],
  ['GET', '/load_balancer_types', list('load_balancer_types', loadBalancerTypes, null)],
  ['GET', '/load_balancer_types/{id}', one('load_balancer_type', loadBalancerTypes)],
  ['GET', '/isos', list('isos', isos, null)],
  ['GET', '/isos/{id}', one('iso', isos)],
  ['GET', '/pricing', () => ({ body: { pricing: pricing() } })],
  ['GET', '/datacenters', never, { gone: DATACENTERS_GONE }],
  ['GET', '/datacenters/{id}', never, { gone: DATACENTERS_GONE }],
  ...emptyRoutes,
];
