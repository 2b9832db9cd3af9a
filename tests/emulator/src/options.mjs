// The command line and the environment of the emulator. A value on the command line wins.

import { parseArgs } from 'node:util';

const OPTIONS = {
  // option: [type, environment variable, default]
  listen: ['string', 'SPS_EMU_LISTEN', '127.0.0.1:8780'],
  admin: ['string', 'SPS_EMU_ADMIN', '127.0.0.1:8781'],
  tokens: ['string', 'SPS_EMU_TOKENS', null],
  seed: ['string', 'SPS_EMU_SEED', null],
  state: ['string', 'SPS_EMU_STATE', null],
  boot: ['string', 'SPS_EMU_BOOT', 'none'],
  var: ['string', 'SPS_EMU_VAR', null],
  'base-root': ['string', 'SPS_BASE_ROOT', null],
  tag: ['string', 'SPS_EMU_TAG', 'main'],
  net: ['string', 'SPS_EMU_NET', 'auto'],
  'ssh-port': ['string', 'SPS_EMU_SSH_PORT', null],
  scale: ['string', 'SPS_EMU_SCALE', '1'],
  keep: ['boolean', 'SPS_EMU_KEEP', false],
  help: ['boolean', null, false],
};

const BOOT_MODES = ['netns', 'loopback', 'auto', 'none'];

function hostPort(text, option) {
  const found = /^(?:\[?([0-9a-f:.]+|localhost)\]?:)?(\d{1,5})$/i.exec(text);
  if (!found || Number(found[2]) > 65535)
    throw new Error(`--${option} must be ADDRESS:PORT, not '${text}'`);
  return { host: found[1] ?? '127.0.0.1', port: Number(found[2]) };
}

function check(values) {
  if (!BOOT_MODES.includes(values.boot))
    throw new Error(`--boot must be one of ${BOOT_MODES.join(', ')}`);
  if (values.boot !== 'none' && !values.var)
    throw new Error('--var DIRECTORY is needed where servers boot');
  if (!/^[a-z0-9]{1,8}$/.test(values.tag))
    throw new Error('--tag must be 1 to 8 lower-case letters or digits');
  if (!/^(auto|198\.18\.\d{1,3})$/.test(values.net))
    throw new Error('--net must be auto or 198.18.N');
  if (values['ssh-port'] && !/^\d{2,5}$/.test(values['ssh-port']))
    throw new Error('--ssh-port must be a port number');
  if (!(Number(values.scale) >= 0)) throw new Error('--scale must be a number from 0');
}

export function readOptions(argv, env) {
  const { values: given } = parseArgs({
    args: argv,
    options: Object.fromEntries(Object.entries(OPTIONS).map(([name, [type]]) => [name, { type }])),
  });
  const values = {};
  for (const [name, [type, variable, fallback]] of Object.entries(OPTIONS)) {
    const fromEnv = variable === null ? undefined : env[variable] || undefined;
    values[name] =
      given[name] ?? (type === 'boolean' ? fromEnv !== undefined : (fromEnv ?? fallback));
  }
  check(values);
  return {
    ...values,
    listen: hostPort(values.listen, 'listen'),
    admin: hostPort(values.admin, 'admin'),
    scale: Number(values.scale),
    sshPort: values['ssh-port'] === null ? null : Number(values['ssh-port']),
    baseRoot: values['base-root'],
  };
}
