/* One run: its state, what it did, and its log. */
import { html, nothing } from 'lit-html';
import { between, duration, number } from '../lib/format.js';
import { runLogSource } from '../lib/log-source.js';
import { act } from '../ui/act.js';
import { icon } from '../ui/icon.js';
import { pageHead, skeleton } from '../ui/parts.js';
import { whenLoaded } from '../ui/problem.js';
import { badge, hasEnded } from '../ui/state.js';
import { timeAgo, timeExact } from '../ui/time.js';
import { toast } from '../ui/toast.js';
import '../ui/run-log.js';

const TICK_MS = 1000;

/** Results of tasks as Ansible counts them. */
const COUNTS = [
  ['ok', 'OK', 'good'],
  ['changed', 'Changed', 'pending'],
  ['failed', 'Failed', 'bad'],
  ['unreachable', 'Unreachable', 'bad'],
  ['skipped', 'Skipped', 'quiet'],
];

/** Reasons in words; anything else is shown as it is. */
const REASONS = {
  unreachable: 'The server could not be reached.',
  host_key_changed: 'The server answered with another host key than before. Nothing was run.',
  output_limit: 'It wrote more output than a run may keep.',
  unknown_remote: 'The connection broke. What happened on the server is not known.',
  interrupted: 'The service was restarted in the middle of it.',
};

export default function runPage(ctx) {
  const { id } = ctx.params;
  const run = ctx.resource(`/runs/${id}`, { topics: [`run/${id}`] });
  const source = runLogSource(ctx, Number(id));
  let wasOver = false;

  const ticker = setInterval(() => {
    if (run.data && !hasEnded('run', run.data.state)) ctx.redraw();
  }, TICK_MS);
  ctx.onEnd(() => clearInterval(ticker));

  function stop(r) {
    act({
      title: `Stop run #${r.id}?`,
      verb: 'Stop run',
      tone: 'danger',
      path: `/runs/${r.id}/cancel`,
      payload: () => ({}),
      body: () => html`<p>
        The task that is running now is interrupted. What was changed on
        ${r.server ? html`<b>${r.server.name}</b>` : 'the server'} so far stays changed.
      </p>`,
      changed: async (error) => {
        await run.load();
        return error.message;
      },
      done(result) {
        if (result?.state) run.set(result);
        else run.refresh();
        toast('The run is being stopped.');
      },
    });
  }

  function head(r) {
    return pageHead({
      title: html`${r.playbook} <small class="dim">run #${r.id}</small>`,
      sub: html`${badge('run', r.state)} ${whereAndWhen(r)}`,
      actions: r.can?.cancel
        ? html`<button type="button" class="btn btn-outline-danger" @click=${() => stop(r)}>
            ${icon('stop')} Stop run…
          </button>`
        : nothing,
    });
  }

  return {
    get title() {
      return run.data ? `${run.data.playbook}, run ${id}` : `Run ${id}`;
    },
    crumbs: [['Runs', '/runs'], [`#${id}`]],
    view() {
      const over = run.data ? hasEnded('run', run.data.state) : false;
      if (over && !wasOver) document.querySelector('run-log')?.refresh();
      wasOver = over;
      return whenLoaded(
        run,
        () => html`${head(run.data)} ${reasonNote(run.data)} ${numbers(run.data)}
          <section class="panel log-panel" aria-label="Log">
            <run-log .source=${source}></run-log>
          </section>`,
        skeleton('head', 'large'),
      );
    },
  };
}

function whereAndWhen(r) {
  return html`${r.server ? html`<span>on <a href="/servers/${r.server.id}">${r.server.name}</a></span>` : nothing}
  ${r.request ? html`<span>for <a href="/requests/${r.request.id}">request #${r.request.id}</a></span>` : nothing}
  ${r.started_at ? html`<span>started ${timeAgo(r.started_at)}</span>` : nothing}`;
}

function reasonNote(r) {
  if (!r.reason) return nothing;
  const tone = r.reason === 'unreachable' ? 'note-wait' : 'note-bad';
  return html`<p class="note ${hasEnded('run', r.state) ? tone : ''}">
    ${icon('circle-info')}<span>${REASONS[r.reason] ?? r.reason}</span>
  </p>`;
}

function numbers(r) {
  const took = r.started_at ? duration(between(r.started_at, r.finished_at)) : null;
  return html`<dl class="numbers">
    <div><dt>${r.finished_at ? 'Took' : 'Runs for'}</dt><dd>${took ?? '–'}</dd></div>
    <div><dt>Tasks done</dt><dd>${number(r.tasks_done ?? 0)}</dd></div>
    ${COUNTS.map(([key, word, tone]) => {
      const count = r.counts?.[key] ?? 0;
      return html`<div class=${count ? `tone-${tone}` : ''}><dt>${word}</dt><dd>${number(count)}</dd></div>`;
    })}
    ${r.finished_at ? html`<div class="numbers-wide"><dt>Ended</dt><dd>${timeExact(r.finished_at)}</dd></div>` : nothing}
  </dl>`;
}
