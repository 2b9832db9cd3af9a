// Calls boot/machine: the helper with rights. Arguments go as they are; no shell reads them.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

const HELPER = fileURLToPath(new URL('../../boot/machine', import.meta.url));

// Runs one command to its end and returns what it printed; rejects with what it said on standard
// error.
export function machine(args, input = '') {
  return new Promise((done, fail) => {
    const child = spawn(HELPER, args.map(String), { stdio: 'pipe' });
    let said = '';
    let printed = '';
    child.stdout.on('data', (part) => {
      printed = (printed + part).slice(-4000);
    });
    child.stderr.on('data', (part) => {
      said = (said + part).slice(-4000);
    });
    child.on('error', fail);
    child.on('close', (code) => {
      if (code === 0) done(printed.trim());
      else fail(new Error(said.trim() || `machine ${args[0]}: exit ${code}`));
    });
    child.stdin.on('error', () => {}); // the helper may have refused before reading
    child.stdin.end(input);
  });
}

// Starts a server; it outlives the emulator if nobody ends it. What it prints goes to the console
// file.
export function launch(args, consoleFile) {
  const out = fs.openSync(consoleFile, 'a', 0o600);
  try {
    const child = spawn(HELPER, ['run', ...args.map(String)], {
      detached: true,
      stdio: ['ignore', out, out],
    });
    child.unref();
    return child;
  } finally {
    fs.closeSync(out);
  }
}
