/*
 * The pages. One table for the router, the navigation, the palette and the check of rights.
 *
 *   path   `:id` matches digits
 *   page   makes the page (lib/page.js); those that few people open are fetched when first needed
 *   right  needed to come here (session.rights); none: everybody who is signed in
 *   nav    word in the navigation and the palette, with its icon
 *   badge  number next to the word (shell.js)
 *   bare   without the frame around it, also for those who are not signed in
 */
import dashboard from './pages/dashboard.js';
import login from './pages/login.js';
import notifications from './pages/notifications.js';
import request from './pages/request.js';
import requests from './pages/requests.js';
import run from './pages/run.js';
import runs from './pages/runs.js';
import server from './pages/server.js';
import servers from './pages/servers.js';

/** A page of a part of the program that is not there from the start. */
const later = (load, name) => async (ctx) => (await load())[name](ctx);

const office = () => import('./pages/areas/office.js');

export const ROUTES = [
  { path: '/login', page: login, bare: true },
  { path: '/', page: dashboard, nav: 'Dashboard', icon: 'gauge-high' },
  { path: '/requests', page: requests, nav: 'Requests', icon: 'inbox', badge: 'pending' },
  { path: '/requests/new', page: later(office, 'requestNew'), right: 'request_create' },
  { path: '/requests/:id', page: request },
  { path: '/servers', page: servers, right: 'server_view', nav: 'Servers', icon: 'server' },
  { path: '/servers/:id', page: server, right: 'server_view' },
  {
    path: '/projects',
    page: later(office, 'projects'),
    right: 'project_view',
    nav: 'Projects',
    icon: 'folder-tree',
  },
  { path: '/projects/:id', page: later(office, 'project'), right: 'project_view' },
  { path: '/runs', page: runs, right: 'run_view', nav: 'Runs', icon: 'terminal' },
  { path: '/runs/:id', page: run, right: 'run_view' },
  { path: '/notifications', page: notifications, nav: 'Notifications', icon: 'bell' },
  {
    path: '/audit',
    page: later(office, 'audit'),
    right: 'audit_read',
    nav: 'Audit log',
    icon: 'clipboard-list',
  },
];
