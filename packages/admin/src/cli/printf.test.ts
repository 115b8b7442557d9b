import { printf } from './printf.js';

test.each([
  ['%-6s|%6s|', ['ab', 'cd'], 'ab    |    cd|'],
  ['%04d %d', [7, -1], '0007 -1'],
  ['%.2f %9.2f', [1.005, 12.5], '1.00     12.50'],
  ['100%% %s%n', [true], '100% true\n'],
  ['%-2s', ['longer'], 'longer'],
  ['%s', ['%s'], '%s'],
])('%s', (pattern, values, text) => expect(printf(pattern, ...values)).toBe(text));
