/*
 * Builds the portal: `npm ci --ignore-scripts && node build.mjs` → dist/.
 *
 *   dist/index.html            answers every page path
 *   dist/assets/NAME-HASH.EXT  scripts, styles, fonts, icon sprite; may be cached for ever
 *   dist/**.gz, dist/**.br     the same, compressed as far as it goes
 *   dist/manifest.json         what the gateway serves, and nothing else (build/manifest.mjs)
 *
 * Fails when the first load grows beyond its budget.
 */
import fs from 'node:fs';
import path from 'node:path';
import esbuild from 'esbuild';
import { compressAll } from './build/compress.mjs';
import { checkBudget, printSizes } from './build/budget.mjs';
import { writeManifest } from './build/manifest.mjs';
import { spritePlugin } from './build/sprite.mjs';

const root = path.dirname(new URL(import.meta.url).pathname);
process.chdir(root);

fs.rmSync('dist', { recursive: true, force: true });

const { metafile } = await esbuild.build({
  entryPoints: ['src/app.js', 'src/theme.js', 'src/style/app.css'],
  outdir: 'dist/assets',
  bundle: true,
  splitting: true,
  format: 'esm',
  minify: true,
  target: ['es2022', 'chrome115', 'firefox115', 'safari16.4'],
  loader: { '.svg': 'file', '.woff2': 'file' },
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  publicPath: '/assets',
  plugins: [spritePlugin()],
  legalComments: 'none',
  metafile: true,
});

/** Outputs by what made them: `src/app.js` → `/assets/app-HASH.js`. */
const outputs = Object.entries(metafile.outputs);
const urlOf = (file) => `/assets/${path.basename(file)}`;
const entry = (source) => outputs.find(([, o]) => o.entryPoint === source)[0];
const asset = (pattern) => outputs.find(([file]) => pattern.test(file))[0];

const app = entry('src/app.js');
const shared = metafile.outputs[app].imports.filter((i) => i.kind === 'import-statement');
const preloads = shared.map((i) => `<link rel="modulepreload" href="${urlOf(i.path)}">`);

const head = [
  `<script src="${urlOf(entry('src/theme.js'))}"></script>`,
  `<link rel="stylesheet" href="${urlOf(entry('src/style/app.css'))}">`,
  `<link rel="preload" as="font" type="font/woff2" crossorigin href="${urlOf(asset(/inter-latin-wght/))}">`,
  `<script type="module" src="${urlOf(app)}"></script>`,
  ...preloads,
];

const page = fs.readFileSync('src/index.html', 'utf8');
fs.writeFileSync('dist/index.html', page.replace('<!--assets-->', head.join('\n  ')));
for (const file of ['favicon.svg', 'robots.txt']) fs.copyFileSync(`src/${file}`, `dist/${file}`);

const files = compressAll('dist');
writeManifest('dist', files);
printSizes(files);
checkBudget(files, [app, ...shared.map((i) => i.path)]);
