// fast-check with every property tried MQ_PROPERTY_TIMES as often; jest.config.mjs puts it in its place when that is set.
// eslint-disable-next-line @typescript-eslint/no-require-imports -- jest loads it as CommonJS, under the name that it has to get past
const fc = require('../../node_modules/fast-check/lib/cjs/fast-check.js');

const times = Number(process.env.MQ_PROPERTY_TIMES);
const DEFAULT_RUNS = 100;

const assert = (property, parameters = {}) =>
  fc.assert(property, { ...parameters, numRuns: (parameters.numRuns ?? DEFAULT_RUNS) * times });

module.exports = { ...fc, assert, default: { ...fc.default, assert }, __esModule: true };
