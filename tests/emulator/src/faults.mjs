// Faults that a test orders in advance. A rule matches requests (or actions, by command), is passed
// over `skip` times, then applied `times` times. The first rule that matches wins.

import { ApiError } from './errors.mjs';

// kind → when it strikes; `action` kinds strike actions, not requests
const KINDS = {
  error: 'before', // {status, code, message, details}: answered, nothing done
  error_after: 'after', // done, but answered with this error
  drop_before: 'before', // connection reset, nothing done
  drop_after: 'after', // done, then connection reset: the lost answer
  hang_before: 'before', // never answered, nothing done
  hang_after: 'after', // done, never answered
  delay: 'before', // {ms}, then as usual
  non_json: 'before', // {status 502}: a gateway's HTML page
  non_json_after: 'after',
  truncated: 'answer', // the body breaks off in the middle
  huge: 'answer', // {bytes 67108864} of white space inside valid JSON
  slow: 'answer', // {bytes 16, ms 50}: so many bytes at a time
  wrong_type: 'answer', // content-type text/html over correct JSON
  page_missing: 'list', // the first row is not there, as after a deletion during a sweep
  page_duplicate: 'list', // the first row comes twice
  action_error: 'action', // {code, message}
  action_stuck: 'action', // stays running for ever
};

const FIELDS = [
  'kind',
  'method',
  'path',
  'project',
  'command',
  'times',
  'skip',
  'status',
  'code',
  'message',
  'details',
  'ms',
  'bytes',
];

function compile(rule, id) {
  const unknown = Object.keys(rule).find((name) => !FIELDS.includes(name));
  if (unknown) throw new ApiError(422, 'invalid_input', `a fault has no field '${unknown}'`);
  if (!KINDS[rule.kind])
    throw new ApiError(422, 'invalid_input', `there is no fault of kind '${rule.kind}'`);

  return {
    id,
    when: KINDS[rule.kind],
    left: rule.times ?? 1,
    pass: rule.skip ?? 0,
    struck: 0,
    re: rule.path ? new RegExp(rule.path) : null,
    ...rule,
  };
}

export class Faults {
  #rules = [];
  #next = 1;

  add(rules) {
    const compiled = rules.map((rule, i) => compile(rule, this.#next + i));
    this.#next += rules.length;
    this.#rules.push(...compiled);
    return this.list();
  }

  clear() {
    this.#rules = [];
  }

  list() {
    return this.#rules.map((rule) => ({ ...rule, re: undefined, when: undefined }));
  }

  #strike(matches) {
    for (const rule of this.#rules) {
      if (rule.left <= 0 || !matches(rule)) continue;
      if (rule.pass > 0) {
        rule.pass -= 1;
        continue;
      }
      rule.left -= 1;
      rule.struck += 1;
      return rule;
    }
    return null;
  }

  forRequest(project, method, path) {
    return this.#strike(
      (rule) =>
        rule.when !== 'action' &&
        (!rule.project || rule.project === project?.name) &&
        (!rule.method || rule.method === method) &&
        (!rule.re || rule.re.test(path)),
    );
  }

  forCommand(project, command) {
    const rule = this.#strike(
      (candidate) =>
        candidate.when === 'action' &&
        (!candidate.project || candidate.project === project.name) &&
        (!candidate.command || candidate.command === command),
    );
    return rule ? { kind: rule.kind, code: rule.code, message: rule.message } : null;
  }
}
