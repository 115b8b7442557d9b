// Topics of type BatchCQ on the wire: who makes a batch one record, and what readers and returners of it see.
import type { RemotingCommand } from '@mq/remoting';
import { decodeRecords, encodeBatch, SysFlag, unwrapInnerBatch, type MessageExt } from '@mq/remoting/message';
import { RequestCode, ResponseCode, SendMessageResponseHeader } from '@mq/remoting/protocol';

import { BrokerHarness } from './broker-harness.js';

const INNER = SysFlag.INNER_BATCH | SysFlag.NEED_UNWRAP;

let broker: BrokerHarness;
beforeEach(async () => {
  broker = await new BrokerHarness().start({ mapperFileSizeBatchConsumeQueue: '4600' });
  await createTopic('B', '+queue.type=BatchCQ');
});
afterEach(() => broker[Symbol.asyncDispose]());

async function createTopic(topic: string, attributes: string): Promise<void> {
  const answer = await broker.request(RequestCode.UPDATE_AND_CREATE_TOPIC, {
    ...{ topic, defaultTopic: 'TBW102', readQueueNums: '2', writeQueueNums: '2', perm: '6' },
    ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: '0', order: 'false', attributes },
  });
  expect(answer.code).toBe(ResponseCode.SUCCESS);
}

function sendBatch(bodies: string[], properties: Record<string, string> = {}): Promise<RemotingCommand> {
  const messages = bodies.map((body, i) => ({
    ...{ body: Buffer.from(body), flag: i, properties: { UNIQ_KEY: `ID-${body}`, TAGS: `tag-${body}` } },
  }));
  const options = { topic: 'B', properties, body: encodeBatch(messages), header: { batch: true } };
  return broker.send(options, undefined, RequestCode.SEND_BATCH_MESSAGE);
}

const sendOne = (options: Parameters<BrokerHarness['send']>[0] = {}): Promise<RemotingCommand> =>
  broker.send({ topic: 'B', ...options });

const inside = (records: readonly MessageExt[]): MessageExt[] =>
  records.flatMap((record) => unwrapInnerBatch(record));

const pulled = async (offset: number): Promise<MessageExt[]> =>
  decodeRecords((await broker.pull({ topic: 'B', offset })).body ?? Buffer.alloc(0));

describe('a batch for a topic of type BatchCQ', () => {
  test('stays one record, and its producer is told the id of the batch and of that record', async () => {
    const answer = await sendBatch(['a', 'b', 'c'], { UNIQ_KEY: 'BATCH1', WAIT: 'true' });
    const header = SendMessageResponseHeader.decode(answer.extFields);
    expect(header).toMatchObject({ queueOffset: 0, batchUniqId: 'BATCH1', transactionId: 'BATCH1' });
    await sendBatch(['d', 'e'], { UNIQ_KEY: 'BATCH2' });

    const [first, second, ...others] = await pulled(0);
    expect([first?.queueOffset, second?.queueOffset, others]).toEqual([0, 3, []]);
    expect(first?.offsetMsgId).toBe(header.msgId);
    expect((first?.sysFlag ?? 0) & INNER).toBe(INNER);
    expect({ ...first?.properties }).toEqual({
      ...{ UNIQ_KEY: 'BATCH1', WAIT: 'true', CLUSTER: 'DefaultCluster', MSG_REGION: 'DefaultRegion' },
      ...{ TRACE_ON: 'true', INNER_NUM: '3', INNER_BASE: '0' },
    });
    expect(inside([first!, second!]).map((one) => [one.queueOffset, one.body.toString(), one.msgId])).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map((body, offset) => [offset, body, `ID-${body}`]),
    );
  });

  test('stays one record without an id of its own', async () => {
    const header = SendMessageResponseHeader.decode((await sendBatch(['a', 'b'])).extFields);
    expect([header.batchUniqId, header.transactionId]).toEqual([undefined, undefined]);
    expect(inside(await pulled(0))).toHaveLength(2);
  });

  test('counts as the messages it holds', async () => {
    await sendBatch(['a', 'b', 'c']);
    const answer = await broker.request(RequestCode.GET_MAX_OFFSET, { topic: 'B', queueId: '0' });
    expect(answer.extFields['offset']).toBe('3');
    const fromTheMiddle = await broker.pull({ topic: 'B', offset: 1 });
    expect(fromTheMiddle.extFields['nextBeginOffset']).toBe('3');
    expect(broker.controller.parts.store.runtimeInfo()['putMessageTimesTotal']).toBe('3');
  });

  test('wakes who waits for a tag, since only the reader can look inside', async () => {
    const waiting = broker.consume({ topic: 'B', subscription: 'tag-b' });
    while (broker.controller.parts.pullHolds.size === 0)
      await new Promise((resolve) => void setImmediate(resolve));
    await sendBatch(['a', 'b']);
    expect(inside(await waiting).map(({ msgId }) => msgId)).toEqual(['ID-a', 'ID-b']);
  });

  test('is refused with delayed messages inside, or when it holds none', async () => {
    const delayed = encodeBatch([{ body: Buffer.from('x'), properties: { DELAY: '1' } }]);
    for (const body of [delayed, Buffer.alloc(0)]) {
      const answer = await broker.send({ topic: 'B', body }, undefined, RequestCode.SEND_BATCH_MESSAGE);
      expect(answer.code).toBe(ResponseCode.MESSAGE_ILLEGAL);
    }
  });

  test('survives a restart', async () => {
    await sendBatch(['a', 'b']);
    await broker.stop();
    await broker.start({ mapperFileSizeBatchConsumeQueue: '4600' });
    await sendBatch(['c']);
    expect(inside(await pulled(0)).map(({ queueOffset, body }) => [queueOffset, body.toString()])).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ]);
  });
});

