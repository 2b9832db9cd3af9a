/* Sizes after compression, printed and held below a limit. */
import path from 'node:path';

/** KiB after gzip. */
const LIMIT = { firstScripts: 45, styles: 45, firstLoad: 90, chunk: 12, icons: 15 };

const kib = (bytes) => bytes / 1024;
const packed = (f) => f.gz ?? f.raw;

export function printSizes(files) {
  const cell = (bytes) => (bytes === null ? '' : kib(bytes).toFixed(1)).padStart(8);
  console.log(
    `${'file'.padEnd(54)}${'raw'.padStart(8)}${'gz'.padStart(8)}${'br'.padStart(8)}  KiB`,
  );
  for (const f of files) {
    console.log(`${f.file.padEnd(54)}${cell(f.raw)}${cell(f.gz)}${cell(f.br)}`);
  }
}

/** @param {string[]} first outputs that every page loads: the entry and what it imports */
export function checkBudget(files, first) {
  const isFirst = (f) => first.some((name) => path.basename(name) === path.basename(f.file));
  const scripts = files.filter((f) => f.file.endsWith('.js'));
  const sum = (list) => kib(list.reduce((total, f) => total + packed(f), 0));

  const firstScripts = sum(scripts.filter(isFirst));
  const styles = sum(files.filter((f) => f.file.endsWith('.css')));
  const icons = sum(files.filter((f) => /icons-\w+\.svg$/.test(f.file)));
  const chunk = Math.max(0, ...scripts.filter((f) => !isFirst(f)).map((f) => kib(packed(f))));
  const found = { firstScripts, styles, firstLoad: firstScripts + styles, chunk, icons };

  for (const [name, value] of Object.entries(found)) {
    console.log(`${name.padEnd(14)} ${value.toFixed(1).padStart(6)} of ${LIMIT[name]} KiB gz`);
    if (value > LIMIT[name]) {
      console.error(`${name}: over its budget`);
      process.exitCode = 1;
    }
  }
}
