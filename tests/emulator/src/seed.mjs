// What a project contains when the emulator starts. A seed file (or POST /projects) says:
//   {"projects": [{"name": "demo", "tokens": [{"token": "…", "access": "rw"}],
//     "limit": 3600, "server_limit": 1000, "ssh_keys": [{"name", "public_key"}],
//     "servers": [{"name", "server_type", "location", "image", "labels", "status"}], "fill": 200}]}
// `fill` makes running servers up to that number, without any API call. What is there already, by
// its name, is left alone, so that a seed can be planted at every start.

import { ApiError } from './errors.mjs';
import { serverType, serverTypes, systemImages } from './catalogue.mjs';
import { newPrimaryIp } from './primary-ip.mjs';
import { newServer } from './routes/servers.mjs';
import { sshKeyRoutes } from './routes/ssh-keys.mjs';

const FIELDS = ['name', 'tokens', 'limit', 'server_limit', 'ssh_keys', 'servers', 'fill'];
const ROLES = ['web', 'db', 'cache', 'worker', 'mail', 'ci'];
const addKey = sshKeyRoutes.find(([method]) => method === 'POST')[2];

function seedServer(world, project, wanted) {
  if ([...project.servers.values()].some(({ name }) => name === wanted.name)) return;

  const type = serverType(wanted.server_type ?? 'cx23');
  if (!type)
    throw new ApiError(422, 'invalid_input', `there is no server type '${wanted.server_type}'`);
  const image = systemImages.find(
    ({ name, architecture }) =>
      name === (wanted.image ?? 'debian-12') && architecture === type.architecture,
  );
  const server = newServer(world, {
    name: wanted.name,
    type: type.name,
    disk: type.disk,
    location: wanted.location ?? type.places[0],
    image: image?.id ?? null,
    labels: wanted.labels ?? {},
    keys: [...project.sshKeys.values()].map((key) => key.public_key),
    status: 'off',
  });
  for (const kind of ['ipv4', 'ipv6']) {
    server[kind] = newPrimaryIp(world, project, kind, server.location, { assignee: server.id }).id;
  }
  project.servers.set(server.id, server);
  if (wanted.status !== 'off') world.powerOn(server);
}

function fill(world, project, count) {
  const types = serverTypes.filter((type) => type.deprecation === null);
  for (let i = project.servers.size; i < count; i += 1) {
    const type = types[i % types.length];
    const role = ROLES[i % ROLES.length];
    const location = type.places[i % type.places.length];
    seedServer(world, project, {
      name: `${role}-${location}-${String(i + 1).padStart(4, '0')}`,
      server_type: type.name,
      location,
      labels: { role, fill: 'true' },
    });
  }
}

function seedProject(world, wanted) {
  const unknown = Object.keys(wanted).find((name) => !FIELDS.includes(name));
  if (unknown) throw new ApiError(422, 'invalid_input', `a project has no field '${unknown}'`);
  if (typeof wanted.name !== 'string' || wanted.name === '') {
    throw new ApiError(422, 'invalid_input', 'a project needs a name');
  }

  const options = Object.fromEntries(
    ['limit', 'server_limit'].filter((name) => name in wanted).map((name) => [name, wanted[name]]),
  );
  const project = world.ensureProject(wanted.name, wanted.tokens ?? [], options);
  for (const key of wanted.ssh_keys ?? []) {
    const known = [...project.sshKeys.values()].some(({ name }) => name === key.name);
    if (!known) addKey({ world, project, body: key, now: world.clock.now() });
  }
  for (const server of wanted.servers ?? []) seedServer(world, project, server);
  fill(world, project, wanted.fill ?? 0);
  return project;
}

export function plantSeed(world, seed) {
  return (seed.projects ?? []).map((wanted) => seedProject(world, wanted));
}
