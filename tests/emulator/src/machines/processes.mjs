// A process remembered across a restart of the emulator: its number and when it began, because
// numbers come again.

import fs from 'node:fs';

function began(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : fields[19];
  } catch {
    return null;
  }
}

const sleep = (ms) =>
  new Promise((done) => {
    setTimeout(done, ms);
  });

export function remember(pid) {
  return { pid, began: began(pid) };
}

export function alive(process) {
  return process.began !== null && began(process.pid) === process.began;
}

function children(pid) {
  try {
    return fs
      .readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

// Ends an unshare and waits until the server's process 1 and with it everything in its namespaces
// is gone.
export async function endTree(top) {
  if (!alive(top)) return;

  const inside = children(top.pid).map(remember);
  process.kill(top.pid, 'SIGKILL');
  while (alive(top) || inside.some(alive)) await sleep(10);
}
