import { RemotingClient, RemotingCommand } from '@mq/remoting';
import { decodeRecords, encodeBatch, type MessageExt } from '@mq/remoting/message';
import {
  decodeTimerCheckpoint,
  decodeTimerMetrics,
  RequestCode,
  ResponseCode,
  SendMessageResponseHeader,
  TIMER_TOPIC,
} from '@mq/remoting/protocol';

import { parseRecallHandle, recallHandleOf } from '../src/schedule/recall-handle.js';
import { BrokerHarness } from './broker-harness.js';

/** Slots of 50 ms: the tests wait for real time. */
const FAST = { timerPrecisionMs: '50', recallMessageEnable: 'true', messageDelayLevel: '1s 1s 1h' };

let broker: BrokerHarness;
beforeEach(() => (broker = new BrokerHarness()));
afterEach(() => broker[Symbol.asyncDispose]());

function sendTimer(id: string, properties: Record<string, string>, topic = 'T'): Promise<RemotingCommand> {
  return broker.send({ topic, properties: { UNIQ_KEY: id, TAGS: 'A', ...properties } });
}

async function consumeAll(count: number, topic = 'T'): Promise<MessageExt[]> {
  const found: MessageExt[] = [];
  while (found.length < count) {
    const some = await broker.consume({ topic, offset: found.length });
    if (some.length === 0) throw new Error(`only ${found.length} of ${count} messages came`);
    found.push(...some);
  }
  return found;
}

describe('a message with a time of its own', () => {
  test.each([
    ['a delay in milliseconds', { TIMER_DELAY_MS: '120' }, 120],
    ['a delay in seconds', { TIMER_DELAY_SEC: '1', TIMER_DELAY_MS: '1' }, 1000],
  ] as const)('waits for %s, and comes as it was sent', async (_, properties, delayMs) => {
    await broker.start(FAST);
    const sentMs = Date.now();
    const answer = await sendTimer('ID1', properties);
    expect(answer.code).toBe(ResponseCode.SUCCESS);
    expect(SendMessageResponseHeader.decode(answer.extFields)).toMatchObject({
      queueId: 0,
      transactionId: 'ID1',
    });
    const [message] = await consumeAll(1);
    expect(message!.storeTimestamp - sentMs).toBeGreaterThanOrEqual(delayMs);
    expect(message).toMatchObject({ topic: 'T', queueId: 0, msgId: 'ID1' });
    expect(message!.body.toString()).toBe('body');
    expect(message!.properties).toMatchObject({ ...properties, REAL_TOPIC: 'T', REAL_QID: '0', TAGS: 'A' });
  });

  test('waits until the time it names; a tag filter finds it', async () => {
    await broker.start(FAST);
    const deliverMs = Date.now() + 150;
    await sendTimer('ID1', { TIMER_DELIVER_MS: String(deliverMs) });
    const [message] = await broker.consume({ subscription: 'A' });
    expect(message!.storeTimestamp).toBeGreaterThanOrEqual(deliverMs);
  });

  test('of the past is delivered at once', async () => {
    await broker.start(FAST);
    await sendTimer('ID1', { TIMER_DELIVER_MS: '1' });
    const [message] = await consumeAll(1);
    expect(message!.properties['TIMER_OUT_MS']).toBeUndefined();
  });

  test('and a delay level waits for the level alone', async () => {
    await broker.start(FAST);
    await sendTimer('ID1', { DELAY: '2', TIMER_DELAY_MS: '1' });
    const [message] = await consumeAll(1);
    expect(message!.properties['TIMER_DELAY_MS']).toBeUndefined();
    expect(message!.properties['DELAY']).toBe('2');
  });

  test('without UNIQ_KEY gets one, and its recall handle names it', async () => {
    await broker.start(FAST);
    const answer = await broker.send({ properties: { TIMER_DELAY_SEC: '60' } });
    const { transactionId, recallHandle } = SendMessageResponseHeader.decode(answer.extFields);
    expect(transactionId).toMatch(/^[0-9A-F]{32}$/);
    expect(parseRecallHandle(recallHandle!)?.uniqKey).toBe(transactionId);
  });

  test.each([
    ['too far ahead', { TIMER_DELAY_SEC: '259201' }, ResponseCode.MESSAGE_ILLEGAL, /max delay 259200000ms/],
    ['no number', { TIMER_DELAY_MS: 'soon' }, ResponseCode.MESSAGE_ILLEGAL, /timer message illegal/],
    [
      'a recall of the past',
      { TIMER_DELIVER_MS: '1', TIMER_DEL_UNIQKEY: 'T+x' },
      ResponseCode.MESSAGE_ILLEGAL,
      /del msg/,
    ],
  ])('is refused: %s', async (_, properties, code, remark) => {
    await broker.start(FAST);
    const answer = await sendTimer('ID1', properties);
    expect([answer.code, answer.remark]).toEqual([code, expect.stringMatching(remark)]);
  });

  test('is refused in a slot that has twice its bound', async () => {
    await broker.start({ ...FAST, timerCongestNumEachSlot: '1' });
    const deliver = { TIMER_DELIVER_MS: String(Date.now() + 3_600_000) };
    for (const id of ['a', 'b']) {
      expect((await sendTimer(id, deliver)).code).toBe(ResponseCode.SUCCESS);
      while (broker.controller.parts.timers!.enqueueBehind > 0)
        await new Promise((resolve) => void setImmediate(resolve));
    }
    const answer = await sendTimer('c', deliver);
    expect([answer.code, answer.remark]).toEqual([
      ResponseCode.SYSTEM_ERROR,
      expect.stringContaining('flow control'),
    ]);
  });

  test('is refused where the wheel is switched off', async () => {
    await broker.start({ timerWheelEnable: 'false' });
    const answer = await sendTimer('ID1', { TIMER_DELAY_MS: '10' });
    expect([answer.code, answer.remark]).toEqual([
      ResponseCode.SYSTEM_ERROR,
      'accurate timer message is not enabled, timerWheelEnable is false',
    ]);
    expect((await broker.request(RequestCode.GET_TIMER_METRICS)).code).toBe(ResponseCode.SYSTEM_ERROR);
    expect((await broker.request(RequestCode.GET_TIMER_CHECK_POINT)).remark).toBe('The checkpoint is null');
    expect(broker.controller.parts.topicConfig.select(TIMER_TOPIC)).toBeUndefined();
  });

  test('comes after a restart that happened meanwhile, once', async () => {
    await broker.start(FAST);
    await sendTimer('soon', { TIMER_DELAY_MS: '60' });
    await sendTimer('later', { TIMER_DELAY_MS: '700' });
    await consumeAll(1);
    await broker.stop();
    await broker.start(FAST);
    const messages = await consumeAll(2);
    expect(messages.map(({ msgId }) => msgId)).toEqual(['soon', 'later']);
  });
});

