// What a test or a demo may change while the emulator runs (admin: PUT /settings).

import { ApiError } from './errors.mjs';

// milliseconds until an action of this command is done; `acpi_off` is the time from the end of
// shutdown_server until the guest is really off
const DURATIONS = {
  default: 200,
  create_server: 2000,
  start_server: 1000,
  stop_server: 600,
  reboot_server: 800,
  reset_server: 600,
  shutdown_server: 300,
  acpi_off: 1500,
  rebuild_server: 2000,
  delete_server: 300,
  change_server_type: 4000,
  create_image: 3000,
  apply_firewall: 1500,
};

const SETTINGS = {
  limit: 3600, // requests an hour and project; /actions has twice as many
  feed_bucket: 'main', // the bucket of /servers/actions is not documented: main or actions
  page_cap: 50,
  total_entries: true, // false: last_page and total_entries are null, as the contract allows
  endless_pages: false, // true: next_page never ends, as Prism's mock does it
  deprecated_field: true, // false: without that flat field, as at Hetzner since 2026-11-02
  server_limit: 1000, // per project, for resource_limit_exceeded
  latency_ms: 0, // before every answer
  gzip: true,
};

export function firstSettings(scale = 1) {
  const durations = Object.fromEntries(
    Object.entries(DURATIONS).map(([name, ms]) => [name, Math.round(ms * scale)]),
  );
  return { ...SETTINGS, durations };
}

function checkValue(name, value, sample) {
  if (typeof value !== typeof sample || (typeof value === 'number' && !(value >= 0))) {
    throw new ApiError(422, 'invalid_input', `setting '${name}' must be a ${typeof sample}`);
  }
}

// Changes only what is named; an unknown name is refused, so that a typo in a test does not pass
// silently.
export function changeSettings(settings, wanted) {
  for (const [name, value] of Object.entries(wanted)) {
    if (name === 'durations') {
      for (const [command, ms] of Object.entries(value)) checkValue(`durations.${command}`, ms, 0);
      continue;
    }
    if (!(name in SETTINGS))
      throw new ApiError(422, 'invalid_input', `there is no setting '${name}'`);
    checkValue(name, value, SETTINGS[name]);
  }
  const { durations = {}, ...rest } = wanted;
  Object.assign(settings, rest);
  Object.assign(settings.durations, durations);
}
