// Writing an answer, and writing it wrongly on purpose.

import zlib from 'node:zlib';

import { ApiError } from './errors.mjs';

const GZIP_FROM = 1024;
const HANG_MS = 600_000;
const GATEWAY_PAGE =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n' +
  '<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n';

const sleep = (ms) =>
  new Promise((done) => {
    setTimeout(done, ms);
  });

function headersOf(exchange, result) {
  const { link, ...rest } = result.headers;
  return {
    'content-type': result.pretty ? 'application/json; charset=UTF-8' : 'application/json',
    'access-control-allow-origin': '*',
    'strict-transport-security': 'max-age=15724800; includeSubDomains',
    ...exchange.headers,
    ...(link && { link }),
    ...rest,
  };
}

const encode = (result) => Buffer.from(JSON.stringify(result.body, null, result.pretty ? 2 : 0));

export function send(exchange, result) {
  const { req, res, world } = exchange;
  const headers = headersOf(exchange, result);
  if (result.status === 204) {
    delete headers['content-type'];
    res.writeHead(204, headers);
    res.end();
    return;
  }

  let payload = encode(result);
  if (
    world.settings.gzip &&
    payload.length >= GZIP_FROM &&
    /\bgzip\b/.test(req.headers['accept-encoding'] ?? '')
  ) {
    payload = zlib.gzipSync(payload, { level: 1 });
    headers['content-encoding'] = 'gzip';
    headers.vary = 'accept-encoding';
  }
  headers['content-length'] = payload.length;
  res.writeHead(result.status, headers);
  res.end(req.method === 'HEAD' ? undefined : payload);
}

function reset({ req }) {
  req.socket.resetAndDestroy();
}

function hang(exchange) {
  setTimeout(() => reset(exchange), HANG_MS).unref();
}

function sendPage(exchange, status) {
  exchange.entry.status = status;
  exchange.res.writeHead(status, {
    'content-type': 'text/html',
    'content-length': Buffer.byteLength(GATEWAY_PAGE),
  });
  exchange.res.end(GATEWAY_PAGE);
}

function faultError({
  status = 500,
  code = 'server_error',
  message = 'an injected error',
  details = null,
}) {
  return new ApiError(status, code, message, details);
}

// What strikes before anything is done. True: the request is over. Throws for an error in JSON.
export async function strikesBefore(exchange) {
  const { fault } = exchange;
  if (fault?.when !== 'before') return false;

  exchange.fault = null;
  switch (fault.kind) {
    case 'error':
      throw faultError(fault);
    case 'delay':
      await sleep(fault.ms ?? 1000);
      return false;
    case 'non_json':
      sendPage(exchange, fault.status ?? 502);
      return true;
    case 'hang_before':
      hang(exchange);
      return true;
    default:
      reset(exchange);
      return true;
  }
}

function writeHalf(exchange, result) {
  const payload = encode(result);
  exchange.res.writeHead(result.status, {
    ...headersOf(exchange, result),
    'content-length': payload.length,
  });
  exchange.res.write(payload.subarray(0, payload.length >> 1), () => exchange.req.socket.destroy());
}

async function writeHuge({ res, fault, ...exchange }, result) {
  const payload = encode(result);
  const space = Buffer.alloc(1 << 16, ' ');
  res.writeHead(result.status, headersOf(exchange, result));
  for (let left = fault.bytes ?? 64 << 20; left > 0 && !res.destroyed; left -= space.length) {
    if (!res.write(space))
      await new Promise((done) => {
        res.once('drain', done).once('close', done);
      });
  }
  res.end(payload);
}

async function writeSlowly({ res, fault, ...exchange }, result) {
  const payload = encode(result);
  const step = fault.bytes ?? 16;
  res.writeHead(result.status, {
    ...headersOf(exchange, result),
    'content-length': payload.length,
  });
  for (let at = 0; at < payload.length && !res.destroyed; at += step) {
    res.write(payload.subarray(at, at + step));
    await sleep(fault.ms ?? 50);
  }
  res.end();
}

function changePage(result, change) {
  const rows = Object.values(result.body ?? {}).find(Array.isArray);
  if (rows?.length > 0) change(rows);
}

// What strikes once the work is done.
export function sendFault(exchange, result) {
  const { fault } = exchange;
  switch (fault.kind) {
    case 'error_after': {
      const error = faultError(fault);
      exchange.entry.status = error.status;
      return send(exchange, { status: error.status, body: error.body(), headers: {} });
    }
    case 'drop_after':
      return reset(exchange);
    case 'hang_after':
      return hang(exchange);
    case 'non_json_after':
      return sendPage(exchange, fault.status ?? 502);
    case 'truncated':
      return writeHalf(exchange, result);
    case 'huge':
      return writeHuge(exchange, result);
    case 'slow':
      return writeSlowly(exchange, result);
    case 'wrong_type':
      return send(exchange, {
        ...result,
        headers: { ...result.headers, 'content-type': 'text/html; charset=utf-8' },
      });
    case 'page_missing':
      changePage(result, (rows) => rows.shift());
      break;
    case 'page_duplicate':
      changePage(result, (rows) => rows.unshift(rows[0]));
      break;
    default:
      break;
  }
  return send(exchange, result);
}
