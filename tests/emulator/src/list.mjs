// Lists: filters, sort, pages, the Link header (HETZNER.md 1.2).

import { invalidInput } from './errors.mjs';
import { compileSelector } from './labels.mjs';

const DEFAULT_PER_PAGE = 25;

function positive(query, name, fallback) {
  const text = query.get(name);
  if (text === null || text === '') return fallback;

  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw invalidInput([[name, 'must be a whole number from 1']]);
  return value;
}

function compare(a, b) {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

function sorted(items, query, allowed) {
  const keys = query
    .getAll('sort')
    .filter(Boolean)
    .map((text) => {
      const [field, direction = 'asc'] = text.split(':');
      if (!allowed.includes(field) || !['asc', 'desc'].includes(direction)) {
        throw invalidInput([['sort', `cannot sort by '${text}'`]]);
      }
      return [field, direction === 'desc' ? -1 : 1];
    });
  if (keys.length === 0) return [...items].sort((a, b) => a.id - b.id);

  return [...items].sort((a, b) => {
    for (const [field, sign] of keys) {
      const order = compare(a[field], b[field]);
      if (order !== 0) return order * sign;
    }
    return a.id - b.id;
  });
}

function filtered(items, query, filters) {
  let left = items;
  for (const [name, matches] of Object.entries(filters)) {
    const wanted = query.getAll(name).filter((value) => value !== '');
    if (wanted.length > 0)
      left = left.filter((item) => wanted.some((value) => matches(item, value)));
  }

  const selector = query.get('label_selector');
  if (!selector) return left;

  const test = compileSelector(selector);
  if (!test) throw invalidInput([['label_selector', 'cannot be read as a label selector']]);
  return left.filter((item) => test(item.labels ?? {}));
}

function pageNumbers(page, perPage, total, settings) {
  const last = Math.max(1, Math.ceil(total / perPage));
  const next = page < last ? page + 1 : null;
  return {
    page,
    per_page: perPage,
    previous_page: page > 1 ? page - 1 : null,
    next_page: settings.endless_pages ? page + 1 : next,
    last_page: settings.total_entries ? last : null,
    total_entries: settings.total_entries ? total : null,
  };
}

function linkHeader(url, pagination) {
  const link = (page, rel) => {
    const target = new URL(url);
    target.searchParams.set('page', page);
    target.searchParams.set('per_page', pagination.per_page);
    return `<${target}>; rel=${rel}`;
  };
  const links = [];
  if (pagination.previous_page) links.push(link(pagination.previous_page, 'prev'));
  if (pagination.next_page) links.push(link(pagination.next_page, 'next'));
  if (pagination.last_page) links.push(link(pagination.last_page, 'last'));
  return links.join(', ');
}

// what: {key, items, sort: [field…] or null (ignored), filters: {param: (item, value) → bool},
// view: item → JSON}
export function listAnswer(ctx, what) {
  const { settings } = ctx.world;
  const page = positive(ctx.query, 'page', 1);
  const perPage = Math.min(positive(ctx.query, 'per_page', DEFAULT_PER_PAGE), settings.page_cap);
  const hits = filtered([...what.items], ctx.query, what.filters ?? {});
  const ordered = what.sort ? sorted(hits, ctx.query, what.sort) : hits;
  const pagination = pageNumbers(page, perPage, ordered.length, settings);
  const rows = ordered.slice((page - 1) * perPage, page * perPage);

  return {
    body: { [what.key]: rows.map(what.view), meta: { pagination } },
    headers: { link: linkHeader(ctx.url, pagination) },
  };
}
