/*
 * Every state a person can see: its icon, its word, its colour. Nothing else names a state's
 * colour, and colour is never the only sign. Names are those of the API.
 */
import { html } from 'lit-html';
import { icon } from './icon.js';

/* Looks that several kinds share. Tones are the colours of style/tokens.css. */
const busy = (word) => ({ icon: 'rotate', word, tone: 'busy', turns: true });
const stopping = (word) => ({ icon: 'rotate', word, tone: 'pending', turns: true });
const waiting = (word) => ({ icon: 'clock', word, tone: 'pending' });
const good = (word) => ({ icon: 'circle-check', word, tone: 'good' });
const trouble = (word) => ({ icon: 'triangle-exclamation', word, tone: 'bad' });
const refused = (word, tone = 'quiet') => ({ icon: 'ban', word, tone });
const stopped = (word) => ({ icon: 'circle-xmark', word, tone: 'quiet' });
const crossed = (word, tone = 'bad') => ({ icon: 'xmark', word, tone });
const ticked = (word) => ({ icon: 'check', word, tone: 'good' });
const passedBy = (word) => ({ icon: 'minus', word, tone: 'todo' });

export const STATES = {
  request: {
    pending: waiting('Waiting for approval'),
    approved: { icon: 'circle-check', word: 'Approved', tone: 'approved' },
    deploying: busy('Deploying'),
    deployed: { icon: 'rocket', word: 'Deployed', tone: 'good' },
    failed: trouble('Failed'),
    rejected: refused('Rejected'),
    cancelled: stopped('Cancelled'),
  },
  run: {
    awaiting_approval: waiting('Waiting for approval'),
    queued: waiting('Queued'),
    waiting_lock: { icon: 'lock', word: 'Waiting for the server', tone: 'pending' },
    starting: busy('Starting'),
    running: busy('Running'),
    cancelling: stopping('Stopping'),
    succeeded: good('Succeeded'),
    failed: trouble('Failed'),
    cancelled: stopped('Stopped'),
    timed_out: { icon: 'hourglass-end', word: 'Took too long', tone: 'bad' },
    lost: { icon: 'link-slash', word: 'Lost', tone: 'bad' },
  },
  /** What the provider says about the machine. */
  power: {
    initializing: busy('Being created'),
    starting: busy('Starting'),
    running: { icon: 'circle-play', word: 'Running', tone: 'good' },
    stopping: stopping('Stopping'),
    off: { icon: 'power-off', word: 'Switched off', tone: 'quiet' },
    deleting: { icon: 'trash', word: 'Being deleted', tone: 'bad' },
    rebuilding: busy('Being rebuilt'),
    migrating: busy('Moving'),
    unknown: { icon: 'circle-question', word: 'Unknown', tone: 'quiet' },
  },
  /** What the portal does with the machine. */
  server: {
    provisioning: busy('Being set up'),
    managed: good('Managed'),
    deleting: { icon: 'trash', word: 'Being deleted', tone: 'pending' },
    deleted: { icon: 'trash', word: 'Deleted', tone: 'quiet' },
    gone: trouble('Gone at Hetzner'),
  },
  step: {
    waiting: { icon: 'circle', word: 'Not started', tone: 'todo' },
    running: busy('Running'),
    done: ticked('Done'),
    failed: crossed('Failed'),
    skipped: passedBy('Not needed'),
  },
  /** Tasks of a run, in Ansible's words. */
  task: {
    running: busy('Running'),
    ok: ticked('OK'),
    changed: { icon: 'pen', word: 'Changed', tone: 'pending' },
    failed: crossed('Failed'),
    ignored: crossed('Failed, ignored', 'quiet'),
    unreachable: { icon: 'link-slash', word: 'Not reachable', tone: 'bad' },
    skipped: passedBy('Skipped'),
  },
  token: {
    missing: { icon: 'key', word: 'No token', tone: 'quiet' },
    unchecked: waiting('Being checked'),
    valid: good('Works'),
    invalid: trouble('Refused by Hetzner'),
    readonly: { icon: 'lock', word: 'May only read', tone: 'bad' },
  },
  project: {
    active: good('Active'),
    archived: { icon: 'box-archive', word: 'Archived', tone: 'quiet' },
  },
  severity: {
    info: { icon: 'circle-info', word: 'Information', tone: 'approved' },
    success: good('Success'),
    warning: { icon: 'triangle-exclamation', word: 'Warning', tone: 'pending' },
    critical: { icon: 'circle-exclamation', word: 'Critical', tone: 'bad' },
  },
  outcome: {
    ok: good('Done'),
    denied: refused('Denied', 'bad'),
    failed: trouble('Failed'),
  },
};

const UNKNOWN = { icon: 'circle-question', tone: 'quiet' };

/** @param {keyof typeof STATES} kind */
export function stateOf(kind, name) {
  return STATES[kind][name] ?? { ...UNKNOWN, word: String(name ?? 'Unknown').replaceAll('_', ' ') };
}

/** The coloured word. */
export function badge(kind, name) {
  const state = stateOf(kind, name);
  return html`<span class="badge-state tone-${state.tone}">
    ${icon(state.icon, state.turns ? 'is-turning' : '')}${state.word}
  </span>`;
}

/** Only the icon, with the word for those who cannot see it. */
export function stateIcon(kind, name) {
  const state = stateOf(kind, name);
  return html`<span class="state-icon tone-${state.tone}" title=${state.word}>
    ${icon(state.icon, state.turns ? 'is-turning' : '')}
    <span class="visually-hidden">${state.word}</span>
  </span>`;
}

const ENDED = {
  request: ['deployed', 'failed', 'rejected', 'cancelled'],
  run: ['succeeded', 'failed', 'cancelled', 'timed_out', 'lost'],
};

/** Nothing more will happen by itself. */
export function hasEnded(kind, name) {
  return ENDED[kind].includes(name);
}

/** While all is well a person wants to know whether the machine runs; else, what is wrong. */
export function serverBadge(server) {
  return server.state === 'managed' && server.provider_status
    ? badge('power', server.provider_status)
    : badge('server', server.state);
}
