// Images: the system ones everybody has, the snapshots and backups of a project.

import { actionView } from '../actions.mjs';
import { readBody } from '../body.mjs';
import { systemImages } from '../catalogue.mjs';
import { ApiError, invalidInput, isProtected, notFound } from '../errors.mjs';
import { listAnswer } from '../list.mjs';
import { findImage, imageView } from '../views.mjs';

function find(ctx) {
  const image = findImage(ctx.project, ctx.params.id);
  if (!image) throw notFound('image', ctx.params.id);
  return image;
}

function findOwn(ctx) {
  const image = find(ctx);
  if (!ctx.project.images.has(image.id)) {
    throw new ApiError(403, 'forbidden', 'system images cannot be changed or deleted');
  }
  return image;
}

function list(ctx) {
  const wanted = ctx.query.get('include_deprecated') === 'true' || ctx.query.get('name') !== null;
  const items = [
    ...systemImages.filter((image) => wanted || image.deprecated === null),
    ...ctx.project.images.values(),
  ];
  return listAnswer(ctx, {
    key: 'images',
    items,
    sort: ['id', 'name', 'created'],
    filters: {
      name: (image, value) => image.name === value,
      type: (image, value) => image.type === value,
      status: (image, value) => image.status === value,
      bound_to: (image, value) => image.bound_to === Number(value),
      architecture: (image, value) => image.architecture === value,
    },
    view: (image) => imageView(ctx.world, image),
  });
}

function update(ctx) {
  const image = findOwn(ctx);
  const { type, ...given } = readBody(ctx.body, {
    description: 'string',
    type: 'string',
    labels: 'labels',
  });
  if (type !== undefined && type !== 'snapshot')
    throw invalidInput([['type', "must be 'snapshot'"]]);

  Object.assign(image, given);
  if (type) Object.assign(image, { type, bound_to: null });
  ctx.world.changed();
  return { body: { image: imageView(ctx.world, image) } };
}

function remove(ctx) {
  const image = findOwn(ctx);
  if (image.protection.delete) throw isProtected('image', 'deletion');

  ctx.project.images.delete(image.id);
  ctx.world.machines.dropImage(image);
  ctx.world.changed();
  return { status: 204 };
}

function changeProtection(ctx) {
  const image = findOwn(ctx);
  const given = readBody(ctx.body, { delete: 'bool' });
  image.protection = { ...image.protection, ...given };
  const resources = [{ id: image.id, type: 'image' }];
  const action = ctx.world.actions.create(ctx.project, 'change_protection', resources, {
    immediate: true,
  });
  return { status: 201, body: { action: actionView(action, ctx.now) } };
}

export const imageRoutes = [
  ['GET', '/images', list],
  ['GET', '/images/{id}', (ctx) => ({ body: { image: imageView(ctx.world, find(ctx)) } })],
  ['PUT', '/images/{id}', update],
  ['DELETE', '/images/{id}', remove],
  ['POST', '/images/{id}/actions/change_protection', changeProtection],
];
