// The admin API, for tests and the demo: on a port of its own, on loopback, without tokens. The
// table of its routes stands at the head of emulator.mjs.

import http from 'node:http';

import { ApiError, invalidInput, notFound } from './errors.mjs';
import { parseJson, readBody } from './body.mjs';
import { readText } from './read-text.mjs';
import { Router } from './router.mjs';
import { plantSeed } from './seed.mjs';
import { changeSettings } from './settings.mjs';
import { serverView } from './views.mjs';

const BODY_MAX = 16 << 20;

function projectSummary(project) {
  return {
    id: project.id,
    name: project.name,
    limit: project.limit,
    servers: project.servers.size,
    ssh_keys: project.sshKeys.size,
    primary_ips: project.primaryIps.size,
    actions: project.actions.size,
  };
}

function servers({ world }) {
  const rows = [...world.projects.values()].flatMap((project) =>
    [...project.servers.values()].map((server) => ({
      project: project.name,
      id: server.id,
      name: server.name,
      status: server.status,
      labels: server.labels,
      user_data: server.user_data,
      boot: world.machines.describe(server),
    })),
  );
  return { servers: rows, mode: world.machines.mode };
}

function addProjects({ world, body }) {
  const seed = body.projects ? body : { projects: [body] };
  return { projects: plantSeed(world, seed).map(projectSummary) };
}

function setStock({ world, body }) {
  const given = readBody(body, {
    server_type: 'text!',
    location: 'text!',
    available: 'bool',
    orderable: 'bool',
  });
  const available = given.available ?? given.orderable ?? true;
  const row = { ...given, available, orderable: given.orderable ?? available };
  world.stock.set(`${row.server_type} ${row.location}`, row);
  world.changed();
  return row;
}

function advance({ world, body }) {
  const ms = Number(body.advance_ms ?? Number(body.advance ?? NaN) * 1000);
  if (!(ms >= 0)) throw invalidInput([['advance', 'must be a number of seconds']]);
  world.advance(ms);
  return { now: new Date(world.clock.now()).toISOString() };
}

function setBucket({ world, body }) {
  const given = { bucket: 'main', ...body };
  const project = world.project(given.project);
  if (!project) throw invalidInput([['project', 'there is no such project']]);
  world.buckets.set(project, given.bucket, Number(given.tokens));
  return {};
}

// Changes behind the client's back, without an action: what the web console, a colleague or a power
// cut does.
const OUT_OF_BAND = {
  rename: ({ server }, { name }) => {
    server.name = name;
  },
  labels: ({ server }, { labels }) => {
    server.labels = labels;
  },
  power: ({ world, server }, { on }) => (on ? world.powerOn(server) : world.powerOff(server)),
  status: ({ server }, { status }) => {
    server.status = status;
  },
  delete({ world, project, server }) {
    const work = world.machines.remove(server);
    world.forgetServer(project, server);
    return work;
  },
  move({ world, project, server }, { project: name }) {
    const target = world.project(name);
    if (!target) throw invalidInput([['project', 'there is no such project']]);
    project.servers.delete(server.id);
    target.servers.set(server.id, server);
    for (const ip of [...project.primaryIps.values()].filter(
      ({ assignee }) => assignee === server.id,
    )) {
      project.primaryIps.delete(ip.id);
      target.primaryIps.set(ip.id, ip);
    }
  },
  // the hidden lock: a firewall applied because labels changed
  lock({ world, project, server }) {
    world.actions.create(project, 'apply_firewall', [{ id: server.id, type: 'server' }]);
  },
};

async function outOfBand({ world, params, body }) {
  const found = world.findServer(params.id);
  if (!found) throw notFound('server', params.id);
  const change = OUT_OF_BAND[body.do];
  if (!change)
    throw invalidInput([['do', `must be one of ${Object.keys(OUT_OF_BAND).join(', ')}`]]);

  await change({ world, ...found }, body);
  world.changed();
  const now = world.findServer(params.id);
  return { server: now ? serverView(world, now.project, now.server) : null };
}

const ROUTES = [
  ['GET', '/health', ({ world }) => ({ ok: true, mode: world.machines.mode })],
  [
    'GET',
    '/journal',
    ({ world, query }) => ({ entries: world.journal.find(Object.fromEntries(query)) }),
  ],
  ['DELETE', '/journal', ({ world }) => world.journal.clear()],
  ['GET', '/faults', ({ world }) => ({ faults: world.faults.list() })],
  ['POST', '/faults', ({ world, body }) => ({ faults: world.faults.add(body.faults ?? [body]) })],
  ['DELETE', '/faults', ({ world }) => world.faults.clear()],
  [
    'GET',
    '/clock',
    ({ world }) => ({
      now: new Date(world.clock.now()).toISOString(),
      offset_ms: world.clock.offset,
    }),
  ],
  ['POST', '/clock', advance],
  ['GET', '/settings', ({ world }) => world.settings],
  [
    'PUT',
    '/settings',
    ({ world, body }) => {
      changeSettings(world.settings, body);
      return world.settings;
    },
  ],
  ['POST', '/buckets', setBucket],
  ['DELETE', '/buckets', ({ world }) => world.buckets.reset()],
  [
    'GET',
    '/projects',
    ({ world }) => ({ projects: [...world.projects.values()].map(projectSummary) }),
  ],
  ['POST', '/projects', addProjects],
  ['POST', '/tokens/revoke', ({ world, body }) => ({ known: world.revoke(String(body.token)) })],
  ['POST', '/stock', setStock],
  ['GET', '/servers', servers],
  ['POST', '/servers/{id}/out_of_band', outOfBand],
];

async function handle(world, router, req, res) {
  const url = new URL(req.url, 'http://localhost');
  let status = 200;
  let body;
  try {
    // a web page in a browser on this machine must not be able to reach this
    if (req.headers.origin) throw new ApiError(403, 'forbidden', 'not for web pages');
    const found = router.match(req.method, url.pathname);
    if (!found?.route)
      throw new ApiError(found ? 405 : 404, 'not_found', 'there is no such admin route');
    const text = await readText(req, BODY_MAX);
    world.settle();
    body = await found.route.handler({
      world,
      params: found.params,
      query: url.searchParams,
      body: parseJson(text),
    });
  } catch (error) {
    status = error instanceof ApiError ? error.status : 500;
    body =
      error instanceof ApiError
        ? error.body()
        : { error: { code: 'server_error', message: error.message } };
  }
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(`${JSON.stringify(body ?? {}, null, 2)}\n`);
}

export function adminServer(world) {
  const router = new Router();
  router.addAll(ROUTES);
  return http.createServer((req, res) => handle(world, router, req, res));
}
