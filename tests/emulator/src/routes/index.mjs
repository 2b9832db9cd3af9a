import { Router } from '../router.mjs';
import { actionRoutes } from './actions.mjs';
import { catalogueRoutes } from './catalogue.mjs';
import { imageRoutes } from './images.mjs';
import { metricsRoutes } from './metrics.mjs';
import { primaryIpRoutes } from './primary-ips.mjs';
import { serverActionRoutes } from './server-actions.mjs';
import { serverRoutes } from './servers.mjs';
import { sshKeyRoutes } from './ssh-keys.mjs';

export function buildRouter() {
  const router = new Router();
  router.addAll([
    ...catalogueRoutes,
    ...actionRoutes,
    ...serverRoutes,
    ...serverActionRoutes,
    ...metricsRoutes,
    ...sshKeyRoutes,
    ...imageRoutes,
    ...primaryIpRoutes,
  ]);
  return router;
}
