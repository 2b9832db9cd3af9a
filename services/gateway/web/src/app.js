/*
 * Starts the portal and puts pages on the screen: session, live channel, router, frame. What a
 * page is: lib/page.js. Which pages there are: routes.js.
 */
import { html, render } from 'lit-html';
import { get, whenSignedOut } from './lib/api.js';
import { ApiError } from './lib/errors.js';
import { Live } from './lib/live.js';
import { PageContext } from './lib/page.js';
import { go, startRouter } from './lib/router.js';
import { forgetSession, loadSession, may, session } from './lib/session.js';
import { applyTheme, watchSystemTheme } from './lib/theme.js';
import { ROUTES } from './routes.js';
import { Shell } from './shell.js';
import { closeDialogs } from './ui/dialog.js';
import { errorPage } from './ui/problem.js';
import { toast } from './ui/toast.js';

const BRAND = 'Provision';
const CLOCK_MS = 30_000;

const root = document.getElementById('app');
let page = null;
let context = null;
let turn = 0;
let drawing = false;

const live = new Live({ onState: redraw, onSignedOut: signedOut, onRefused: checkSession });
const shell = new Shell({ live, redraw });

/* Drawing: once per burst of changes */

function redraw() {
  if (drawing) return;
  drawing = true;
  queueMicrotask(draw);
}

function draw() {
  drawing = false;
  if (!page || (!page.bare && !session())) return; // signed out: the next page is on its way
  root.querySelector('.boot')?.remove(); // lit keeps what was in its container before
  const body = page.view();
  render(page.bare ? body : shell.view(page, body), root);
  const unread = page.bare || !shell.unread ? '' : `(${shell.unread}) `;
  document.title = `${unread}${page.title} · ${BRAND}`;
}

/* Pages */

async function show(route, params) {
  const mine = ++turn;
  closeDialogs();
  shell.closeMenu();

  const next = await prepare(route, params);
  if (mine !== turn || !next) return;

  context?.end();
  page?.end?.();
  ({ page, context } = next);
  drawing = true;
  draw();
  page.start?.();
  focusPage();
}

/**
 * @returns {Promise<{ page: any, context: PageContext | null } | null>} null: another page comes
 */
async function prepare(route, params) {
  try {
    if (!route?.bare && !session() && !(await loadSession())) {
      askToSignIn();
      return null;
    }
    if (!route?.bare) shell.start();
    if (!route) return plainPage(new ApiError({ status: 404 }));
    if (route.right && !may(route.right)) return plainPage(new ApiError({ status: 403 }));

    const context = new PageContext({ params, session: session(), live, redraw });
    return { page: withBare(await route.page(context), route), context };
  } catch (error) {
    return plainPage(error instanceof ApiError ? error : updateError(error));
  }
}

function withBare(made, route) {
  if (route.bare) Object.defineProperty(made, 'bare', { value: true });
  return made;
}

/** A page for a problem. Without a session there is no frame to put it in. */
function plainPage(error) {
  const titles = { 0: 'Not reachable', 403: 'Not allowed', 404: 'Not found' };
  const title = titles[error.status] ?? 'Error';
  const bare = !session();
  const content = () => errorPage(error, () => location.reload());
  return {
    context: null,
    page: {
      title,
      bare,
      crumbs: [[title]],
      view: bare
        ? () => html`<main id="main" class="bare-page" tabindex="-1">${content()}</main>`
        : content,
    },
  };
}

/** A part of the program could not be fetched: most likely a newer version was installed. */
function updateError(error) {
  console.error(error);
  return new ApiError({ status: 500, detail: error.message });
}

let first = true;

/** So that keyboards and screen readers start at the new page; not when it is the very first. */
function focusPage() {
  if (!first) document.getElementById('main')?.focus({ preventScroll: true });
  first = false;
}

/* Session */

function askToSignIn() {
  const here = location.pathname + location.search + location.hash;
  const next = here === '/' || here.startsWith('/login') ? '' : `?next=${encodeURIComponent(here)}`;
  go(`/login${next}`, { replace: true });
}

function signedOut() {
  if (!session()) return;
  forgetSession();
  shell.stop();
  live.close();
  askToSignIn();
  toast('You were signed out. Sign in to continue.', { kind: 'info' });
}

/** The channel does not open: has the session ended, or is the service only away? */
async function checkSession() {
  try {
    await get('/session');
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) signedOut();
  }
}

/* The world outside */

function shortcuts(event) {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k' && session()) {
    event.preventDefault();
    shell.openPalette();
  }
  const typing = event.target.closest?.('input, textarea, select, [contenteditable], dialog');
  if (event.key === '/' && !typing) {
    const search = document.querySelector('[data-search]');
    if (!search) return;
    event.preventDefault();
    search.focus();
  }
}

addEventListener('keydown', shortcuts);
addEventListener('online', () => live.retryNow());
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) live.retryNow();
});
setInterval(redraw, CLOCK_MS); // "3 minutes ago" grows old
whenSignedOut(signedOut);
applyTheme();
watchSystemTheme();
startRouter(ROUTES, show);
