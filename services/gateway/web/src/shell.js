/* The frame around every page: navigation, top bar, connection, who is signed in. */
import { html, nothing } from 'lit-html';
import { get } from './lib/api.js';
import { clock, initials, number } from './lib/format.js';
import { followTopics } from './lib/follow.js';
import { Resource } from './lib/resource.js';
import { match, go } from './lib/router.js';
import { may, ROLES, session, signOut } from './lib/session.js';
import { currentTheme, nextTheme, THEMES } from './lib/theme.js';
import { ROUTES } from './routes.js';
import { announce } from './ui/announce.js';
import { icon } from './ui/icon.js';
import { openPalette } from './ui/palette.js';
import { toast } from './ui/toast.js';

const BANNER_AFTER_MS = 5000;

export class Shell {
  unread = 0;
  /** Requests that wait for a decision; only fetched for those who decide. */
  pending = 0;

  #live;
  #redraw;
  #menuOpen = false;
  #stops = [];
  #running = false;
  #bannerTimer = 0;

  constructor({ live, redraw }) {
    this.#live = live;
    this.#redraw = redraw;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.unread = session().unread ?? 0;
    this.#live.open();
    this.#stops.push(this.#live.watch('me', { frame: (f) => this.#personal(f) }));
    if (may('request_approve')) this.#watchPending();
  }

  stop() {
    this.#running = false;
    for (const stop of this.#stops.splice(0)) stop();
    this.unread = 0;
    this.pending = 0;
  }

  /** A page knows better than the last frame. */
  setUnread(count) {
    this.unread = count;
    this.#redraw();
  }

  closeMenu() {
    this.#menuOpen = false;
  }

  openPalette() {
    const pages = navigation().map((r) => ({
      icon: r.icon,
      label: r.nav,
      href: r.path,
      hint: 'Page',
    }));
    if (may('request_create')) {
      pages.push({ icon: 'plus', label: 'New request', href: '/requests/new', hint: 'Start' });
    }
    openPalette(pages);
  }

  #personal(frame) {
    if (typeof frame.unread !== 'number') return;
    if (frame.unread > this.unread) announce(`${frame.unread} unread notifications`);
    this.setUnread(frame.unread);
  }

