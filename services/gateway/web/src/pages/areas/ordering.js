/* Fetched when somebody orders a server. */
export { default as requestNew } from '../request-new.js';
