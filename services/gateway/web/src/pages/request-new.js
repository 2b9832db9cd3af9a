/*
 * Order a server without knowing Hetzner: who it is for, which machine, how it is called. The
 * cost stays in sight, and what was typed survives leaving the page.
 */
import { html, nothing } from 'lit-html';
import { get } from '../lib/api.js';
import { hindrance, loadCatalogue, priceOf, typeOf } from '../lib/catalogue.js';
import { submit, Submission } from '../lib/command.js';
import { dropDraft, loadDraft, restoreDraft, saveDraft } from '../lib/draft.js';
import { ApiError } from '../lib/errors.js';
import { focusFirstProblem, Form } from '../lib/form.js';
import { readQuery } from '../lib/query.js';
import { go } from '../lib/router.js';
import { serverNameProblem } from '../lib/validate.js';
import { empty } from '../ui/empty.js';
import { selectField, textArea, textField } from '../ui/field.js';
import { icon } from '../ui/icon.js';
import { pageHead, skeleton } from '../ui/parts.js';
import { errorNote, whenLoaded } from '../ui/problem.js';
import { toast } from '../ui/toast.js';
import { costBox } from './request-new-cost.js';
import { imageChoices, locationChoices, planChoices } from './request-new-plans.js';

const DRAFT = 'request';
const LONGEST_NAMES = 100; // projects in one list; more than anybody chooses from

const START = {
  project: '',
  client: '',
  location: '',
  server_type: '',
  image: 'debian-12',
  name: '',
  subdomain: '',
  usage: '',
  priority: 'normal',
  justification: '',
};

const PRIORITIES = [
  ['low', 'Low'],
  ['normal', 'Normal'],
  ['high', 'High'],
  ['urgent', 'Urgent'],
];

const RULES = {
  project: { label: 'a project', verb: 'Choose', required: true },
  client: { label: 'the client', required: true, max: 120 },
  location: { label: 'a location', verb: 'Choose', required: true },
  server_type: { label: 'a plan', verb: 'Choose', required: true },
  name: { label: 'a name for the server', required: true, check: serverNameProblem },
  subdomain: { label: 'the subdomain', check: serverNameProblem },
  usage: { label: 'the usage', max: 200 },
  justification: { label: 'the reason', max: 2000 },
};

