import { buildSubscriptionData, type SubscriptionData } from '@mq/remoting/protocol';
import fc from 'fast-check';

import { describeSubscriptions, SubscriptionDifferences } from './subscription-differences.js';

describe('SubscriptionDifferences', () => {
  test('tells a pair that disagrees, once, and when all agree again', () => {
    const group = new SubscriptionDifferences<number>();
    expect(group.announce(1, 'a', 'T')).toBeUndefined();
    expect(group.announce(2, 'b', 'T')).toBeUndefined();
    expect(group.announce(3, 'c', 'U')).toEqual({
      ...{ clientId: 'c', subscribes: 'U', otherClientId: 'b', otherSubscribes: 'T' },
    });
    expect(group.announce(3, 'c', 'V')).toBeUndefined();
    expect(group.announce(1, 'a', 'T')).toBeUndefined();
    expect(group.announce(3, 'c', 'T')).toBe('AGREED');
    expect(group.announce(1, 'a', 'W')).toMatchObject({ clientId: 'a', subscribes: 'W' });
  });

  test('agrees again when those who differ have left', () => {
    const group = new SubscriptionDifferences<number>();
    group.announce(1, 'a', 'T');
    group.announce(2, 'b', 'U');
    group.announce(3, 'c', 'T');
    expect(group.forget(1)).toBeUndefined();
    expect(group.forget(2)).toBe('AGREED');
    expect(group.forget(3)).toBeUndefined();
  });

  test('knows at any time whether members disagree', () => {
    const step = fc.record({ member: fc.nat(3), text: fc.constantFrom('T', 'U', undefined) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const group = new SubscriptionDifferences<number>();
        const model = new Map<number, string>();
        let differ = false;
        for (const { member, text } of steps) {
          const change =
            text === undefined ? group.forget(member) : group.announce(member, `c${member}`, text);
          if (text === undefined) model.delete(member);
          else model.set(member, text);
          const differed: boolean = differ;
          differ = new Set(model.values()).size > 1;
          if (differ === differed) expect(change).toBeUndefined();
          else if (differ) expect(change).toMatchObject({ clientId: `c${member}` });
          else expect(change).toBe('AGREED');
        }
      }),
    );
  });
});

describe('what subscriptions say', () => {
  const of = (...subscriptions: SubscriptionData[]) => describeSubscriptions('CLUSTERING', subscriptions);
  const tags = (topic: string, expression: string, version = 1) =>
    buildSubscriptionData(topic, expression, 'TAG', version);

  test('is the same whatever the order and the version', () => {
    expect(of(tags('T', 'A || B'), tags('U', '*'))).toBe(of(tags('U', '*', 7), tags('T', 'B||A', 9)));
  });

  test.each([
    ['topics', of(tags('T', '*'), tags('U', '*'))],
    ['tags', of(tags('T', 'A'))],
    ['expressions', of(buildSubscriptionData('T', 'a > 1', 'SQL92'))],
    ['models', describeSubscriptions('BROADCASTING', [tags('T', '*')])],
  ])('differs by %s', (_what, text) => expect(text).not.toBe(of(tags('T', '*'))));
});
