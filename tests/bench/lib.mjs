// What the benchmarks share: a PostgreSQL that keeps its promises (fsync on), CPU accounting, medians, tables.

import './release.mjs';

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startDatabase } from '../lib/database.mjs';
import { run } from '../lib/process.mjs';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const BUILD = process.env.SPS_BUILD;

export function needBuild(...programs) {
  for (const p of programs)
    if (!existsSync(join(BUILD, p))) throw new Error(`${p} is not built: cmake --preset release && cmake --build --preset release`);
}

export function scratch(name) {
  const dir = mkdtempSync(join(tmpdir(), `sps-${name}-`));
  chmodSync(dir, 0o711);
  mkdirSync(join(dir, 'log'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export const durableDatabase = (dir) =>
  startDatabase({ dir: join(dir, 'pg'), log: join(dir, 'log/pg.log'), spsctl: join(BUILD, 'spsctl'), cacheDir: join(ROOT, 'build/test-cluster'), fsync: true });

// CPU seconds used so far by a process and everything below it.
export function cpuOfTree(pid) {
  const parents = new Map();
  const used = new Map();
  for (const p of readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
    try {
      const fields = readFileSync(`/proc/${p}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
      parents.set(Number(p), Number(fields[1]));
      used.set(Number(p), (Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14])) / 100);
    } catch {} // ended meanwhile
  }
  let sum = 0;
  for (const p of used.keys()) {
    let at = p;
    while (at > 1 && at !== pid) at = parents.get(at) ?? 0;
    if (at === pid) sum += used.get(p);
  }
  return sum;
}

// wrk (Debian) for some seconds: requests, requests per second, p50 and p99 in µs. Any answer but 2xx is an error.
export async function wrk(url, { connections, seconds, headers = {}, post = false }) {
  const script = scratch('wrk');
  writeFileSync(join(script.dir, 'post.lua'), 'wrk.method = "POST"\nwrk.body = "{}"\n');
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...(post ? ['-s', join(script.dir, 'post.lua')] : []),
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]), url];
  const out = await run('wrk', args, { timeout: (seconds + 26) * 1000 }).finally(script.remove);
  if (/Non-2xx/.test(out)) throw new Error(out);
  const us = (text) => parseFloat(text) * (text.endsWith('us') ? 1 : text.endsWith('ms') ? 1e3 : 1e6);
  return {
    requests: Number(/(\d+) requests in/.exec(out)[1]), per_second: Number(/Requests\/sec:\s+([\d.]+)/.exec(out)[1]),
    p50_us: us(/^ +50% +(\S+)/m.exec(out)[1]), p99_us: us(/^ +99% +(\S+)/m.exec(out)[1]),
  };
}

export const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
export const round = (n, digits = 2) => Number(n.toFixed(digits));

export function machine() {
  return `${cpus().length} cores, load ${readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}, ${new Date().toISOString().slice(0, 10)}`;
}

// Prints a table and keeps it as JSON in tests/bench/results/, from where the README's numbers are taken.
export function report(name, rows, note = '') {
  console.log(`\n${name} (${machine()})`);
  console.table(rows);
  if (note) console.log(note);
  const dir = join(ROOT, 'tests/bench/results');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, `${name}.json`), `${JSON.stringify({ date: new Date().toISOString(), machine: machine(), rows, note }, null, 2)}\n`);
}

export const git = (...args) => execFileSync('git', ['-C', ROOT, ...args], { encoding: 'utf8' }).trim();
