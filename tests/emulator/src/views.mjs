// From what the emulator keeps to what the API shows.

import { location, serverType, systemImages } from './catalogue.mjs';
import { stamp } from './clock.mjs';

const TIB = 2 ** 40;

export function serverTypeView(world, type) {
  const { places, ...shown } = type;
  const now = world.clock.now();
  return {
    ...shown,
    ...(world.settings.deprecated_field && { deprecated: type.deprecation !== null }),
    locations: places.map((name) => ({
      id: location(name).id,
      name,
      deprecation: type.deprecation,
      recommended:
        type.deprecation === null &&
        type.cpu_type === 'shared' &&
        world.inStock(type.name, name).available,
      available: !retired(type, now) && world.inStock(type.name, name).available,
    })),
  };
}

export function retired(type, now) {
  return type.deprecation !== null && Date.parse(type.deprecation.unavailable_after) <= now;
}

export function imageView(world, image) {
  const { deprecated, ...shown } = image;
  const until = deprecated && new Date(Date.parse(deprecated) + 90 * 86_400_000).toISOString();
  return {
    ...shown,
    ...(world.settings.deprecated_field && { deprecated }),
    deprecation: deprecated
      ? { announced: deprecated, unavailable_after: `${until.slice(0, 19)}Z` }
      : null,
  };
}

export function findImage(project, id) {
  return systemImages.find((image) => image.id === id) ?? project.images.get(id) ?? null;
}

// static.41.113.0.203.clients.your-server.de is how Hetzner names an address nobody has named
export function defaultPtr(ip) {
  return `static.${ip.split('.').reverse().join('.')}.clients.your-server.de`;
}

export function primaryIpView(ip) {
  return {
    id: ip.id,
    name: ip.name,
    type: ip.type,
    ip: ip.ip,
    labels: ip.labels,
    created: stamp(ip.created),
    blocked: false,
    location: location(ip.location),
    dns_ptr: ip.dns_ptr,
    protection: ip.protection,
    auto_delete: ip.auto_delete,
    assignee_type: ip.assignee === null ? 'unassigned' : 'server',
    assignee_id: ip.assignee,
  };
}

function publicNet(project, server) {
  const four = server.ipv4 && project.primaryIps.get(server.ipv4);
  const six = server.ipv6 && project.primaryIps.get(server.ipv6);
  return {
    ipv4: four
      ? {
          id: four.id,
          ip: four.ip,
          blocked: false,
          dns_ptr: four.dns_ptr[0]?.dns_ptr ?? defaultPtr(four.ip),
        }
      : null,
    ipv6: six ? { id: six.id, ip: six.ip, blocked: false, dns_ptr: six.dns_ptr } : null,
    floating_ips: [],
    firewalls: [],
  };
}

// Traffic grows with every second a server runs: it differs on almost every read, as at Hetzner.
function traffic(world, server, bytesPerSecond) {
  if (server.booted === null) return 0;
  return Math.max(0, Math.floor(((world.clock.now() - server.created) * bytesPerSecond) / 1000));
}

export function serverView(world, project, server) {
  const image = server.image === null ? null : findImage(project, server.image);
  return {
    id: server.id,
    name: server.name,
    status: server.status,
    created: stamp(server.created),
    public_net: publicNet(project, server),
    private_net: [],
    server_type: serverTypeView(world, serverType(server.type)),
    location: location(server.location),
    image: image && imageView(world, image),
    iso: null,
    rescue_enabled: server.rescue !== null,
    locked: world.actions.locks(project, server.id),
    backup_window: server.backup_window,
    outgoing_traffic: traffic(world, server, 900 + (server.id % 700)),
    ingoing_traffic: traffic(world, server, 2100 + (server.id % 1300)),
    included_traffic: (['ash', 'hil', 'sin'].includes(server.location) ? 1 : 20) * TIB,
    protection: server.protection,
    labels: server.labels,
    volumes: [],
    load_balancers: [],
    primary_disk_size: server.disk,
    placement_group: null,
  };
}

export function sshKeyView(key) {
  const { id, name, fingerprint, public_key, labels, created } = key;
  return { id, name, fingerprint, public_key, labels, created: stamp(created) };
}
