// SSH keys of a project. The fingerprint is the MD5 one, as ssh-keygen -E md5 prints it without its
// prefix.

import { createHash } from 'node:crypto';

import { readBody } from '../body.mjs';
import { invalidInput, notFound, uniqueness } from '../errors.mjs';
import { listAnswer } from '../list.mjs';
import { sshKeyView } from '../views.mjs';

const KIND = 'ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-nistp(?:256|384|521)|sk-[a-z0-9@.-]+';
const FORM = new RegExp(`^(${KIND}) ([A-Za-z0-9+/]+={0,2})(?: .*)?$`);

// The blob must name the same algorithm as the text before it.
function fingerprint(text) {
  const found = FORM.exec(text.trim());
  if (!found) return null;

  const blob = Buffer.from(found[2], 'base64');
  const length = blob.length > 4 ? blob.readUInt32BE(0) : 0;
  if (blob.subarray(4, 4 + length).toString('latin1') !== found[1]) return null;
  return createHash('md5')
    .update(blob)
    .digest('hex')
    .replace(/..(?=.)/g, '$&:');
}

function find(ctx) {
  const key = ctx.project.sshKeys.get(ctx.params.id);
  if (!key) throw notFound('SSH key', ctx.params.id);
  return key;
}

function checkFree(ctx, field, value, what, self = null) {
  const taken = [...ctx.project.sshKeys.values()].some(
    (key) => key !== self && key[field] === value,
  );
  if (taken) throw uniqueness(what, field === 'fingerprint' ? 'public_key' : field);
}

function list(ctx) {
  return listAnswer(ctx, {
    key: 'ssh_keys',
    items: ctx.project.sshKeys.values(),
    sort: ['id', 'name'],
    filters: {
      name: (key, value) => key.name === value,
      fingerprint: (key, value) => key.fingerprint === value,
    },
    view: sshKeyView,
  });
}

function create(ctx) {
  const given = readBody(ctx.body, { name: 'text!', public_key: 'string!', labels: 'labels' });
  const print = fingerprint(given.public_key);
  if (!print) throw invalidInput([['public_key', 'is not a valid SSH public key']]);
  checkFree(ctx, 'name', given.name, 'SSH key name');
  checkFree(ctx, 'fingerprint', print, 'SSH key with the same fingerprint');

  const key = {
    id: ctx.world.nextId('ssh_key'),
    name: given.name,
    fingerprint: print,
    public_key: given.public_key.trim(),
    labels: given.labels ?? {},
    created: ctx.now,
  };
  ctx.project.sshKeys.set(key.id, key);
  ctx.world.changed();
  return { status: 201, body: { ssh_key: sshKeyView(key) } };
}

function update(ctx) {
  const key = find(ctx);
  const given = readBody(ctx.body, { name: 'text', labels: 'labels' });
  if (given.name) checkFree(ctx, 'name', given.name, 'SSH key name', key);
  Object.assign(key, given);
  ctx.world.changed();
  return { body: { ssh_key: sshKeyView(key) } };
}

function remove(ctx) {
  ctx.project.sshKeys.delete(find(ctx).id);
  ctx.world.changed();
  return { status: 204 };
}

export const sshKeyRoutes = [
  ['GET', '/ssh_keys', list],
  ['POST', '/ssh_keys', create],
  ['GET', '/ssh_keys/{id}', (ctx) => ({ body: { ssh_key: sshKeyView(find(ctx)) } })],
  ['PUT', '/ssh_keys/{id}', update],
  ['DELETE', '/ssh_keys/{id}', remove],
];
