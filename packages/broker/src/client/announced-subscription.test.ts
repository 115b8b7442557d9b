import { ManualClock, silentLogger } from '@mq/remoting';
import { ResponseCode } from '@mq/remoting/protocol';

import { announcedSubscription } from './announced-subscription.js';
import { ConsumerManager } from './consumer-manager.js';

const TARGET = { consumerGroup: 'g', topic: 'T' };

const setup = (): ConsumerManager => new ConsumerManager({ clock: new ManualClock(), logger: silentLogger });

const announce = (consumers: ConsumerManager, expression?: string, type?: string) =>
  announcedSubscription(consumers, TARGET, expression, type, 'CONSUME_PASSIVELY');

test('what a request announces is what the group reads from then on', () => {
  const consumers = setup();
  const announced = announce(consumers, 'a || b');
  expect(announced).toMatchObject({ topic: 'T', subString: 'a || b', tagsSet: new Set(['a', 'b']) });
  expect(consumers.findSubscription('g', 'T')).toBe(announced);
});

test.each([
  ['tags', 'a || b', 'TAG', undefined],
  ['every tag', '*', '', 'TAG'],
  ['nothing, which is every tag', undefined, undefined, 'TAG'],
  ['an empty text, which is every tag', '', 'TAG', undefined],
  ['SQL92', 'x > 1', 'SQL92', 'SQL92'],
])('announcing %s again uses the object of the first request', (_name, expression, type, again) => {
  const consumers = setup();
  const first = announce(consumers, expression, type);
  expect(announce(consumers, expression, again)).toBe(first);
});

test.each([
  ['another expression', 'b', 'TAG'],
  ['another type', 'a', 'SQL92'],
])('announcing %s takes the place of the first', (_name, expression, type) => {
  const consumers = setup();
  announce(consumers, 'a', 'TAG');
  const second = announce(consumers, expression, type);
  expect(second).toMatchObject({ subString: expression, expressionType: type });
  expect(consumers.findSubscription('g', 'T')).toBe(second);
});

test('an expression that cannot be read is refused', () => {
  const code = ResponseCode.SUBSCRIPTION_PARSE_FAILED;
  expect(() => announce(setup(), '||', 'TAG')).toThrow(expect.objectContaining({ responseCode: code }));
  expect(() => announce(setup(), '', 'SQL92')).toThrow(expect.objectContaining({ responseCode: code }));
});
