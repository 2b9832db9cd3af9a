// Memory of the five services at rest, resident and proportional set size (shared pages are
// counted once), from /proc.   node tests/bench/memory.mjs
import './release.mjs';

import { readFileSync } from 'node:fs';
import { startStack } from '../lib/stack.mjs';
import { report, round } from './lib.mjs';

const SECONDS = Number(process.argv[2] ?? 60);
const stack = await startStack({ emulator: { boot: 'none' } });
await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
const children = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
const kib = (pid, key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);
const rows = Object.entries(stack.services).map(([what, server]) => {
  const pids = [server.pid, ...children(server.pid)];
  const mib = (key) => round(pids.reduce((sum, pid) => sum + kib(pid, key), 0) / 1024, 1);
  return { what, processes: pids.length, resident_mib: mib('Rss'), proportional_mib: mib('Pss') };
});
const sum = (key) => round(rows.reduce((all, row) => all + row[key], 0), 1);
report('memory', [...rows, { what: 'together', processes: sum('processes'), resident_mib: sum('resident_mib'), proportional_mib: sum('proportional_mib') }], `${SECONDS} s after their start, idle`);
await stack.stop();
