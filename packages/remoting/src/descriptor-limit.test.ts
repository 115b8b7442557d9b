import { descriptorLimit } from './descriptor-limit.js';

const row = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units\n` +
  `Max processes             96438                96438                processes\n` +
  `Max open files            ${soft.padEnd(20)} 20000                files\n`;

describe('the limit of descriptors', () => {
  test('is the soft one the system states', () => {
    expect(descriptorLimit(() => row('256'))).toBe(256);
    expect(descriptorLimit(() => row('unlimited'))).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('is assumed small where the system says nothing', () => {
    expect(descriptorLimit(() => '')).toBe(1024);
  });

  test('of this process is a number to share out', () => {
    expect(descriptorLimit()).toBeGreaterThan(16);
  });
});