  #watchPending() {
    const fetch = (signal) => get('/requests', { query: { state: 'pending', size: 1 }, signal });
    const resource = new Resource(fetch, () => {
      this.pending = resource.data?.counts?.pending ?? resource.data?.total ?? 0;
      this.#redraw();
    });
    this.#stops.push(() => resource.end());
    this.#stops.push(followTopics(this.#live, ['requests'], resource));
  }

  /* Drawing */

  view(page, body) {
    return html`<div
      class="shell ${this.#menuOpen ? 'menu-open' : ''}"
      @keydown=${(e) => this.#key(e)}
    >
      ${this.#side()}
      <button
        type="button"
        class="scrim"
        tabindex="-1"
        aria-label="Close menu"
        @click=${() => this.#setMenu(false)}
      ></button>
      ${this.#top(page)}
      <main id="main" tabindex="-1">${this.#banner()}${body}</main>
    </div>`;
  }

  #side() {
    const { user } = session();
    return html`<aside class="side" id="side">
      <a class="brand" href="/">${icon('cubes')}<span>Provision</span></a>
      <nav aria-label="Main">${navigation().map((route) => this.#navLink(route))}</nav>
      <div class="me">
        <span class="avatar" aria-hidden="true">${initials(user.name)}</span>
        <div class="me-name">
          <strong>${user.name}</strong>
          <small>${ROLES[user.role] ?? user.role}</small>
        </div>
        <button
          type="button"
          class="btn btn-icon"
          aria-label="Sign out"
          title="Sign out"
          @click=${() => this.#leave()}
        >
          ${icon('right-from-bracket')}
        </button>
      </div>
    </aside>`;
  }

  #navLink(route) {
    const here = match(ROUTES, location.pathname)?.route.path ?? '';
    const current =
      route.path === '/' ? here === '/' : here === route.path || here.startsWith(`${route.path}/`);
    const count = { pending: this.pending, unread: this.unread }[route.badge];
    return html`<a
      href=${route.path}
      class=${current ? 'is-current' : ''}
      aria-current=${here === route.path ? 'page' : nothing}
    >
      ${icon(route.icon)}<span>${route.nav}</span>
      ${count ? countBadge(count) : nothing}
    </a>`;
  }

  #top(page) {
    const theme = currentTheme();
    return html`<header class="top">
      <button
        type="button"
        class="btn btn-icon only-small"
        aria-label="Menu"
        aria-expanded=${this.#menuOpen ? 'true' : 'false'}
        aria-controls="side"
        @click=${() => this.#setMenu(!this.#menuOpen)}
      >
        ${icon('bars')}
      </button>
      <nav class="crumbs" aria-label="Breadcrumb">
        <ol>
          ${page.crumbs.map(([text, href]) =>
            href
              ? html`<li><a href=${href}>${text}</a></li>`
              : html`<li><span aria-current="page">${text}</span></li>`,
          )}
        </ol>
      </nav>
      <button
        type="button"
        class="jump"
        aria-keyshortcuts="Control+K"
        @click=${() => this.openPalette()}
      >
        ${icon('magnifying-glass')} <span>Search or jump to…</span>
        <kbd aria-hidden="true">Ctrl K</kbd>
      </button>
      ${this.#connection()}
      <button
        type="button"
        class="btn btn-icon"
        aria-label="Theme: ${THEMES[theme].label}. Change it"
        title="Theme: ${THEMES[theme].label}"
        @click=${() => this.#changeTheme()}
      >
        ${icon(THEMES[theme].icon)}
      </button>
      <a
        class="btn btn-icon bell"
        href="/notifications"
        aria-label=${this.unread ? `Notifications, ${this.unread} unread` : 'Notifications'}
        title="Notifications"
      >
        ${icon('bell')}
        ${this.unread ? html`<b aria-hidden="true">${shortCount(this.unread)}</b>` : nothing}
      </a>
    </header>`;
  }

  #connection() {
    const on = this.#live.state === 'on';
    return html`<span class="connection ${on ? 'is-on' : 'is-off'}" role="status">
      ${on ? icon('wifi') : icon('rotate', 'is-turning')}<span>
        ${on ? 'Live' : 'Reconnecting'}
      </span>
    </span>`;
  }

  /** Short breaks happen all the time; only a longer one is worth a sentence. */
  #banner() {
    const since = this.#live.downSince;
    if (!since) return nothing;
    const left = since + BANNER_AFTER_MS - Date.now();
    if (left > 0) {
      clearTimeout(this.#bannerTimer);
      this.#bannerTimer = setTimeout(this.#redraw, left);
      return nothing;
    }
    return html`<p class="note note-wait banner" role="status">
      ${icon('plug-circle-xmark')}
      <span>
        The live connection is interrupted since ${clock(since)}. What you see may be older; it
        updates itself when the connection is back.
      </span>
      <button type="button" class="btn btn-sm btn-link" @click=${() => this.#live.retryNow()}>
        Connect now
      </button>
    </p>`;
  }

  /* Acts */

  #setMenu(open) {
    this.#menuOpen = open;
    this.#redraw();
    if (open) requestAnimationFrame(() => document.querySelector('.side nav a')?.focus());
  }

  #key(event) {
    if (event.key !== 'Escape' || !this.#menuOpen) return;
    this.#setMenu(false);
    document.querySelector('.top .only-small')?.focus();
  }

  #changeTheme() {
    announce(`Theme: ${THEMES[nextTheme()].label}`);
    this.#redraw();
  }

  async #leave() {
    try {
      await signOut();
    } catch (error) {
      toast(error.message, { kind: 'bad' });
      return;
    }
    this.stop();
    this.#live.close();
    go('/login');
  }
}

function countBadge(count) {
  return html`<b class="count">${number(count)}<span class="visually-hidden"> waiting</span></b>`;
}

function shortCount(count) {
  return count > 99 ? '99+' : count;
}

function navigation() {
  return ROUTES.filter((route) => route.nav && (!route.right || may(route.right)));
}
