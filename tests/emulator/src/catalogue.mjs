// The catalogue in the shape of November 2026: no `datacenter`, availability and deprecation per
// location.

import { APPS, IMAGES, LOAD_BALANCER_TYPES, LOCATIONS, SERVER_TYPES } from './catalogue-data.mjs';

const TIB = 2 ** 40;
const HOURS_A_MONTH = 624n; // 5.49 a month is 0.0088 an hour
const VAT = 119n;

export const locations = LOCATIONS.map(
  ([id, name, description, country, city, latitude, longitude, zone]) => ({
    id,
    name,
    description,
    country,
    city,
    latitude,
    longitude,
    network_zone: zone,
  }),
);

const isFar = (location) => ['ash', 'hil', 'sin'].includes(location);

// Integer arithmetic: prices are decimal strings, the gross one longer than the net one, as the
// real API has them.
function price(net) {
  const units = BigInt(net);
  const gross = units * VAT;
  return {
    net: `${units / 10000n}.${String(units % 10000n).padStart(4, '0')}`,
    gross: `${gross / 1000000n}.${String(gross % 1000000n).padStart(6, '0')}0000000000`,
  };
}

function timedPrices(location, monthlyNet) {
  const net = isFar(location) ? (monthlyNet * 6n) / 5n : monthlyNet;
  return {
    location,
    price_hourly: price((net + HOURS_A_MONTH / 2n) / HOURS_A_MONTH),
    price_monthly: price(net),
    included_traffic: (isFar(location) ? 1 : 20) * TIB,
    price_per_tb_traffic: price(location === 'sin' ? 74000n : 10000n),
  };
}

export const serverTypes = SERVER_TYPES.map((row) => {
  const [id, name, cores, memory, disk, cpu, architecture, monthly, places, deprecation] = row;
  return {
    id,
    name,
    description: name.toUpperCase(),
    category: cpu === 'dedicated' ? 'Dedicated vCPU' : 'Shared vCPU',
    cores,
    memory,
    disk,
    deprecation,
    prices: places.map((place) => timedPrices(place, BigInt(monthly))),
    storage_type: 'local',
    cpu_type: cpu,
    architecture,
    places,
  };
});

const midnight = (day) => `${day}T00:00:00Z`;

function image(type, architecture, id, row) {
  const [, , name, description, flavour, version, created, deprecated] = row;
  return {
    id,
    type,
    status: 'available',
    name,
    description,
    image_size: null,
    disk_size: type === 'app' ? 20 : 5,
    created: midnight(created),
    created_from: null,
    bound_to: null,
    os_flavor: flavour,
    os_version: version,
    rapid_deploy: type === 'system',
    protection: { delete: false },
    deprecated: deprecated && midnight(deprecated),
    deleted: null,
    labels: {},
    architecture,
  };
}

function bothArchitectures(type, rows) {
  return rows.flatMap((row) => [
    ...(row[0] ? [image(type, 'x86', row[0], row)] : []),
    ...(row[1] ? [image(type, 'arm', row[1], row)] : []),
  ]);
}

export const systemImages = [
  ...bothArchitectures('system', IMAGES),
  ...bothArchitectures('app', APPS),
];

export const isos = [];

export const loadBalancerTypes = LOAD_BALANCER_TYPES.map(
  ([id, name, connections, services, targets, certs, monthly]) => ({
    id,
    name,
    description: name.toUpperCase(),
    max_connections: connections,
    max_services: services,
    max_targets: targets,
    max_assigned_certificates: certs,
    deprecated: null,
    deprecation: null,
    prices: locations.map((place) => timedPrices(place.name, BigInt(monthly))),
  }),
);

export const byIdOrName = (items, ref) =>
  items.find((item) => item.name === String(ref)) ??
  items.find((item) => String(item.id) === String(ref));

export function location(name) {
  return locations.find((place) => place.name === name);
}

export function serverType(name) {
  return serverTypes.find((type) => type.name === name);
}

function perLocation(monthlyNet, withHourly) {
  return locations.map(({ name }) => {
    const { price_hourly, price_monthly } = timedPrices(name, monthlyNet);
    return withHourly
      ? { location: name, price_hourly, price_monthly }
      : { location: name, price_monthly };
  });
}

const priced = (items) => items.map(({ id, name, prices }) => ({ id, name, prices }));

export function pricing() {
  return {
    currency: 'EUR',
    vat_rate: '19.00',
    primary_ips: [
      { type: 'ipv4', prices: perLocation(5000n, true) },
      { type: 'ipv6', prices: perLocation(0n, true) },
    ],
    floating_ips: [
      { type: 'ipv4', prices: perLocation(30000n, false) },
      { type: 'ipv6', prices: perLocation(10000n, false) },
    ],
    floating_ip: { price_monthly: price(30000n) },
    image: { price_per_gb_month: price(110n) },
    volume: { price_per_gb_month: price(440n) },
    server_backup: { percentage: '20.00' },
    server_types: priced(serverTypes),
    load_balancer_types: priced(loadBalancerTypes),
  };
}
