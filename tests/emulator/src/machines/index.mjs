// Which kind of machines this run has.

import { NoMachines } from './none.mjs';

export async function chooseMachines(options) {
  if (options.boot === 'none') return new NoMachines();
  throw new Error('servers cannot boot yet');
}
