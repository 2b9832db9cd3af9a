// A server's metrics: exactly nine series, made up but steady: the same server shows the same curve
// when asked again.

import { invalidInput, notFound } from '../errors.mjs';

const SERIES = {
  cpu: [['cpu', 40]],
  disk: [
    ['disk.0.iops.read', 30],
    ['disk.0.iops.write', 60],
    ['disk.0.bandwidth.read', 400_000],
    ['disk.0.bandwidth.write', 900_000],
  ],
  network: [
    ['network.0.pps.in', 120],
    ['network.0.pps.out', 100],
    ['network.0.bandwidth.in', 90_000],
    ['network.0.bandwidth.out', 260_000],
  ],
};
const MAX_BY_DEFAULT = 200;
const MAX_WITH_STEP = 500;
const DAY = 86_400;

function noise(seed) {
  const x = Math.sin(seed * 12.9898) * 43758.5453;
  return x - Math.floor(x);
}

// A daily wave with noise; zero while the server is off. There are no samples from before it was
// made.
function valueAt(server, index, scale, time) {
  if (server.status === 'off') return 0;

  const wave = 0.5 + 0.4 * Math.sin(((time % DAY) / DAY) * 2 * Math.PI + (server.id % 7));
  return scale * (0.15 + wave * 0.6 + 0.25 * noise(time / 60 + server.id + index));
}

function moment(ctx, name) {
  const at = Date.parse(ctx.query.get(name) ?? '');
  if (!Number.isFinite(at)) throw invalidInput([[name, 'must be a time in RFC 3339']]);
  return at / 1000;
}

function stepOf(ctx, start, end) {
  const text = ctx.query.get('step');
  const wanted = text === null || text === '' ? null : Number(text);
  if (wanted !== null && !(wanted >= 1))
    throw invalidInput([['step', 'must be a number of seconds from 1']]);

  const least = Math.ceil((end - start) / (wanted === null ? MAX_BY_DEFAULT : MAX_WITH_STEP));
  return Math.max(wanted ?? 60, least);
}

function metrics(ctx) {
  const server = ctx.project.servers.get(ctx.params.id);
  if (!server) throw notFound('server', ctx.params.id);

  const types = ctx.query
    .getAll('type')
    .flatMap((text) => text.split(','))
    .filter(Boolean);
  if (types.length === 0 || !types.every((type) => SERIES[type])) {
    throw invalidInput([
      ['type', 'must be cpu, disk or network, or several of them separated by commas'],
    ]);
  }
  const start = moment(ctx, 'start');
  const end = moment(ctx, 'end');
  if (end < start) throw invalidInput([['end', 'must not be before start']]);

  const step = stepOf(ctx, start, end);
  const times = [];
  const first = Math.max(start, server.created / 1000);
  for (
    let time = Math.ceil(first / step) * step;
    time < end && time * 1000 <= ctx.now;
    time += step
  )
    times.push(time);
  const series = [...new Set(types)]
    .flatMap((type) => SERIES[type])
    .map(([name, scale], index) => [
      name,
      {
        values: times.map((time) => [
          time,
          String(Number(valueAt(server, index, scale, time).toFixed(6))),
        ]),
      },
    ]);
  return {
    body: {
      metrics: {
        start: new Date(start * 1000).toISOString(),
        end: new Date(end * 1000).toISOString(),
        step,
        time_series: Object.fromEntries(series),
      },
    },
  };
}

export const metricsRoutes = [['GET', '/servers/{id}/metrics', metrics]];
