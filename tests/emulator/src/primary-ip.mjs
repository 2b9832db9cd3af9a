// One primary IP: how it is made and how its reverse DNS name is set.

import { ApiError, invalidInput, limitExceeded } from './errors.mjs';
import { defaultPtr } from './views.mjs';

const LABEL = '[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
const HOST_NAME = new RegExp(`^(?=.{1,253}$)${LABEL}(\\.${LABEL})*\\.?$`);

function ipv6Net(id) {
  return `2001:db8:${((id >> 16) & 0xffff).toString(16)}:${(id & 0xffff).toString(16)}::/64`;
}

export function newPrimaryIp(world, project, type, location, options = {}) {
  const id = world.nextId('primary_ip');
  const ip = type === 'ipv4' ? world.machines.pool.take() : ipv6Net(id);
  if (!ip) throw limitExceeded('primary_ip_limit');

  const made = {
    id,
    name: options.name ?? `primary_ip-${id}`,
    type,
    ip,
    location,
    labels: options.labels ?? {},
    created: world.clock.now(),
    dns_ptr: type === 'ipv4' ? [{ ip, dns_ptr: defaultPtr(ip) }] : [],
    protection: { delete: false },
    auto_delete: options.auto_delete ?? true,
    assignee: options.assignee ?? null,
  };
  project.primaryIps.set(id, made);
  world.changed();
  return made;
}

export function dropPrimaryIp(world, project, ip) {
  project.primaryIps.delete(ip.id);
  world.machines.pool.give(ip.ip);
  world.changed();
}

function inNet(address, net) {
  return address.startsWith(net.slice(0, net.indexOf('::') + 1));
}

// name null puts an IPv4 address back to Hetzner's own name and takes an IPv6 address's away.
export function setPtr(primary, address, name) {
  const belongs = primary.type === 'ipv4' ? address === primary.ip : inNet(address, primary.ip);
  if (!belongs) throw new ApiError(404, 'not_found', `IP '${address}' not found`);
  if (name !== null && !HOST_NAME.test(name))
    throw invalidInput([['dns_ptr', 'is not a valid host name']]);

  const others = primary.dns_ptr.filter(({ ip }) => ip !== address);
  const fallback = primary.type === 'ipv4' ? defaultPtr(address) : null;
  const wanted = name ?? fallback;
  primary.dns_ptr = wanted === null ? others : [...others, { ip: address, dns_ptr: wanted }];
}
