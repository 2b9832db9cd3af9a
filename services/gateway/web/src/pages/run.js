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
import '../ui/run-log.js';
import { showPlainText } from './run-plain.js';
import { taskPanel } from './run-tasks.js';

const TICK_MS = 1000;

/** Results of tasks as Ansible counts them. */
const COUNTS = [
  ['ok', 'OK', 'good'],
  ['changed', 'Changed', 'pending'],
  ['failed', 'Failed', 'bad'],
  ['unreachable', 'Unreachable', 'bad'],
  ['skipped', 'Skipped', 'quiet'],
];

export default function runPage(ctx) {
  const { id } = ctx.params;
  const run = ctx.resource(`/runs/${id}`, { topics: [`run/${id}`] });
  const source = runLogSource(ctx, Number(id));
  let wasOver = false;

  const log = () => document.querySelector('run-log');

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
      signal: ctx.signal,
      said: () => 'The run is being stopped.',
      payload: () => ({}),
      body: () =>
        html`<p>
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
      },
    });
  }

  function head(r) {
    return pageHead({
      title: html`${r.playbook} <small class="dim">run #${r.id}</small>`,
      sub: html`${badge('run', r.state)} ${whereAndWhen(r)}`,
      actions: html`<button
          type="button"
          class="btn btn-outline-secondary"
          @click=${() => showPlainText(r, log())}
        >
          ${icon('align-left')} Plain text…
        </button>
        ${
          r.can?.cancel
            ? html`<button type="button" class="btn btn-outline-danger" @click=${() => stop(r)}>
                ${icon('stop')} Stop run…
              </button>`
            : nothing
        }`,
    });
  }

  return {
    get title() {
      return run.data ? `${run.data.playbook}, run ${id}` : `Run ${id}`;
    },
    crumbs: [['Runs', '/runs'], [`#${id}`]],
    view() {
      const over = run.data ? hasEnded('run', run.data.state) : false;
      if (over && !wasOver) log()?.refresh();
      wasOver = over;
      return whenLoaded(
        run,
        () =>
          html`${head(run.data)} ${endNote(run.data)} ${numbers(run.data)}
            <div class="run-body">
              ${taskPanel(run.data.tasks ?? [], (task) => log().showTask(task))}
              <section class="panel log-panel" aria-label="Log">
                <run-log .source=${source}></run-log>
              </section>
            </div>`,
        skeleton('head', 'large'),
      );
    },
  };
}

function whereAndWhen({ server, request, started_at: started }) {
  const where = server && html`on <a href="/servers/${server.id}">${server.name}</a>`;
  const why = request && html`for <a href="/requests/${request.id}">request #${request.id}</a>`;
  const when = started && html`started ${timeAgo(started)}`;
  return [where, why, when].filter(Boolean).map((part) => html`<span>${part}</span>`);
}

/** How it ended, in the runner's words. A server that was away is no fault of the playbook. */
function endNote(r) {
  const text = r.message || r.reason;
  if (!text || r.state === 'succeeded') return nothing;
  return html`<p class="note ${r.reason === 'unreachable' ? 'note-wait' : 'note-bad'}">
    ${icon('circle-info')}<span>${text}</span>
  </p>`;
}

function numbers(r) {
  const took = r.started_at ? duration(between(r.started_at, r.finished_at)) : null;
  return html`<dl class="numbers">
    <div>
      <dt>${r.finished_at ? 'Took' : 'Runs for'}</dt>
      <dd>${took ?? '–'}</dd>
    </div>
    <div>
      <dt>Tasks done</dt>
      <dd>${number(r.tasks_done ?? 0)}</dd>
    </div>
    ${COUNTS.map(([key, word, tone]) => {
      const count = r.counts?.[key] ?? 0;
      return html`<div class=${count ? `tone-${tone}` : ''}>
        <dt>${word}</dt>
        <dd>${number(count)}</dd>
      </div>`;
    })}
    ${
      r.finished_at
        ? html`<div class="numbers-wide">
            <dt>Ended</dt>
            <dd>${timeExact(r.finished_at)}</dd>
          </div>`
        : nothing
    }
  </dl>`;
}
