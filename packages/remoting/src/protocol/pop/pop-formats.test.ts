import fc from 'fast-check';

import {
  formatPopHandle,
  parsePopHandle,
  popRetryFlag,
  popStoredTopic,
  type PopHandle,
} from './pop-handle.js';
import {
  messageOrderCountEntry,
  msgOffsetEntry,
  parseMsgOffsetInfo,
  parseOrderCountInfo,
  parseStartOffsetInfo,
  popMessageKey,
  popQueueKey,
  queueOrderCountEntry,
  startOffsetEntry,
} from './pop-offset-info.js';

const offset = fc.maxSafeNat();
const flag = fc.constantFrom('0' as const, '1' as const, '2' as const);
const handle: fc.Arbitrary<PopHandle> = fc.record({
  checkpointOffset: offset,
  popTime: offset,
  invisibleTime: offset,
  reviveQueueId: fc.nat(999),
  retryFlag: flag,
  brokerName: fc.stringMatching(/^[\w.-]{1,30}$/),
  queueId: fc.nat(10_000),
  queueOffset: fc.option(offset, { nil: undefined }),
});

describe('the handle of a popped message', () => {
  test('is read as Apache clients write it', () => {
    expect(parsePopHandle('0 1795269512987 10000 3 1 broker-a 2 17')).toEqual({
      checkpointOffset: 0,
      popTime: 1795269512987,
      invisibleTime: 10_000,
      reviveQueueId: 3,
      retryFlag: '1',
      brokerName: 'broker-a',
      queueId: 2,
      queueOffset: 17,
    });
  });

  test('comes back from its text', () => {
    fc.assert(fc.property(handle, (value) => expect(parsePopHandle(formatPopHandle(value))).toEqual(value)));
  });

  test.each(['', '1 2 3', '0 1 2 3 4 broker 5 6', '0 1 2 3 0  5 6', 'a 1 2 3 0 b 5 6', '0 1 2 3 0 b 5 '])(
    '%j is refused',
    (text) => expect(() => parsePopHandle(text)).toThrow('not the handle'),
  );

  test('of any text is either read or refused by code', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parsePopHandle(text);
        } catch (error) {
          expect((error as { code?: string }).code).toBe('BAD_HEADER');
        }
      }),
    );
  });
});

test.each(['0', '1', '2'] as const)('the topic behind flag %s has that flag', (value) => {
  expect(popRetryFlag(popStoredTopic('T', 'G', value))).toBe(value);
});

describe('the offsets of a pop response', () => {
  test('are read as Apache brokers write them', () => {
    expect(parseStartOffsetInfo('0 1 5;0 0 7')).toEqual(
      new Map([
        ['0@1', 5],
        ['0@0', 7],
      ]),
    );
    expect(parseMsgOffsetInfo('0 1 5,6;1 0 7')).toEqual(
      new Map([
        ['0@1', [5, 6]],
        ['1@0', [7]],
      ]),
    );
    expect(parseOrderCountInfo('0 qo2%6 1;0 2 1')).toEqual(
      new Map([
        ['0@qo2%6', 1],
        ['0@2', 1],
      ]),
    );
  });

  test('come back from their text', () => {
    const queues = fc.uniqueArray(
      fc.tuple(flag, fc.nat(99), fc.array(offset, { minLength: 1, maxLength: 32 })),
      {
        selector: ([retry, queueId]) => popQueueKey(retry, queueId),
      },
    );
    fc.assert(
      fc.property(queues, (entries) => {
        const starts = entries
          .map(([retry, id, offsets]) => startOffsetEntry(retry, id, offsets[0]!))
          .join(';');
        const all = entries.map(([retry, id, offsets]) => msgOffsetEntry(retry, id, offsets)).join(';');
        const counts = entries
          .flatMap(([retry, id, offsets]) => [
            messageOrderCountEntry(retry, id, offsets[0]!, 3),
            queueOrderCountEntry(retry, id, 2),
          ])
          .join(';');
        for (const [retry, id, offsets] of entries) {
          expect(parseStartOffsetInfo(starts).get(popQueueKey(retry, id))).toBe(offsets[0]);
          expect(parseMsgOffsetInfo(all).get(popQueueKey(retry, id))).toEqual(offsets);
          expect(parseOrderCountInfo(counts).get(popMessageKey(retry, id, offsets[0]!))).toBe(3);
          expect(parseOrderCountInfo(counts).get(popQueueKey(retry, id))).toBe(2);
        }
      }),
    );
  });

  test.each(['0 1', '0 1 2 3', '0 1 x', '0 1 2;0 1 3', ';'])('%j is refused', (text) => {
    expect(() => parseStartOffsetInfo(text)).toThrow('malformed');
  });
});
