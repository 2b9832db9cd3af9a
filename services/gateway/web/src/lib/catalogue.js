/* What Hetzner offers: server types, places, images, prices. Fetched once, kept for a while. */
import { get } from './api.js';

const KEEP_MS = 5 * 60_000;

let kept = null;
let keptAt = 0;

/** @returns {Promise<any>} */
export function loadCatalogue() {
  if (kept && Date.now() - keptAt < KEEP_MS) return kept;
  keptAt = Date.now();
  kept = get('/catalogue').catch((error) => {
    kept = null;
    throw error;
  });
  return kept;
}

/** "Falkenstein", or the short name when it is not known. */
export function cityOf(catalogue, name) {
  return catalogue?.locations.find((l) => l.name === name)?.city ?? name;
}

/** "Debian 12", or the name when it is not known. */
export function imageOf(catalogue, name) {
  return catalogue?.images.find((i) => i.name === name)?.description ?? name;
}

/** @returns {any | undefined} */
export function typeOf(catalogue, name) {
  return catalogue?.server_types.find((t) => t.name === name);
}

/** "4 vCPU, 8 GB RAM, 160 GB disk" */
export function sizeOf(type) {
  return `${type.cores} vCPU, ${type.memory_gb} GB RAM, ${type.disk_gb} GB disk`;
}

/** Why a type cannot be ordered in a place now; null: it can. */
export function hindrance(catalogue, type, location) {
  const city = cityOf(catalogue, location);
  const offer = type.locations.find((l) => l.name === location);
  if (!offer) return `Not offered in ${city}`;
  return offer.available ? null : `Sold out in ${city} now`;
}

/**
 * What it costs there. The hour's share of the IPv4 address is not in the catalogue; it is taken
 * from the relation of the server's own two prices, therefore `about`.
 */
export function priceOf(catalogue, type, location) {
  const offer = type.locations.find((l) => l.name === location);
  if (!offer) return null;
  const ipv4 = catalogue.ipv4_monthly_minor;
  const ipv4Hour = Math.round((offer.price_hourly_micro * ipv4) / offer.price_monthly_minor);
  return {
    currency: catalogue.currency,
    serverMinor: offer.price_monthly_minor,
    ipv4Minor: ipv4,
    totalMinor: offer.price_monthly_minor + ipv4,
    hourMicro: offer.price_hourly_micro + (Number.isFinite(ipv4Hour) ? ipv4Hour : 0),
  };
}
