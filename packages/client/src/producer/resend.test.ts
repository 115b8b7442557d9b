import type { ReceivedMessage } from '../consumer/received-message.js';
import { resendable } from './resend.js';

const letter = (topic: string, properties: Record<string, string>): ReceivedMessage =>
  ({
    ...{ topic, properties, body: Buffer.from('x'), flag: 3, tags: properties['TAGS'], msgId: 'ID' },
  }) as unknown as ReceivedMessage;

describe('a dead letter sent anew', () => {
  test('goes to its first topic with what the application gave it', () => {
    const properties = {
      RETRY_TOPIC: 'T',
      TAGS: 'A',
      KEYS: 'k',
      own: '1',
      UNIQ_KEY: 'ID',
      RECONSUME_TIME: '4',
      DLQ_REASON: 'too often',
    };
    expect(resendable(letter('%DLQ%G', properties))).toEqual({
      ...{ topic: 'T', body: Buffer.from('x'), flag: 3, tags: 'A', keys: 'k', properties: { own: '1' } },
    });
  });
  test('goes there from the dead letters of those who consume dead letters, too', () => {
    const properties = { RETRY_TOPIC: '%DLQ%G', DLQ_ORIGIN_TOPIC: 'T' };
    expect(resendable(letter('%DLQ%Clerks', properties)).topic).toBe('T');
  });
  test('stays where it is when it was no dead letter', () =>
    expect(resendable(letter('T', {})).topic).toBe('T'));
  test('is refused when nobody knows where it came from', () =>
    expect(() => resendable(letter('%DLQ%G', {}))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    ));
});
