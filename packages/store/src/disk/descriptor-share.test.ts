import { descriptorShare } from './descriptor-share.js';

describe('a share of the descriptors', () => {
  test('is what is wanted where there are plenty', () => {
    expect(descriptorShare(1024, 8, 65_536)).toBe(1024);
  });

  test('leaves the other kinds theirs where there are few', () => {
    const limit = 256;
    const files =
      descriptorShare(1024, 8, limit) + descriptorShare(32, 16, limit) + descriptorShare(64, 16, limit);
    expect(files).toBe(64);
    expect(files + limit / 2).toBeLessThan(limit);
  });

  test('is never so small that nothing can be kept open', () => {
    expect(descriptorShare(1024, 8, 10)).toBe(8);
  });
});
