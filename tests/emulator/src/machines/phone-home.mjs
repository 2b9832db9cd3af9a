// cloud-init's phone_home. THE ONE PLACE WHERE THE EMULATOR SPEAKS FOR THE GUEST: a server's
// network ends at its host, where the product may listen on 127.0.0.1 only, so the call is made
// from outside. What it reports is true: the host key is read from the server's disk after its sshd
// has answered.

import fs from 'node:fs';
import path from 'node:path';

import { phoneHome } from './cloud-config.mjs';

const EVERYTHING = [
  'pub_key_rsa',
  'pub_key_ecdsa',
  'pub_key_ed25519',
  'instance_id',
  'hostname',
  'fqdn',
];
const PAUSE_MS = 1000;
const ANSWER_MS = 10_000;

const sleep = (ms) =>
  new Promise((done) => {
    setTimeout(done, ms);
  });

// A file of the server's disk; null where it is not there or leads elsewhere through a link.
function fileOf(disk, name) {
  const file = path.join(disk, name);
  try {
    return fs.realpathSync(file) === file ? fs.readFileSync(file, 'utf8') : null;
  } catch {
    return null;
  }
}

export function hostKey(disk, kind = 'ed25519') {
  return fileOf(disk, `etc/ssh/ssh_host_${kind}_key.pub`);
}

function facts(server, disk) {
  const [hostname] = server.name.split('.');
  return {
    pub_key_rsa: hostKey(disk, 'rsa'),
    pub_key_ecdsa: hostKey(disk, 'ecdsa'),
    pub_key_ed25519: hostKey(disk),
    instance_id: String(server.id),
    hostname,
    fqdn: server.name,
  };
}

// Posts once per instance, with cloud-init's patience. Returns when it was received or given up.
export async function callHome(server, disk, log) {
  const wanted = phoneHome(server.user_data);
  if (!wanted) return;

  const known = facts(server, disk);
  const names =
    wanted.post === 'all'
      ? EVERYTHING
      : [wanted.post].flat().filter((name) => EVERYTHING.includes(name));
  const body = new URLSearchParams(names.map((name) => [name, known[name] ?? 'N/A'])).toString();
  const url = wanted.url.replaceAll('$INSTANCE_ID', known.instance_id);
  for (let tries = 1; tries <= wanted.tries; tries += 1) {
    const fault = await post(url, body);
    if (fault === null) return;
    log(`server ${server.id}: phone_home, try ${tries} of ${wanted.tries}: ${fault}`);
    await sleep(PAUSE_MS);
  }
}

// The address is never logged: it may carry a one-time token.
async function post(url, body) {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'user-agent': 'Cloud-Init/22.4.2',
      },
      body,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    await answer.arrayBuffer();
    return answer.ok ? null : `answered ${answer.status}`;
  } catch (error) {
    return error.cause?.code ?? error.name;
  }
}
