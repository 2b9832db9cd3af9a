// Hetzner's own OpenAPI file as judge over every answer the tests see. SPS_HCLOUD_SPEC names the
// file; without it (or without ajv: npm ci) nothing is judged, and that is said loudly.

import fs from 'node:fs';

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const escape = (text) => text.replaceAll('~', '~0').replaceAll('/', '~1');

// Since 2026-08-01 an unassigned primary IP says so, though the file's enumeration lacks it.
function repair(spec) {
  const walk = (node) => {
    if (node === null || typeof node !== 'object') return;
    if (node.properties?.assignee_type?.enum)
      node.properties.assignee_type.enum = ['server', 'unassigned'];
    Object.values(node).forEach(walk);
  };
  walk(spec.paths);
  return spec;
}

function templates(spec) {
  return Object.keys(spec.paths)
    .map((path) => ({
      path,
      re: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`),
      words: !path.includes('{'),
    }))
    .sort((a, b) => Number(b.words) - Number(a.words));
}

async function load(file) {
  const [{ default: Ajv }, { default: addFormats }] = await Promise.all([
    import('ajv/dist/2020.js'),
    import('ajv-formats'),
  ]);
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
  addFormats(ajv);
  ajv.addFormat('decimal', /^-?\d+(\.\d+)?$/);
  ajv.addFormat('date-time', DATE);
  const spec = repair(JSON.parse(fs.readFileSync(file, 'utf8')));
  ajv.addSchema(spec, 'hetzner');
  return { ajv, spec, templates: templates(spec), compiled: new Map() };
}

function reference(judge, method, path, status) {
  const template = judge.templates.find(({ re }) => re.test(path));
  const responses = template && judge.spec.paths[template.path][method.toLowerCase()]?.responses;
  if (!responses) return null;

  const range = `${Math.floor(status / 100)}xx`;
  const key = responses[status]
    ? String(status)
    : Object.keys(responses).find((name) => name.toLowerCase() === range);
  if (!key) return { wrong: `status ${status} is not among ${Object.keys(responses)}` };
  if (!responses[key].content) return { empty: true };
  const steps = [
    'paths',
    template.path,
    method.toLowerCase(),
    'responses',
    key,
    'content',
    'application/json',
    'schema',
  ];
  return { ref: `hetzner#/${steps.map(escape).join('/')}` };
}

// Returns check(method, path, status, body), which says what is wrong or null; and what it saw.
export async function loadJudge() {
  const file = process.env.SPS_HCLOUD_SPEC;
  const judge = file ? await load(file) : null;
  const seen = { count: 0, routes: new Set() };

  function check(method, path, status, body) {
    const where = judge && reference(judge, method, path, status);
    if (!where) return null;
    if (where.wrong) return where.wrong;
    seen.count += 1;
    seen.routes.add(`${method} ${path.replace(/\d+/g, '{id}')} ${status}`);
    if (where.empty) return body === null ? null : 'a body where there must be none';

    if (!judge.compiled.has(where.ref))
      judge.compiled.set(where.ref, judge.ajv.compile({ $ref: where.ref }));
    const validate = judge.compiled.get(where.ref);
    return validate(body) ? null : judge.ajv.errorsText(validate.errors);
  }
  return { check, seen, active: judge !== null };
}
