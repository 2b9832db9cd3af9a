export default () => ({ title: 'x', crumbs: [['x']], view: () => '' });
