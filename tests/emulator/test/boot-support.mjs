// What the tests of booted servers share: whether they can run here, and how a server is reached.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';

import { has } from './support.mjs';

const needs = ['mmdebstrap', 'ip', 'unshare', 'ssh', 'ssh-keyscan'].filter(
  (program) => !has(program),
);
export const skip =
  process.getuid() !== 0
    ? 'SERVERS BOOT ONLY AS ROOT: NOTHING OF IT WAS TESTED'
    : needs.length > 0 && `${needs.join(', ')} MISSING: NOTHING OF BOOTING WAS TESTED`;
export const BASE = process.env.SPS_BASE_ROOT ?? '/var/tmp/sps-emulator-base';

const OPTIONS = [
  'BatchMode=yes',
  'StrictHostKeyChecking=no',
  'UserKnownHostsFile=/dev/null',
  'LogLevel=ERROR',
  'ConnectTimeout=3',
].flatMap((option) => ['-o', option]);

export class Ssh {
  constructor(keyFile, port = 22) {
    this.options = [...OPTIONS, '-i', keyFile, '-p', String(port)];
  }

  // Runs a command as root; the status is ssh's own 255 where the server does not answer.
  run(address, command) {
    return new Promise((done) => {
      execFile(
        'ssh',
        [...this.options, `root@${address}`, command],
        { encoding: 'utf8' },
        (error, out) => done({ status: error?.code ?? 0, out: out.trim() }),
      );
    });
  }

  // What a command that must succeed printed.
  async said(address, command) {
    const { status, out } = await this.run(address, command);
    assert.equal(status, 0, `${command}: ${out}`);
    return out;
  }
}

// The host key that a server shows to the world, as "ssh-ed25519 AAAA…".
export function keyscan(address) {
  const { stdout } = spawnSync('ssh-keyscan', ['-t', 'ed25519', address], { encoding: 'utf8' });
  const line = stdout.split('\n').find((text) => text.startsWith(address));
  return line?.split(' ').slice(1).join(' ');
}
