/* The tasks of a run next to its log: where it is, what changed, where it broke. */
import { html, nothing } from 'lit-html';
import { between, duration } from '../lib/format.js';
import { stateIcon } from '../ui/state.js';

/**
 * @param {any[]} tasks of the API: task, name, state, started_at, finished_at
 * @param {(task: number) => void} show goes to the task in the log
 */
export function taskPanel(tasks, show) {
  if (!tasks.length) return nothing;
  return html`<section class="panel tasks" aria-label="Tasks">
    <div class="panel-head">
      <h2>Tasks</h2>
      <span class="dim num">${tasks.length}</span>
    </div>
    <ol tabindex="0" aria-label="Tasks">
      ${tasks.map(
        (t) =>
          html`<li>
            <button type="button" title="${t.name}: show in the log" @click=${() => show(t.task)}>
              ${stateIcon('task', t.state)}
              <span class="tasks-name">${t.name}</span>
              <span class="dim num">${duration(between(t.started_at, t.finished_at))}</span>
            </button>
          </li>`,
      )}
    </ol>
  </section>`;
}
