/* Fetched by those who look after projects and the audit log. */
export { default as audit } from '../audit.js';
export { default as project } from '../project.js';
export { default as projects } from '../projects.js';
