/* One request: what is asked for, where it stands, what to do now. */
import { html, nothing } from 'lit-html';
import { loadCatalogue } from '../lib/catalogue.js';
import { runLogSource } from '../lib/log-source.js';
import { icon } from '../ui/icon.js';
import { facts, pageHead, panel, skeleton } from '../ui/parts.js';
import { whenLoaded } from '../ui/problem.js';
import { badge, hasEnded } from '../ui/state.js';
import { timeAgo } from '../ui/time.js';
import '../ui/run-log.js';
import { requestActs } from './request-acts.js';
import { costTable, factRows, historyList } from './request-facts.js';
import { failureNote, nextNote, progressPanel } from './request-progress.js';

const TICK_MS = 1000;

export default function requestPage(ctx) {
  const { id } = ctx.params;
  const request = ctx.resource(`/requests/${id}`, { topics: [`request/${id}`] });
  const catalogue = ctx.resource(loadCatalogue);
  const acts = requestActs(ctx, request);
  let log = null;

  const ticker = setInterval(() => {
    if (request.data?.state === 'deploying') ctx.redraw();
  }, TICK_MS);
  ctx.onEnd(() => clearInterval(ticker));

  /** Made once per run, so that the log is not started again on every draw. */
  function logSource(run) {
    if (log?.run !== run.id) log = runLogSource(ctx, run.id);
    return log;
  }

  function head(r) {
    return pageHead({
      title: html`${r.name} <small class="dim">#${r.id}</small>`,
      sub: html`${badge('request', r.state)}
        <span>Asked for by ${r.requester.name} ${timeAgo(r.created_at)}</span>`,
      actions: acts.buttons(r),
    });
  }

  function logPanel(r) {
    if (!r.run || !ctx.may('run_view')) return nothing;
    return html`<section class="panel log-panel log-panel-compact" aria-label="Setup log">
      <run-log
        compact
        .source=${logSource(r.run)}
        .heading=${html`<h2>Setup log</h2>
          ${badge('run', r.run.state)}`}
      ></run-log>
    </section>`;
  }

  const known = () => ({ catalogue: catalogue.data, linkProject: ctx.may('project_view') });

  const askedPanel = (r) =>
    panel({
      title: 'What is asked for',
      body: html`${facts(factRows(r, known()))} ${reason(r)}`,
    });

  /** What will happen; nothing when nothing will. */
  const planPanel = (r) => (hasEnded('request', r.state) ? nothing : progressPanel(r));

  const costPanel = (r) => (r.price ? panel({ title: 'Cost', body: costTable(r.price) }) : nothing);

  const historyPanel = (r) => panel({ title: 'History', body: historyList(r.history ?? []) });

  /** Before the deployment people decide, so the question comes first; later the progress does. */
  function content(r) {
    const begun = r.steps?.some((s) => s.started_at);
    const [main, side] = begun
      ? [
          html`${progressPanel(r)} ${logPanel(r)}`,
          html`${askedPanel(r)} ${costPanel(r)} ${historyPanel(r)}`,
        ]
      : [html`${askedPanel(r)} ${costPanel(r)}`, html`${historyPanel(r)} ${planPanel(r)}`];
    return html`${head(r)} ${failureNote(r)} ${nextNote(r)}
      <div class="columns columns-main-side">
        <div class="column">${main}</div>
        <div class="column">${side}</div>
      </div>`;
  }

  function reason(r) {
    if (!r.justification) return nothing;
    return html`<div class="panel-text">
      <h3>Why it is needed</h3>
      <p class="prose">${r.justification}</p>
    </div>`;
  }

  let wasOver = false;

  return {
    get title() {
      return request.data ? `${request.data.name}, request ${id}` : `Request ${id}`;
    },
    crumbs: [['Requests', '/requests'], [`#${id}`]],
    view() {
      const over = request.data?.run ? hasEnded('run', request.data.run.state) : false;
      if (over && !wasOver) document.querySelector('run-log')?.refresh();
      wasOver = over;
      return whenLoaded(request, () => content(request.data), skeleton('head', 'large'));
    },
  };
}
