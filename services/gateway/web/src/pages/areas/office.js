/* Ordering, projects, audit: fetched when the first of them is opened. */
export { default as audit } from '../audit.js';
export { default as project } from '../project.js';
export { default as projects } from '../projects.js';
export { default as requestNew } from '../request-new.js';