describe('another message for a topic of type BatchCQ', () => {
  test('is shown when it is sent alone', async () => {
    await sendBatch(['a', 'b']);
    const header = SendMessageResponseHeader.decode((await sendOne()).extFields);
    expect([header.queueOffset, header.batchUniqId]).toEqual([2, undefined]);
    const [, alone] = await pulled(0);
    expect([alone?.queueOffset, alone?.sysFlag, alone?.properties['INNER_NUM']]).toEqual([2, 0, '1']);
  });

  test('is shown when its delay is over', async () => {
    await sendBatch(['a']);
    await sendOne({ properties: { UNIQ_KEY: 'late', DELAY: '1' } });
    const [late] = await broker.consume({ topic: 'B', offset: 1 });
    expect([late?.queueOffset, late?.msgId]).toEqual([1, 'late']);
  });

  test('is refused when it says that it is a batch', async () => {
    const said = await sendOne({ properties: { INNER_NUM: '2' } });
    const flagged = await sendOne({ header: { sysFlag: INNER } });
    expect([said.code, flagged.code]).toEqual([ResponseCode.MESSAGE_ILLEGAL, ResponseCode.MESSAGE_ILLEGAL]);
  });
});

describe('a consumer that gives back', () => {
  const giveBack = (offset: number, delayLevel = 1): Promise<RemotingCommand> =>
    broker.request(RequestCode.CONSUMER_SEND_MSG_BACK, {
      ...{ offset: String(offset), group: 'G', delayLevel: String(delayLevel), originTopic: 'B' },
      ...{ unitMode: 'false', maxReconsumeTimes: '16' },
    });

  test('a message of a batch has to send a copy of it', async () => {
    await sendBatch(['a', 'b']);
    const [record] = await pulled(0);
    const answer = await giveBack(record?.commitLogOffset ?? -1);
    expect([answer.code, answer.remark]).toEqual([
      ResponseCode.SYSTEM_ERROR,
      'MESSAGE_ILLEGAL: the record holds several messages',
    ]);
    // As clients do then, with the properties they know: those of a message that was sent alone have these two.
    const properties = { UNIQ_KEY: 'ID-a', RETRY_TOPIC: 'B', DELAY: '1', INNER_NUM: '1', INNER_BASE: '0' };
    const header = { reconsumeTimes: 1, maxReconsumeTimes: 16 };
    expect((await broker.send({ topic: '%RETRY%G', properties, header })).code).toBe(ResponseCode.SUCCESS);
    const [copy] = await broker.consume({ topic: '%RETRY%G' });
    expect([copy?.msgId, copy?.properties['INNER_NUM']]).toEqual(['ID-a', undefined]);
  });

  test('a message that was sent alone gets it again', async () => {
    await sendOne({ properties: { UNIQ_KEY: 'alone' } });
    const [record] = await pulled(0);
    expect((await giveBack(record?.commitLogOffset ?? -1)).code).toBe(ResponseCode.SUCCESS);
    const [again] = await broker.consume({ topic: '%RETRY%G' });
    expect([again?.msgId, again?.reconsumeTimes, again?.properties['INNER_NUM']]).toEqual([
      'alone',
      1,
      undefined,
    ]);
  });
});

test('messages of such a topic cannot be popped', async () => {
  await broker.request(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, {}, Buffer.from('{"groupName":"G"}'));
  const answer = await broker.request(RequestCode.POP_MESSAGE, {
    ...{ consumerGroup: 'G', topic: 'B', queueId: '0', maxMsgNums: '8', invisibleTime: '10000' },
    ...{
      pollTime: '0',
      bornTime: String(Date.now()),
      initMode: '0',
      exp: '*',
      expType: 'TAG',
      order: 'false',
    },
  });
  expect([answer.code, answer.remark]).toEqual([
    ResponseCode.NO_PERMISSION,
    expect.stringContaining('cannot be popped'),
  ]);
});
