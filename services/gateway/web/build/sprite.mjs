/*
 * The icon sprite: one SVG file with the Font Awesome icons that the sources name, and no others.
 * An icon is named by `icon('name'` in a template or by `icon: 'name'` in a table. A name that
 * Font Awesome does not have stops the build.
 *
 *   import spriteUrl from 'sprite:icons';   →   "/assets/icons-HASH.svg"
 */
import fs from 'node:fs';
import path from 'node:path';

const SVGS = 'node_modules/@fortawesome/fontawesome-free/svgs';
const NAMED = /\bicon(?:\(|: )'([a-z0-9-]+)'/g;

export function spritePlugin() {
  return {
    name: 'sprite',
    setup(build) {
      build.onResolve({ filter: /^sprite:icons$/ }, () => ({
        path: path.resolve('src/icons.svg'),
        namespace: 'sprite',
      }));
      build.onLoad({ filter: /.*/, namespace: 'sprite' }, () => ({
        contents: sprite(iconNames('src')),
        loader: 'file',
      }));
    },
  };
}

/** Every icon name in the sources below `dir`, sorted. */
function iconNames(dir) {
  const names = new Set();
  for (const file of fs.readdirSync(dir, { recursive: true })) {
    if (!file.endsWith('.js')) continue;
    const text = fs.readFileSync(path.join(dir, file), 'utf8');
    for (const [, name] of text.matchAll(NAMED)) names.add(name);
  }
  return [...names].sort();
}

function sprite(names) {
  return `<svg xmlns="http://www.w3.org/2000/svg">${names.map(symbol).join('')}</svg>`;
}

function symbol(name) {
  const file = ['solid', 'regular'].map((s) => `${SVGS}/${s}/${name}.svg`).find(fs.existsSync);
  if (!file) throw new Error(`Font Awesome has no icon "${name}"`);

  const svg = fs.readFileSync(file, 'utf8');
  const [, box] = /viewBox="([^"]+)"/.exec(svg);
  const [, shape] = / d="([^"]+)"/.exec(svg);
  return `<symbol id="${name}" viewBox="${box}"><path d="${shape}"/></symbol>`;
}
