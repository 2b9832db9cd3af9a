import { randomBytes } from 'node:crypto';

// A root password as Hetzner makes them: 20 letters and digits.
export function newPassword() {
  return randomBytes(64)
    .toString('base64')
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, 20);
}
