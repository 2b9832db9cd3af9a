/*
 * The pages. One table for the router, the navigation, the palette and the check of rights.
 *
 *   path   `:id` matches digits
 *   load   the module of the page, fetched when first needed
 *   right  needed to come here (session.rights); none: everybody who is signed in
 *   nav    word in the navigation and the palette, with its icon
 *   group  heading it stands under; the first group has none
 *   bare   without the frame around it, also for those who are not signed in
 */
export const ROUTES = [
  { path: '/login', load: () => import('./pages/login.js'), bare: true },
  { path: '/', load: () => import('./pages/dashboard.js'), nav: 'Dashboard', icon: 'gauge-high' },
  { path: '/requests', load: () => import('./pages/requests.js'), nav: 'Requests', icon: 'inbox', badge: 'pending' },
  { path: '/requests/new', load: () => import('./pages/request-new.js'), right: 'request_create' },
  { path: '/requests/:id', load: () => import('./pages/request.js') },
  { path: '/servers', load: () => import('./pages/servers.js'), right: 'server_view', nav: 'Servers', icon: 'server' },
  { path: '/servers/:id', load: () => import('./pages/server.js'), right: 'server_view' },
  { path: '/projects', load: () => import('./pages/projects.js'), right: 'project_view', nav: 'Projects', icon: 'folder-tree' },
  { path: '/projects/:id', load: () => import('./pages/project.js'), right: 'project_view' },
  { path: '/runs', load: () => import('./pages/runs.js'), right: 'run_view', nav: 'Runs', icon: 'terminal' },
  { path: '/runs/:id', load: () => import('./pages/run.js'), right: 'run_view' },
  { path: '/notifications', load: () => import('./pages/notifications.js'), nav: 'Notifications', icon: 'bell' },
  { path: '/audit', load: () => import('./pages/audit.js'), right: 'audit_view', nav: 'Audit log', icon: 'clipboard-list' },
];
