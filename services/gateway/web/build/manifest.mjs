/*
 * The list the gateway reads at start: exactly these paths exist. An entry:
 *
 *   path       what the browser asks for, compared byte by byte
 *   file       where the bytes lie below dist/
 *   type       content type
 *   immutable  true: the name carries a hash, cache for a year; false: ask again each time
 *   gz, br     a compressed twin lies beside the file
 */
import fs from 'node:fs';
import path from 'node:path';

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** @param {ReturnType<import('./compress.mjs').compressAll>} files */
export function writeManifest(dir, files) {
  const entries = files.map(({ file, gz, br }) => ({
    path: file === 'index.html' ? '/' : `/${file}`,
    file,
    type: typeOf(file),
    immutable: file.startsWith('assets/'),
    gz: gz !== null,
    br: br !== null,
  }));
  fs.writeFileSync(path.join(dir, 'manifest.json'), `${JSON.stringify(entries, null, 2)}\n`);
}

function typeOf(file) {
  const type = TYPES[path.extname(file)];
  if (!type) throw new Error(`${file}: no content type is known for this kind of file`);
  return type;
}
