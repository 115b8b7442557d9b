import fc from 'fast-check';

import { opEntry, readOpBody } from './op-body.js';

describe('the body of an op message', () => {
  test.each([
    ['of 5.x', '0,1,2,15,', [0, 1, 2, 15]],
    ['of 4.x', '17', [17]],
    ['with what is no offset', 'x,-1,,7, 8,1e3,99999999999999999999,', [7]],
    ['that is empty', '', []],
  ])('%s is read', (_what, text, offsets) => {
    expect(readOpBody(Buffer.from(text))).toEqual(offsets);
  });

  test('holds every offset that was written', () => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeNat()), (offsets) => {
        expect(readOpBody(Buffer.from(offsets.map(opEntry).join('')))).toEqual(offsets);
      }),
    );
  });
});
