// These packages hold ES modules, or an import() in CommonJS, and jest's runtime can load neither: swc rewrites
// them as it does our own code. `cookie` is what fastify's inject() brings along.
const rewritten = '(nock|@mswjs|@open-draft|rettime|canonicalize|commander|kysely|@electric-sql|cookie|jose)';

const toCommonJs = (syntax) => [
  '@swc/jest',
  { jsc: { target: 'es2022', parser: { syntax } }, module: { type: 'commonjs' }, sourceMaps: 'inline' },
];

export default {
  testEnvironment: 'node',
  roots: ['src', 'standin', 'demo', 'bench', 'scripts', 'test'].map((room) => `<rootDir>/${room}`),
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    '\\.ts$': toCommonJs('typescript'),
    [`/node_modules/${rewritten}/.+\\.[cm]?js$`]: toCommonJs('ecmascript'),
  },
  transformIgnorePatterns: [`/node_modules/(?!(.+/node_modules/)?${rewritten}/)`],
  globalSetup: '<rootDir>/test/house/require-node-22.ts',
  // One more than the processors of CI: several suites wait for processes and clocks of their own.
  maxWorkers: 3,
  testTimeout: 120_000,
};
