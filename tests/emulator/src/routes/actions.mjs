// Actions: one batch by id, single ones, and the feed per kind of resource.

import { actionView } from '../actions.mjs';
import { ApiError, gone, invalidInput, notFound } from '../errors.mjs';
import { listAnswer } from '../list.mjs';

const SORT = ['id', 'command', 'status', 'started', 'finished'];
const BATCH_GONE =
  'https://docs.hetzner.cloud/changelog#2025-01-30-listing-all-actions-in-the-actions-endpoint';
const SINGLE_GONE = 'https://docs.hetzner.cloud/changelog#2026-04-30-deprecated-action-endpoints';

function numbers(texts) {
  const ids = texts.map(Number);
  if (!ids.every(Number.isSafeInteger)) throw invalidInput([['id', 'must be an ID']]);
  return ids;
}

function list(ctx, actions) {
  return listAnswer(ctx, {
    key: 'actions',
    items: actions,
    sort: SORT,
    filters: {
      id: (action, value) => action.id === Number(value),
      status: (action, value) => action.status === value,
    },
    view: (action) => actionView(action, ctx.now),
  });
}

function batch(ctx) {
  const ids = ctx.query.getAll('id').filter((text) => text !== '');
  if (ids.length === 0) throw gone(BATCH_GONE);
  return list(
    ctx,
    numbers(ids)
      .map((id) => ctx.project.actions.get(id))
      .filter(Boolean),
  );
}

function single(ctx) {
  const action = ctx.project.actions.get(ctx.params.id);
  if (!action) throw notFound('action', ctx.params.id);
  return { body: { action: actionView(action, ctx.now) } };
}

const concerns = (action, type, id) =>
  action.resources.some(
    (resource) => resource.type === type && (id === null || resource.id === id),
  );

const feed = (type) => (ctx) =>
  list(
    ctx,
    [...ctx.project.actions.values()].filter((action) => concerns(action, type, null)),
  );

const OWNERS = {
  server: (project, id) => project.servers.get(id),
  image: (project, id) => project.images.get(id),
  primary_ip: (project, id) => project.primaryIps.get(id),
};

const ofOne = (type) => (ctx) => {
  if (!OWNERS[type](ctx.project, ctx.params.id)) throw notFound(type, ctx.params.id);
  return list(
    ctx,
    [...ctx.project.actions.values()].filter((action) => concerns(action, type, ctx.params.id)),
  );
};

function ofOneSingle(ctx) {
  throw ctx.project.actions.has(ctx.params.action)
    ? gone(SINGLE_GONE)
    : new ApiError(404, 'not_found', 'action not found');
}

const feedBucket = (world) => world.settings.feed_bucket;

function routesOf(path, type) {
  return [
    ['GET', `/${path}/actions`, feed(type), { bucket: feedBucket }],
    ['GET', `/${path}/actions/{id}`, single, { bucket: 'actions' }],
    ['GET', `/${path}/{id}/actions`, ofOne(type)],
    ['GET', `/${path}/{id}/actions/{action}`, ofOneSingle],
  ];
}

export const actionRoutes = [
  ['GET', '/actions', batch, { bucket: 'actions' }],
  ['GET', '/actions/{id}', single, { bucket: 'actions' }],
  ...routesOf('servers', 'server'),
  ...routesOf('images', 'image'),
  ...routesOf('primary_ips', 'primary_ip'),
];
