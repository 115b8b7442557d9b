import fc from 'fast-check';

import { decodePopCheckPoint, encodePopCheckPoint, type PopCheckPointRecord } from './check-point-record.js';
import { decodeConsumerOrderInfo, encodeConsumerOrderInfo } from './consumer-order-info.js';
import { decodePopAck, encodePopAck, popAckTag, type PopAckRecord } from './pop-ack-record.js';

// What Apache's own classes (5.3.3, fastjson 1.2.83) print for these values.
const APACHE_CK =
  '{"bm":5,"bn":"broker-a","c":"G","d":[0,1,4],"it":60000,"n":3,"pt":1700000000000,"q":1,"reviveTime":1700000060000,"ro":0,"so":7,"t":"T"}';
const APACHE_CK_AGAIN =
  '{"bm":5,"bn":"broker-a","c":"G","d":[0,1,4],"it":60000,"n":3,"pt":1700000000000,"q":1,"reviveTime":1700000060000,"ro":0,"rp":"2","so":7,"t":"T"}';
const APACHE_ACK = '{"ao":8,"bn":"broker-a","c":"G","pt":1700000000000,"q":1,"so":7,"t":"T"}';
const APACHE_BATCH_ACK =
  '{"ao":-1,"aol":[8,11],"bn":"broker-a","c":"G","pt":1700000000000,"q":1,"so":7,"t":"T"}';
const APACHE_ORDER =
  '{"table":{"T@G":{2:{"a":"att2","cm":0,"i":60000,"l":1795284707103,"o":[6,3],"oc":{6:1,9:1},"ot":{6:1700000090000},"popTime":1700000000001}}}}';

const checkPoint: PopCheckPointRecord = {
  topic: 'T',
  group: 'G',
  queueId: 1,
  startOffset: 7,
  popTime: 1_700_000_000_000,
  invisibleTime: 60_000,
  brokerName: 'broker-a',
  offsets: [7, 8, 11],
  bits: 5,
  rePutTimes: 0,
};
const ack: PopAckRecord = {
  topic: 'T',
  group: 'G',
  queueId: 1,
  startOffset: 7,
  popTime: 1_700_000_000_000,
  brokerName: 'broker-a',
  offsets: [8],
};

describe('the record of a pop', () => {
  test('is written as Apache writes it', () => {
    expect(encodePopCheckPoint(checkPoint).toString()).toBe(APACHE_CK);
    expect(encodePopCheckPoint({ ...checkPoint, rePutTimes: 2 }).toString()).toBe(APACHE_CK_AGAIN);
  });

  test('is read as Apache writes it', () => {
    expect(decodePopCheckPoint(Buffer.from(APACHE_CK_AGAIN), 'x')).toEqual({ ...checkPoint, rePutTimes: 2 });
  });

  test('of an early broker has neither a broker name nor differences', () => {
    const text = '{"bm":0,"c":"G","it":60000,"n":3,"pt":1,"q":1,"so":7,"t":"T"}';
    const read = decodePopCheckPoint(Buffer.from(text), 'own');
    expect(read.brokerName).toBe('own');
    expect(read.offsets).toEqual([7, 8, 9]);
  });

  test('comes back from its bytes', () => {
    const record = fc
      .record({
        topic: fc.string({ minLength: 1 }),
        group: fc.string({ minLength: 1 }),
        queueId: fc.nat(),
        startOffset: fc.nat(2 ** 40),
        popTime: fc.nat(2 ** 42),
        invisibleTime: fc.nat(2 ** 40),
        brokerName: fc.string({ minLength: 1 }),
        differences: fc.uniqueArray(fc.nat(2 ** 20), { minLength: 1, maxLength: 32 }),
        bits: fc.integer(),
        rePutTimes: fc.nat(20),
      })
      .map(({ differences, ...rest }) => ({
        ...rest,
        offsets: differences.sort((a, b) => a - b).map((difference) => rest.startOffset + difference),
      }));
    fc.assert(
      fc.property(record, (value) =>
        expect(decodePopCheckPoint(encodePopCheckPoint(value), 'x')).toEqual(value),
      ),
    );
  });
});

describe('the record of acknowledgements', () => {
  test('is written as Apache writes it, one and several', () => {
    expect(encodePopAck(ack).toString()).toBe(APACHE_ACK);
    expect(encodePopAck({ ...ack, offsets: [8, 11] }).toString()).toBe(APACHE_BATCH_ACK);
    expect([popAckTag([8]), popAckTag([8, 11])]).toEqual(['ack', 'bAck']);
  });

  test('is read as Apache writes it, under the short names and the old ones', () => {
    expect(decodePopAck(Buffer.from(APACHE_ACK), 'x')).toEqual(ack);
    expect(decodePopAck(Buffer.from(APACHE_BATCH_ACK), 'x')).toEqual({ ...ack, offsets: [8, 11] });
    const old =
      '{"ackOffset":8,"brokerName":"broker-a","consumerGroup":"G","popTime":1700000000000,"queueId":1,"startOffset":7,"topic":"T"}';
    expect(decodePopAck(Buffer.from(old), 'x')).toEqual(ack);
  });

  test('that is none is refused by code', () => {
    expect(() => decodePopAck(Buffer.from('3-17'), 'x')).toThrow();
    expect(() => decodePopCheckPoint(Buffer.from('{"n":1}'), 'x')).toThrow('required');
  });
});

test('consumerOrderInfo.json is read and written as Apache does', () => {
  const read = decodeConsumerOrderInfo(APACHE_ORDER);
  expect(read.table['T@G']?.get(2)).toMatchObject({
    attemptId: 'att2',
    offsetList: [6, 3],
    invisibleTime: 60_000,
  });
  expect(encodeConsumerOrderInfo(read).toString()).toBe(APACHE_ORDER);
});
