// Imported before everything else: what is measured is the release build, unless SPS_BUILD names another.
import { fileURLToPath } from 'node:url';

process.env.SPS_BUILD ??= fileURLToPath(new URL('../../build/release', import.meta.url));
