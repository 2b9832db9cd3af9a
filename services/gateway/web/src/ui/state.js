/*
 * Every state a person can see: its icon, its word, its colour. Nothing else names a state's
 * colour, and colour is never the only sign. Names are those of the API.
 */
import { html } from 'lit-html';
import { icon } from './icon.js';

/** Tones are the colours of style/tokens.css. */
export const STATES = {
  request: {
    pending: { icon: 'clock', word: 'Waiting for approval', tone: 'pending' },
    approved: { icon: 'circle-check', word: 'Approved', tone: 'approved' },
    deploying: { icon: 'rotate', word: 'Deploying', tone: 'busy', turns: true },
    deployed: { icon: 'rocket', word: 'Deployed', tone: 'good' },
    failed: { icon: 'triangle-exclamation', word: 'Failed', tone: 'bad' },
    rejected: { icon: 'ban', word: 'Rejected', tone: 'quiet' },
    cancelled: { icon: 'circle-xmark', word: 'Cancelled', tone: 'quiet' },
  },
  run: {
    awaiting_approval: { icon: 'clock', word: 'Waiting for approval', tone: 'pending' },
    queued: { icon: 'clock', word: 'Queued', tone: 'pending' },
    waiting_lock: { icon: 'lock', word: 'Waiting for the server', tone: 'pending' },
    starting: { icon: 'rotate', word: 'Starting', tone: 'busy', turns: true },
    running: { icon: 'rotate', word: 'Running', tone: 'busy', turns: true },
    cancelling: { icon: 'rotate', word: 'Stopping', tone: 'pending', turns: true },
    succeeded: { icon: 'circle-check', word: 'Succeeded', tone: 'good' },
    failed: { icon: 'triangle-exclamation', word: 'Failed', tone: 'bad' },
    cancelled: { icon: 'circle-xmark', word: 'Stopped', tone: 'quiet' },
    timed_out: { icon: 'hourglass-end', word: 'Took too long', tone: 'bad' },
    lost: { icon: 'link-slash', word: 'Lost', tone: 'bad' },
  },
  /** What the provider says about the machine. */
  power: {
    initializing: { icon: 'rotate', word: 'Being created', tone: 'busy', turns: true },
    starting: { icon: 'rotate', word: 'Starting', tone: 'busy', turns: true },
    running: { icon: 'circle-play', word: 'Running', tone: 'good' },
    stopping: { icon: 'rotate', word: 'Stopping', tone: 'pending', turns: true },
    off: { icon: 'power-off', word: 'Switched off', tone: 'quiet' },
    deleting: { icon: 'trash', word: 'Being deleted', tone: 'bad' },
    rebuilding: { icon: 'rotate', word: 'Being rebuilt', tone: 'busy', turns: true },
    migrating: { icon: 'rotate', word: 'Moving', tone: 'busy', turns: true },
    unknown: { icon: 'circle-question', word: 'Unknown', tone: 'quiet' },
  },
  /** What the portal does with the machine. */
  server: {
    provisioning: { icon: 'rotate', word: 'Being set up', tone: 'busy', turns: true },
    managed: { icon: 'circle-check', word: 'Managed', tone: 'good' },
    deleting: { icon: 'trash', word: 'Being deleted', tone: 'pending' },
    deleted: { icon: 'trash', word: 'Deleted', tone: 'quiet' },
    gone: { icon: 'triangle-exclamation', word: 'Gone at Hetzner', tone: 'bad' },
  },
  step: {
    waiting: { icon: 'circle', word: 'Not started', tone: 'todo' },
    running: { icon: 'rotate', word: 'Running', tone: 'busy', turns: true },
    done: { icon: 'check', word: 'Done', tone: 'good' },
    failed: { icon: 'xmark', word: 'Failed', tone: 'bad' },
    skipped: { icon: 'minus', word: 'Not needed', tone: 'todo' },
  },
  /** Tasks of a run, in Ansible's words. */
  task: {
    running: { icon: 'rotate', word: 'Running', tone: 'busy', turns: true },
    ok: { icon: 'check', word: 'OK', tone: 'good' },
    changed: { icon: 'pen', word: 'Changed', tone: 'pending' },
    failed: { icon: 'xmark', word: 'Failed', tone: 'bad' },
    ignored: { icon: 'xmark', word: 'Failed, ignored', tone: 'quiet' },
    unreachable: { icon: 'link-slash', word: 'Not reachable', tone: 'bad' },
    skipped: { icon: 'minus', word: 'Skipped', tone: 'todo' },
  },
  token: {
    missing: { icon: 'key', word: 'No token', tone: 'quiet' },
    unchecked: { icon: 'clock', word: 'Being checked', tone: 'pending' },
    valid: { icon: 'circle-check', word: 'Works', tone: 'good' },
    invalid: { icon: 'triangle-exclamation', word: 'Refused by Hetzner', tone: 'bad' },
    readonly: { icon: 'lock', word: 'May only read', tone: 'bad' },
  },
  project: {
    active: { icon: 'circle-check', word: 'Active', tone: 'good' },
    archived: { icon: 'box-archive', word: 'Archived', tone: 'quiet' },
  },
  severity: {
    info: { icon: 'circle-info', word: 'Information', tone: 'approved' },
    success: { icon: 'circle-check', word: 'Success', tone: 'good' },
    warning: { icon: 'triangle-exclamation', word: 'Warning', tone: 'pending' },
    critical: { icon: 'circle-exclamation', word: 'Critical', tone: 'bad' },
  },
  outcome: {
    ok: { icon: 'circle-check', word: 'Done', tone: 'good' },
    denied: { icon: 'ban', word: 'Denied', tone: 'bad' },
    failed: { icon: 'triangle-exclamation', word: 'Failed', tone: 'bad' },
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
