/* Words for the values of a project. */

export const ENVIRONMENTS = {
  production: 'Production',
  staging: 'Staging',
  development: 'Development',
};
