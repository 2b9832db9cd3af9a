// A message on the bus as a service would send it, in a test's own words and at its own moment.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { packRecord } from './msgpack.mjs';
import { until } from './until.mjs';

// Puts a message into a service's inbox; resolves with its id.
export async function send(stack, schema, type, record, { agg = null, actor = 'system:workflow' } = {}) {
  const id = randomUUID();
  await stack.execute(
    `SELECT ${schema}.submit(ARRAY[$1::uuid], ARRAY[$2], ARRAY[nullif($3, '')], ARRAY[$4], ARRAY[0::bigint], ARRAY[$5::uuid],
       ARRAY[decode($6, 'hex')], ARRAY[NULL::text], ARRAY[NULL::bytea])`,
    [id, type, agg ?? '', actor, randomUUID(), packRecord(record).toString('hex')]);
  return id;
}

// The same, and waits until it has been worked on; fails when it was refused or not understood.
export async function deliver(stack, schema, type, record, options) {
  const id = await send(stack, schema, type, record, options);
  const row = await until(`${type} to be worked on`, async () => {
    const [now] = await stack.rows(`SELECT state, attempt, error FROM ${schema}.inbox WHERE id = $1::uuid`, [id]);
    return (now.state >= 2 || now.error) && now;
  }, { every: 20 });
  assert.equal(row.state, 2, `${type}: ${JSON.stringify(row)}`);
}
