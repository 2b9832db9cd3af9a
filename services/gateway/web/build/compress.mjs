/* Puts a .gz and a .br beside every file that gets smaller by it. */
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

/** These are compressed already. */
const PACKED = /\.woff2$/;

/**
 * @param {string} dir
 * @returns {{ file: string, raw: number, gz: number | null, br: number | null }[]} sorted by name
 */
export function compressAll(dir) {
  return fs
    .readdirSync(dir, { recursive: true })
    .map((name) => name.split(path.sep).join('/'))
    .filter((name) => fs.statSync(path.join(dir, name)).isFile())
    .sort()
    .map((file) => compress(dir, file));
}

function compress(dir, file) {
  const full = path.join(dir, file);
  const data = fs.readFileSync(full);
  if (PACKED.test(file)) return { file, raw: data.length, gz: null, br: null };

  const gz = zlib.gzipSync(data, { level: 9 });
  const br = zlib.brotliCompressSync(data, {
    params: {
      [zlib.constants.BROTLI_PARAM_QUALITY]: zlib.constants.BROTLI_MAX_QUALITY,
      [zlib.constants.BROTLI_PARAM_SIZE_HINT]: data.length,
    },
  });

  return {
    file,
    raw: data.length,
    gz: keep(`${full}.gz`, gz, data),
    br: keep(`${full}.br`, br, data),
  };
}

function keep(name, packed, data) {
  if (packed.length >= data.length) return null;
  fs.writeFileSync(name, packed);
  return packed.length;
}
