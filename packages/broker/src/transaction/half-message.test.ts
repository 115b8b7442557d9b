import { decodeProperties, encodeProperties, encodeRecord, SysFlag } from '@mq/remoting/message';

import { committedMessage, HALF_TOPIC, halfAgain, readHalfMessage } from './half-message.js';

const HOST = Buffer.from([10, 0, 0, 1, 0, 0, 0x2a, 0x9f]);
const TARGET = { REAL_TOPIC: 'Orders', REAL_QID: '3' };

function record(properties: Record<string, string>, topic: string = HALF_TOPIC): Buffer {
  return encodeRecord({
    topic: Buffer.from(topic),
    queueId: 0,
    flag: 7,
    queueOffset: 42,
    physicalOffset: 4096,
    sysFlag: 0,
    bornTimestamp: 1_000,
    bornHost: HOST,
    storeTimestamp: 2_000,
    storeHost: HOST,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.from('paid'),
    properties: Buffer.from(encodeProperties(properties)),
  });
}

describe('readHalfMessage', () => {
  test('finds where the message belongs, who sent it, and where it stands', () => {
    expect(readHalfMessage(record({ ...TARGET, PGROUP: 'P', UNIQ_KEY: 'u' }))).toMatchObject({
      realTopic: 'Orders',
      realQueueId: 3,
      producerGroup: 'P',
      queueOffset: 42,
      commitLogOffset: 4096,
      storeTimestamp: 2_000,
      origin: 42,
      waitStoreMsgOk: true,
      hasPropertyCrc: false,
    });
  });

  test('knows the first copy of a message that was appended again', () => {
    expect(readHalfMessage(record({ ...TARGET, TRAN_PREPARED_QUEUE_OFFSET: '5' }))?.origin).toBe(5);
  });

  test.each([
    ['20', 20_000],
    ['0', 0],
    ['-1', undefined],
    ['x', undefined],
    ['1.5', undefined],
    ['99999999999999999999', undefined],
  ])('takes %j as the seconds of immunity for %p ms', (text, immunityMs) => {
    const half = readHalfMessage(record({ ...TARGET, CHECK_IMMUNITY_TIME_IN_SECONDS: text }));
    expect(half?.immunityMs).toBe(immunityMs);
  });

  test.each([
    ['of another topic', record(TARGET, 'Orders')],
    ['without a topic to go to', record({ REAL_QID: '3' })],
    ['without a queue to go to', record({ REAL_TOPIC: 'Orders' })],
    ['with a queue that is no number', record({ REAL_TOPIC: 'Orders', REAL_QID: 'x' })],
    ['that ends early', record(TARGET).subarray(0, 90)],
  ])('finds none in a record %s', (_what, bytes) => {
    expect(readHalfMessage(bytes)).toBeUndefined();
  });
});

describe('committedMessage', () => {
  test('has the properties of the half message to the letter, and leads back to it', () => {
    const half = readHalfMessage(record({ ...TARGET, KEYS: 'k', WAIT: 'False' }))!;
    const message = committedMessage(half, HOST);
    expect(message).toMatchObject({
      topic: 'Orders',
      queueId: 3,
      flag: 7,
      sysFlag: SysFlag.TRANSACTION_COMMIT,
      preparedTransactionOffset: 4096,
      waitStoreMsgOk: false,
    });
    expect(message.properties).toEqual(half.propertiesBytes);
  });

  test('does not take over a checksum of the properties', () => {
    const half = readHalfMessage(record({ ...TARGET, KEYS: 'k', '__CRC32#': '12345678' }))!;
    expect(half.hasPropertyCrc).toBe(true);
    expect(decodeProperties(committedMessage(half, HOST).properties.toString())).toEqual({
      ...TARGET,
      KEYS: 'k',
    });
  });
});

test('halfAgain names the first copy and counts the checks', () => {
  const half = readHalfMessage(record({ ...TARGET, KEYS: 'k' }))!;
  const message = halfAgain(half, HOST, { checkTimes: 2 });
  expect(message).toMatchObject({ topic: HALF_TOPIC, queueId: 0, waitStoreMsgOk: true });
  expect(decodeProperties(message.properties.toString())).toEqual({
    ...TARGET,
    KEYS: 'k',
    TRAN_PREPARED_QUEUE_OFFSET: '42',
    TRANSACTION_CHECK_TIMES: '2',
  });
});
