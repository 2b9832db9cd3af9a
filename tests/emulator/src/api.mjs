// The HTTP side of the emulated API. The order of the checks is the one seen at the real host: the
// route first, then the token, then the rest (HETZNER.md 1.1).

import { randomBytes } from 'node:crypto';
import http from 'node:http';

import { ApiError, gone } from './errors.mjs';
import { parseJson } from './body.mjs';
import { readText } from './read-text.mjs';
import { send, sendFault, strikesBefore } from './send.mjs';
import { stamp } from './clock.mjs';

const PREFIX = '/v1';
const BODY_MAX = 1 << 20;
const READS = ['GET', 'HEAD'];

const unauthorized = (message) => new ApiError(401, 'unauthorized', message);

function bearer(req) {
  const found = /^Bearer\s+(\S+)$/i.exec(req.headers.authorization ?? '');
  return found ? found[1] : null;
}

function routeOf(router, method, path) {
  const found = path.startsWith(`${PREFIX}/`)
    ? router.match(method, path.slice(PREFIX.length))
    : null;
  if (!found) throw new ApiError(404, 'not_found', 'api route not found');
  return found;
}

function callerOf(world, req) {
  const token = bearer(req);
  const caller = token === null ? null : world.caller(token);
  return { token, caller };
}

function checkRights(caller, token, found, method) {
  if (token === null) throw unauthorized('token is required');
  if (!caller) throw unauthorized('the token you have provided is invalid');
  if (!found.route) throw new ApiError(405, 'method_not_allowed', 'method not allowed');
  if (!READS.includes(method) && caller.access !== 'rw') {
    throw new ApiError(401, 'token_readonly', 'the token you have provided is read-only');
  }
}

// Works out the answer {status, body, headers} of one request; throws ApiError for a refusal.
async function answer(world, exchange, found) {
  const { req, url, entry } = exchange;
  const { token, caller } = callerOf(world, req);
  entry.project = caller?.project.name ?? null;
  entry.access = caller?.access ?? null;

  const bucket =
    typeof found.route?.bucket === 'function'
      ? found.route.bucket(world)
      : (found.route?.bucket ?? 'main');
  const payer = caller?.project ?? { key: `address ${req.socket.remoteAddress}` };
  const { headers, refusal } = world.buckets.take(payer, bucket);
  Object.assign(exchange.headers, headers);
  if (refusal) throw refusal;

  exchange.fault = world.faults.forRequest(
    caller?.project,
    req.method,
    url.pathname.slice(PREFIX.length),
  );
  if (exchange.fault) entry.fault = exchange.fault.kind;
  if (await strikesBefore(exchange)) return null;
  checkRights(caller, token, found, req.method);
  if (found.route.gone) throw gone(found.route.gone);

  const body = parseJson(exchange.text);
  entry.body = exchange.text === '' ? null : body;
  world.settle();
  const result = await found.route.handler({
    world,
    project: caller.project,
    params: found.params,
    query: url.searchParams,
    url,
    body,
    now: world.clock.now(),
  });
  return { status: 200, headers: {}, ...result };
}

function newExchange(world, req, res, base) {
  const url = new URL(req.url, base);
  const correlation = randomBytes(8).toString('hex');
  const entry = world.journal.add({
    at: new Date().toISOString(),
    virtual: stamp(world.clock.now()),
    correlation,
    method: req.method,
    path: url.pathname.startsWith(PREFIX) ? url.pathname.slice(PREFIX.length) : url.pathname,
    query: url.search.slice(1),
    project: null,
    access: null,
    body: null,
    status: null,
    fault: null,
  });
  return {
    world,
    req,
    res,
    url,
    entry,
    headers: { 'x-correlation-id': correlation },
    fault: null,
    text: '',
  };
}

async function handle(world, router, base, req, res) {
  const exchange = newExchange(world, req, res, base);
  let result;
  try {
    exchange.text = await readText(req, BODY_MAX);
    const found = routeOf(
      router,
      req.method === 'HEAD' ? 'GET' : req.method,
      exchange.url.pathname,
    );
    result = await answer(world, exchange, found);
    if (result === null) return;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    result = {
      status: error.status,
      body: error.body(),
      headers: {},
      pretty: error.message === 'api route not found',
    };
  }
  if (world.settings.latency_ms > 0)
    await new Promise((done) => {
      setTimeout(done, world.settings.latency_ms);
    });
  exchange.entry.status = result.status;
  if (exchange.fault) sendFault(exchange, result);
  else send(exchange, result);
}

export function apiServer(world, router) {
  const server = http.createServer((req, res) => {
    const base = `http://${req.headers.host ?? 'localhost'}`;
    handle(world, router, base, req, res).catch((error) => {
      world.log(`${req.method} ${req.url}: ${error.stack}`);
      if (!res.headersSent) {
        res.writeHead(500, { 'content-type': 'application/json' });
        res.end(
          JSON.stringify({
            error: { code: 'server_error', message: 'internal error', details: null },
          }),
        );
      }
    });
  });
  server.keepAliveTimeout = 60_000;
  return server;
}
