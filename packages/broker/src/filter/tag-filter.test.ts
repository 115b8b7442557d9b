import { buildSubscriptionData } from '@mq/remoting/protocol';
import { javaHashCode } from '@mq/remoting/message';

import { tagFilter } from './tag-filter.js';

describe('tagFilter', () => {
  test.each([
    ['*', ['A', 'B', ''], []],
    ['A', ['A'], ['B', '']],
    ['A || B', ['A', 'B'], ['C', '']],
    // Two texts with one hash: the entry cannot tell them apart, the client does.
    ['Aa', ['Aa', 'BB'], ['AA']],
  ])('lets %j through what a subscription wants, by the hash alone', (expression, wanted, unwanted) => {
    const filter = tagFilter(buildSubscriptionData('T', expression));
    const passes = (tag: string) => filter?.matchesTagsCode(javaHashCode(tag)) ?? true;
    expect(wanted.filter(passes)).toEqual(wanted);
    expect(unwanted.filter(passes)).toEqual([]);
  });

  test('makes one filter for a subscription that is used again and again', () => {
    const subscription = buildSubscriptionData('T', 'A');
    expect(tagFilter(subscription)).toBe(tagFilter(subscription));
  });

  test('leaves class filter mode to the filter server', () => {
    expect(tagFilter({ ...buildSubscriptionData('T', 'A'), classFilterMode: true })).toBeUndefined();
  });
});