export default function requestNewPage(ctx) {
  const submission = new Submission();
  const given = readQuery(location.search, { project: '' });

  const form = new Form({
    values: loadDraft(DRAFT, START),
    rules: RULES,
    onChange() {
      saveDraft(DRAFT, form.values);
      ctx.redraw();
    },
  });
  if (given.project) form.values.project = given.project;

  const choices = ctx.resource(async (signal) => {
    const query = { size: LONGEST_NAMES, sort: 'name', dir: 'asc' };
    const [catalogue, projects] = await Promise.all([
      loadCatalogue(),
      get('/projects', { query, signal }),
    ]);
    const open = projects.items.filter((p) => p.can?.request);
    prefill(catalogue, open);
    return { catalogue, projects: open };
  });

  /** One choice is no choice; what no longer exists is dropped. */
  function prefill(catalogue, projects) {
    const { values } = form;
    if (!projects.some((p) => String(p.id) === values.project)) values.project = '';
    if (projects.length === 1) values.project = String(projects[0].id);
    if (!catalogue.locations.some((l) => l.name === values.location)) {
      values.location = catalogue.locations[0]?.name ?? '';
    }
    if (!typeOf(catalogue, values.server_type)) values.server_type = '';
  }

  function chosen() {
    const { catalogue } = choices.data;
    const type = typeOf(catalogue, form.values.server_type);
    if (!type) return { catalogue, type: null, price: null, problem: null };
    return {
      catalogue,
      type,
      price: priceOf(catalogue, type, form.values.location),
      problem: hindrance(catalogue, type, form.values.location),
    };
  }

  function payload() {
    const { project, ...rest } = form.values;
    const filled = Object.entries(rest)
      .map(([name, value]) => [name, value.trim()])
      .filter(([, value]) => value);
    return { project: Number(project), ...Object.fromEntries(filled) };
  }

  function check() {
    const fine = form.check();
    const { problem } = chosen();
    if (!problem) return fine;
    form.errors = { ...form.errors, server_type: `${problem}. Choose another plan or place.` };
    ctx.redraw();
    return false;
  }

  async function send(event) {
    event.preventDefault();
    if (form.busy) return;
    const element = event.target;
    if (!check()) return focusFirstProblem(element);

    const body = payload();
    const { values } = form;
    form.begin();
    try {
      const request = await submit('/requests', body, {
        key: submission.keyFor(body),
        onAccepted: () => accepted(values),
      });
      submission.settle();
      dropDraft(DRAFT, values);
      sent(request);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      submission.settle(error);
      restoreDraft(DRAFT, values);
      refused(error, element);
    }
  }

  /** It is safe with the service: the form is not offered again. */
  function accepted(values) {
    dropDraft(DRAFT, values);
    toast('Accepted. The service is busy; this page updates itself.', { kind: 'info' });
  }

  /** Whoever has gone elsewhere meanwhile is told, and stays there. */
  function sent(request) {
    const href = `/requests/${request.id}`;
    form.busy = false;
    if (ctx.signal.aborted) {
      toast(`Request #${request.id} is sent.`, { link: { href, text: 'Look at it' } });
    } else {
      toast(`Request #${request.id} is sent.`);
      go(href);
    }
  }

  function refused(error, element) {
    if (ctx.signal.aborted) {
      toast(`Your request was not sent: ${error.message}`, { kind: 'bad' });
    } else {
      form.settle(error);
      focusFirstProblem(element);
    }
  }

  /* Drawing */

  const section = (number, title, body) =>
    html`<section class="panel form-part" aria-label=${title}>
      <div class="panel-head">
        <h2><span class="step-no" aria-hidden="true">${number}</span>${title}</h2>
      </div>
      <div class="form-body">${body}</div>
    </section>`;

  function whoFor({ projects }) {
    const names = [['', 'Choose a project'], ...projects.map((p) => [String(p.id), p.name])];
    return html`<div class="field-row">
      ${selectField(form, 'project', { label: 'Project' }, names)}
      ${textField(form, 'client', {
        label: 'Client',
        max: 120,
        placeholder: 'Nordwind GmbH',
        hint: 'Who pays for it, or “Own use”.',
      })}
    </div>`;
  }

  function machine({ catalogue }) {
    return html`${locationChoices(form, catalogue)} ${planChoices(form, catalogue)}
    ${imageChoices(form, catalogue)}`;
  }

  function details() {
    return html`<div class="field-row">
        ${textField(form, 'name', {
          label: 'Server name',
          max: 63,
          placeholder: 'web-shop-01',
          hint: nameHint(form.values.name),
        })}
        ${textField(form, 'subdomain', {
          label: 'Subdomain',
          optional: true,
          max: 63,
          placeholder: 'shop',
          hint: 'Below the domain of the project.',
        })}
      </div>
      <div class="field-row">
        ${textField(form, 'usage', {
          label: 'What it will be used for',
          optional: true,
          max: 200,
          placeholder: 'Web server',
        })}
        ${selectField(form, 'priority', { label: 'Priority' }, PRIORITIES)}
      </div>
      ${textArea(form, 'justification', {
        label: 'Why it is needed',
        optional: true,
        rows: 3,
        max: 2000,
        hint: 'Whoever decides reads this.',
      })}`;
  }

  function content(data) {
    if (!data.projects.length) return noProject();
    return html`<form class="order" novalidate @submit=${send}>
      <div class="order-main">
        ${section(1, 'Who is it for?', whoFor(data))} ${section(2, 'Which machine?', machine(data))}
        ${section(3, 'What is it called?', details())}
      </div>
      <aside class="order-side" aria-label="Cost and sending">
        ${costBox(chosen(), form.values)} ${generalProblem()}
        <button class="btn btn-primary btn-lg" ?disabled=${form.busy}>
          ${form.busy ? 'Sending…' : html`${icon('paper-plane')} Send request`}
        </button>
        <p class="field-hint">
          Nothing is built and nothing costs money before someone approves it.
        </p>
      </aside>
    </form>`;
  }

  function generalProblem() {
    return form.error && !Object.keys(form.errors).length ? errorNote(form.error) : nothing;
  }

  function noProject() {
    return html`<div class="panel">
      ${empty({
        art: icon('folder-tree', 'icon-art'),
        title: 'No project is open for you',
        text: 'A server belongs to a project. Ask an administrator to open one for your requests.',
      })}
    </div>`;
  }

  return {
    title: 'New request',
    crumbs: [['Requests', '/requests'], ['New']],
    view: () =>
      html`${pageHead({
        title: 'New request',
        sub: html`<span>Say what you need. Someone approves it, the portal builds it.</span>`,
      })}
      ${whenLoaded(choices, () => content(choices.data), skeleton('large'), { within: true })}`,
  };
}

/** The rule while typing, and a tick when it is kept. */
function nameHint(name) {
  if (!name) return 'Small letters, digits and hyphens.';
  const sentence = serverNameProblem(name);
  if (sentence) return sentence;
  return html`<span class="text-good">${icon('check')} This name can be used.</span>`;
}