describe('a recall', () => {
  const recall = (handle: string, topic = 'T'): Promise<RemotingCommand> =>
    broker.request(RequestCode.RECALL_MESSAGE, { topic, recallHandle: handle, producerGroup: 'P' });
  const handleOf = (answer: RemotingCommand): string =>
    SendMessageResponseHeader.decode(answer.extFields).recallHandle!;

  test('takes back the message that its handle names, and no other of its slot', async () => {
    await broker.start(FAST);
    const deliver = { TIMER_DELIVER_MS: String(Date.now() + 400) };
    const handles = [];
    for (const id of ['a', 'b', 'c']) handles.push(handleOf(await sendTimer(id, deliver)));
    const answer = await recall(handles[1]!);
    expect([answer.code, answer.extFields['msgId']]).toEqual([ResponseCode.SUCCESS, 'b']);
    expect(answer.extFields['MSG_REGION']).toBe('DefaultRegion');
    await sendTimer('end', { TIMER_DELIVER_MS: String(Date.now() + 600) });
    expect((await consumeAll(3)).map(({ msgId }) => msgId)).toEqual(['a', 'c', 'end']);
    expect(
      decodeTimerMetrics((await broker.request(RequestCode.GET_TIMER_METRICS)).body).timingCount,
    ).toMatchObject({
      T: { count: 0 },
    });
  });

  const far = Date.now() + 3_600_000;
  test.each([
    ['of another topic', recallHandleOf('U', 'broker-t', far, 'x'), /topic not match/],
    ['of another broker', recallHandleOf('T', 'broker-x', far, 'x'), /not available/],
    ['of a time that has passed', recallHandleOf('T', 'broker-t', 1, 'x'), /timestamp invalid/],
    ['of a time too far ahead', recallHandleOf('T', 'broker-t', far * 2, 'x'), /timestamp invalid/],
    ['that is no handle', 'djIgYSBiIGMgZA==', /handle is invalid/],
    ['that is no base64', '!', /handle is invalid/],
  ])('with a handle %s is refused', async (_, handle, remark) => {
    await broker.start({ ...FAST, regionId: 'north' });
    await broker.send();
    const answer = await recall(handle);
    expect([answer.code, answer.remark]).toEqual([
      ResponseCode.ILLEGAL_OPERATION,
      expect.stringMatching(remark),
    ]);
    expect(answer.extFields['MSG_REGION']).toBe('north');
  });

  test('is refused unless the broker allows recalls, and for unknown topics', async () => {
    await broker.start({ ...FAST, recallMessageEnable: 'false' });
    const handle = recallHandleOf('T', 'broker-t', far, 'x');
    expect(await recall(handle)).toMatchObject({
      code: ResponseCode.NO_PERMISSION,
      remark: 'recall failed, operation is forbidden (recallMessageEnable is false)',
    });
    broker.controller.settings.update({ recallMessageEnable: 'true' });
    expect((await recall(handle, 'none')).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
  });
});

test('delay levels above the highest count as the highest', async () => {
  await broker.start({ messageDelayLevel: '1s' });
  await sendTimer('ID1', { DELAY: '40' });
  const [message] = await consumeAll(1);
  expect(message!.properties['DELAY']).toBe('1');
});

test('operators and slaves see how many timers wait, and how far they are', async () => {
  await broker.start(FAST);
  for (const id of ['a', 'b']) await sendTimer(id, { TIMER_DELAY_SEC: '60' });
  const { timers } = broker.controller.parts;
  while (timers!.enqueueBehind > 0) await new Promise((resolve) => void setImmediate(resolve));
  await timers!.flush();
  const checkpoint = decodeTimerCheckpoint((await broker.request(RequestCode.GET_TIMER_CHECK_POINT)).body);
  expect(checkpoint).toMatchObject({
    lastTimerLogFlushPos: 104,
    lastTimerQueueOffset: 2,
    masterTimerQueueOffset: 2,
  });
  const metrics = decodeTimerMetrics((await broker.request(RequestCode.GET_TIMER_METRICS)).body);
  expect(metrics.timingCount).toMatchObject({ T: { count: 2 } });
  const info = await broker.request(RequestCode.GET_BROKER_RUNTIME_INFO);
  expect(JSON.parse(info.body!.toString())).toMatchObject({
    table: { timerCongestNum: '2', timerOffsetBehind: '0', timerReadBehind: '0' },
  });
});

test('a batch may not hold timer messages', async () => {
  await broker.start(FAST);
  const batch = encodeBatch([
    { flag: 0, body: Buffer.from('x'), properties: { UNIQ_KEY: 'x', TIMER_DELAY_MS: '10' } },
  ]);
  const ext = { a: 'P', b: 'T', c: 'TBW102', d: '4', e: '0', f: '0', g: '1', h: '0', i: '', m: 'true' };
  const answer = await broker.request(RequestCode.SEND_BATCH_MESSAGE, ext, batch);
  expect(answer.code).toBe(ResponseCode.MESSAGE_ILLEGAL);
});

test('thousands of delayed messages all come, once, and none of them early', async () => {
  await broker.start({ messageDelayLevel: '1s' });
  const client: RemotingClient = broker.newClient();
  const ids = Array.from({ length: 2_000 }, (_, index) => `m${index}`);
  await Promise.all(ids.map((id) => broker.send({ properties: { UNIQ_KEY: id, DELAY: '1' } }, client)));
  const messages = await consumeAll(ids.length);
  expect(messages.map(({ msgId }) => msgId).sort()).toEqual([...ids].sort());
  const waiting = decodeRecords(Buffer.concat(await recordsOf('SCHEDULE_TOPIC_XXXX', ids.length)));
  const storedMs = new Map(waiting.map(({ msgId, storeTimestamp }) => [msgId, storeTimestamp]));
  const waitedMs = messages.map(({ msgId, storeTimestamp }) => storeTimestamp - storedMs.get(msgId)!);
  expect(Math.min(...waitedMs)).toBeGreaterThanOrEqual(1_000);
});

async function recordsOf(topic: string, count: number): Promise<Buffer[]> {
  const { store } = broker.controller.parts;
  const entries = await store.consumeQueueEntries(topic, 0, 0, count);
  const records: Buffer[] = [];
  await store.visitRecords(entries, (index, buffer, at) => {
    if (buffer !== undefined) records.push(Buffer.from(buffer.subarray(at, at + entries[index]!.sizeBytes)));
  });
  return records;
}
