// Rules about the source itself that a reader relies on.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const files = execFileSync('git', ['-C', ROOT, 'ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' }).split('\n').filter(Boolean);
const sources = files.filter((f) => /\.[ch]$/.test(f) && /^(proto|services|deploy)\//.test(f));
const text = (file) => readFileSync(join(ROOT, file), 'utf8');
const code = (file) => text(file).replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*/g, '').replace(/"(\\.|[^"\\])*"/g, '""');

// proto <- services/common <- services/<x>
const layer = (file) => (/^proto\//.test(file) ? 'proto' : (/^services\/([^/]+)\//.exec(file)?.[1] ?? 'deploy'));
const home = new Map(files.filter((f) => f.endsWith('.h')).map((f) => [f.split('/').pop(), f]));

test('proto depends on nothing of ours, common only on proto, and no service on another', () => {
  const bad = [];
  for (const file of sources)
    for (const [, name] of text(file).matchAll(/^#include "([^"]+)"/gm)) {
      const target = name.includes('/') ? relative(ROOT, join(ROOT, dirname(file), name)) : (home.get(name) ?? name);
      const [from, to] = [layer(file), layer(target)];
      const allowed = from === to || to === 'proto' || (to === 'common' && from !== 'proto');
      if (!allowed) bad.push(`${file} includes ${target}`);
    }
  assert.deepEqual(bad, []);
});

test('no two headers share a name, so an include is never ambiguous', () => {
  const names = files.filter((f) => f.endsWith('.h') && /^(proto|services)\//.test(f)).map((f) => f.split('/').pop());
  assert.deepEqual(names.filter((n, i) => names.indexOf(n) !== i), []);
});

const banned = ['strcpy', 'strcat', 'sprintf', 'vsprintf', 'gets', 'strtok', 'atoi', 'atol', 'system', 'popen', 'gmtime', 'localtime', 'rand', 'random', 'tmpnam', 'mktemp'];

test('functions that have hurt others are not used', () => {
  const bad = sources.flatMap((file) => banned.filter((f) => new RegExp(`(?<![\\w.>])${f}\\s*\\(`).test(code(file))).map((f) => `${file}: ${f}`));
  assert.deepEqual(bad, []);
});

test('no statement is put together from strings', () => {
  const bad = sources.filter((file) => /PQexec\s*\(\s*[^,]+,\s*(?!")[^)]/.test(text(file).replace(/\/\*[\s\S]*?\*\//g, '')) && !/common\/db\.c|spsctl\//.test(file));
  assert.deepEqual(bad, []);
});

test('TLS is never switched off', () => {
  const bad = sources.filter((file) => /SSL_VERIFY(PEER|HOST)\s*,\s*0/.test(text(file)));
  assert.deepEqual(bad, []);
});

test('nothing is left half done', () => {
  const mark = new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'not imple' + 'mented'].map((w) => `\\b${w}\\b`).join('|'));
  const bad = files.filter((f) => /\.(c|h|mjs|js|sql|sh|py)$/.test(f) && !f.endsWith('package-lock.json')).filter((f) => mark.test(text(f)));
  assert.deepEqual(bad, []);
});

test('a look at the style that sees nothing, or whose tool breaks, does not pass', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sps-style-'));
  const style = (env = {}) => spawnSync('bash', [join(dir, 'tests/style')], { encoding: 'utf8', env: { ...process.env, GIT_CEILING_DIRECTORIES: dirname(dir), ...env } });
  try {
    mkdirSync(join(dir, 'tests'));
    cpSync(join(ROOT, 'tests/style'), join(dir, 'tests/style'));
    assert.equal(style().status, 1, 'no repository');
    execFileSync('git', ['init', '-q', dir]);
    assert.match(style().stdout, /not ok - there are C files to look at/);
    mkdirSync(join(dir, 'proto'));
    writeFileSync(join(dir, 'proto/a.c'), 'int a;\n');
    assert.equal(style().status, 0, style().stdout);
    mkdirSync(join(dir, 'bin'));
    writeFileSync(join(dir, 'bin/shellcheck'), '#!/bin/sh\nexit 2\n', { mode: 0o755 });
    assert.match(style({ PATH: `${join(dir, 'bin')}:${process.env.PATH}` }).stdout, /not ok - shellcheck/);
    writeFileSync(join(dir, 'proto/a.c'), 'int a;\n'.repeat(401));
    assert.match(style().stdout, /proto\/a\.c: 401 lines\nnot ok/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
