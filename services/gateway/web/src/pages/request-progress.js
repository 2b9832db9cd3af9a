/* The deployment of a request: how far it is, step by step, and what went wrong. */
import { html, nothing } from 'lit-html';
import { between, duration } from '../lib/format.js';
import { icon } from '../ui/icon.js';
import { progress } from '../ui/meter.js';
import { panel } from '../ui/parts.js';
import { stateOf } from '../ui/state.js';
import { timeline } from '../ui/timeline.js';

/** The tone of the bar says how it goes. */
const TONES = { deployed: 'good', failed: 'bad', rejected: 'quiet', cancelled: 'quiet' };

export function progressPanel(r) {
  const steps = r.steps ?? [];
  return panel({
    title: 'Deployment',
    more: html`<span class="num dim">${summary(r, steps)}</span>`,
    cls: 'panel-progress',
    body: html`${progress(r.progress, {
      label: 'Progress of the deployment',
      tone: TONES[r.state] ?? 'busy',
    })}
    ${steps.length ? timeline(steps.map(moment), 'Steps') : noSteps()}`,
  });
}

function summary(r, steps) {
  if (r.state === 'pending') return 'Starts after approval';
  const began = steps.map((s) => s.started_at).find(Boolean);
  const ended =
    r.state === 'deployed'
      ? steps
          .map((s) => s.finished_at)
          .filter(Boolean)
          .at(-1)
      : null;
  if (r.state === 'deployed' && began && ended) return `Took ${duration(between(began, ended))}`;
  return `${r.progress} %`;
}

function noSteps() {
  return html`<p class="panel-text dim">The steps are planned when the request is approved.</p>`;
}

function moment(step) {
  const state = stateOf('step', step.state);
  const again = step.attempt > 1 ? `Attempt ${step.attempt}. ` : '';
  return {
    state,
    title: step.label,
    text: step.detail || again ? `${again}${step.detail ?? ''}` : null,
    side: sideOf(step),
    now: step.state === 'running' || step.state === 'failed',
  };
}

function sideOf(step) {
  if (step.state === 'skipped') return stateOf('step', 'skipped').word;
  if (!step.started_at) return null;
  const taken = between(step.started_at, step.finished_at);
  return step.finished_at && taken < 500 ? '< 1 s' : duration(taken);
}

/** What went wrong, what it means, what to do. */
export function failureNote(r) {
  if (r.state !== 'failed' || !r.failure || r.undoing) return nothing;
  const { step, code, message } = r.failure;
  const label = r.steps?.find((s) => s.step === step)?.label ?? step;
  return html`<section class="note note-bad note-large" aria-label="What went wrong">
    ${icon('triangle-exclamation')}
    <div>
      <h2>“${label}” did not work</h2>
      <p>${message}</p>
      <p class="dim">
        ${
          r.failure.cost_running
            ? html`The server <b>${r.server?.name ?? r.name}</b> exists and costs money until it is
                rolled back. `
            : 'Nothing that costs money is left over. '
        }
        ${advice(r)} <small>Code: <code>${code}</code></small>
      </p>
    </div>
  </section>`;
}

function advice({ can }) {
  if (can?.retry && can?.rollback)
    return 'Try again to go on at this step, or roll back to remove what was built.';
  if (can?.retry) return 'Try again to go on at this step.';
  if (can?.rollback) return 'Roll back to remove what was built.';
  return 'An administrator or the manager of the project can try again or roll back.';
}

/** For those who can only wait: for whom or what. */
export function nextNote(r) {
  if (r.undoing) {
    return note(
      icon('rotate-left'),
      'The rollback is running. What was built for this request is being removed.',
    );
  }
  if (r.state === 'pending' && !r.can?.approve) {
    return note(
      icon('clock'),
      'This request waits for somebody who may approve it. You get a notification then.',
    );
  }
  if (r.state === 'approved') {
    return note(
      icon('clock'),
      r.can?.provision
        ? 'Approved. Start the deployment when the time is right.'
        : 'Approved. The deployment starts soon.',
    );
  }
  if ((r.state === 'rejected' || r.state === 'cancelled') && r.reason) {
    const who = r.decided_by ? `${r.decided_by.name}: ` : '';
    return note(icon('message'), `${who}“${r.reason}”`);
  }
  return nothing;
}

function note(picture, text) {
  return html`<p class="note">${picture}<span>${text}</span></p>`;
}
