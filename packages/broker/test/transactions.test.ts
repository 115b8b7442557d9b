import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { RequestCode, ResponseCode } from '@mq/remoting/protocol';

import { BrokerHarness } from './broker-harness.js';
import { COMMIT, ROLLBACK, TransactionProducer, UNKNOWN } from './transaction-producer.js';

const HALF = 'RMQ_SYS_TRANS_HALF_TOPIC';
const OP = 'RMQ_SYS_TRANS_OP_HALF_TOPIC';
const GIVEN_UP = 'TRANS_CHECK_MAX_TIME_TOPIC';

/** Checks at once and often. */
const EAGER = { transactionTimeOut: '0', transactionCheckInterval: '20' };
/** Never checks while a test lasts. */
const CALM = { transactionCheckInterval: '600000' };

describe('a broker with transactions', () => {
  let broker: BrokerHarness;
  beforeEach(() => {
    broker = new BrokerHarness();
  });
  afterEach(async () => {
    await broker[Symbol.asyncDispose]();
  });

  const bodies = async (topic: string, offset = 0): Promise<string[]> =>
    (await broker.consume({ topic, offset })).map(({ body }) => body.toString());
  const store = () => broker.controller.parts.store;
  const visible = () => store().maxOffsetInQueue('T', 0);
  const waiting = () => broker.controller.parts.transactions.metrics.count('T');

  describe('between half message and end', () => {
    test('shows a message to consumers once it is committed, as it was sent', async () => {
      await broker.start({ ...CALM, brokerClusterName: 'C1' });
      const producer = await TransactionProducer.join(broker);
      const half = await producer.sendHalf('tx1', { properties: { KEYS: 'k', mine: '1' } });
      expect(visible()).toBe(0);
      expect(waiting()).toBe(1);
      expect((await producer.end(half, COMMIT)).code).toBe(ResponseCode.SUCCESS);
      const [message] = await broker.consume();
      expect(message).toMatchObject({
        topic: 'T',
        queueId: 0,
        queueOffset: 0,
        sysFlag: 8,
        preparedTransactionOffset: half.commitLogOffset,
      });
      expect(message?.body.toString()).toBe('tx1');
      expect({ ...message?.properties }).toEqual({
        UNIQ_KEY: 'tx1',
        KEYS: 'k',
        TAGS: 'A',
        mine: '1',
        TRAN_MSG: 'true',
        PGROUP: 'P',
        CLUSTER: 'C1',
        MSG_REGION: 'DefaultRegion',
        TRACE_ON: 'true',
        __transactionId__: 'tx1',
        REAL_TOPIC: 'T',
        REAL_QID: '0',
      });
      expect(waiting()).toBe(0);
    });

    test('finds a committed message by tag, key and id', async () => {
      await broker.start(CALM);
      const producer = await TransactionProducer.join(broker);
      await producer.end(await producer.sendHalf('tx1'), COMMIT);
      expect(await bodies('T')).toEqual(['tx1']);
      const found = await store().queryMessage('T', 'tx1', 8, 0, Date.now() + 1_000, { unique: true });
      expect(found.buffers).toHaveLength(1);
      const other = await broker.pull({ subscription: 'B' });
      expect(other.code).toBe(ResponseCode.PULL_RETRY_IMMEDIATELY);
    });

    test('never shows a message that is rolled back', async () => {
      await broker.start({ transactionTimeOut: '200', transactionCheckInterval: '20' });
      const producer = await TransactionProducer.join(broker);
      const half = await producer.sendHalf('gone');
      expect((await producer.end(half, ROLLBACK)).code).toBe(ResponseCode.SUCCESS);
      const other = await producer.sendHalf('kept');
      await producer.end(other, COMMIT);
      expect(await bodies('T')).toEqual(['kept']);
      expect(waiting()).toBe(0);
      // Rounds that would ask have gone by once a third message is asked about.
      await producer.sendHalf('asked about');
      await producer.checked(1);
      expect(producer.checks.map(({ message }) => message.msgId)).toEqual(['asked about']);
    });

    test('ends a transaction once, whoever says so again', async () => {
      await broker.start(CALM);
      const producer = await TransactionProducer.join(broker);
      const half = await producer.sendHalf('tx1');
      const answers = await Promise.all([COMMIT, COMMIT, ROLLBACK].map((how) => producer.end(half, how)));
      expect(answers.map(({ code }) => code).sort()).toEqual([0, 1, 1]);
      expect((await producer.end(half, COMMIT)).remark).toBe('The transaction has ended already');
      expect(visible()).toBe(1);
    });

    test.each([
      ['another group', { producerGroup: 'Q' }, 'The producer group wrong'],
      ['another queue offset', { tranStateTableOffset: 7 }, 'The transaction state table offset wrong'],
      ['no record', { commitLogOffset: 3 }, 'Find prepared transaction message failed'],
      ['an offset beyond the log', { commitLogOffset: 1e12 }, 'Find prepared transaction message failed'],
    ])('refuses an end that names %s', async (_what, change, remark) => {
      await broker.start(CALM);
      const producer = await TransactionProducer.join(broker);
      const half = await producer.sendHalf('tx1');
      const answer = await producer.end(half, COMMIT, change);
      expect([answer.code, answer.remark]).toEqual([ResponseCode.SYSTEM_ERROR, remark]);
      expect(visible()).toBe(0);
      expect((await producer.end(half, COMMIT)).code).toBe(0);
    });

    test('refuses to commit a record that is no half message', async () => {
      await broker.start(CALM);
      const producer = await TransactionProducer.join(broker);
      await broker.send({ properties: { UNIQ_KEY: 'x', PGROUP: 'P', REAL_TOPIC: 'U', REAL_QID: '0' } });
      const answer = await producer.end(
        { uniqKey: 'x', tranStateTableOffset: 0, commitLogOffset: 0 },
        COMMIT,
      );
      expect(answer.remark).toBe('Find prepared transaction message failed');
    });

    test('believes the properties it adds itself, not those of the producer', async () => {
      await broker.start(CALM);
      const producer = await TransactionProducer.join(broker);
      const forged = { REAL_TOPIC: 'TBW102', REAL_QID: '3', __transactionId__: 'x' };
      await producer.end(await producer.sendHalf('tx1', { properties: forged }), COMMIT);
      expect(await bodies('T')).toEqual(['tx1']);
    });

    test.each([
      [
        'rejectTransactionMessage',
        { rejectTransactionMessage: 'true' },
        {},
        /sending transaction message is forbidden/,
      ],
      ['a delay level', {}, { DELAY: '3' }, /cannot be delayed/],
      ['a timer', {}, { TIMER_DELAY_MS: '3' }, /cannot be delayed/],
    ])('refuses half messages with %s', async (_what, settings, properties, reason) => {
      await broker.start({ ...CALM, ...settings });
      const producer = await TransactionProducer.join(broker);
      await expect(producer.sendHalf('tx1', { properties })).rejects.toThrow(reason);
      expect(store().maxOffsetInQueue(HALF, 0)).toBe(0);
    });

    test('says what has ended in few op messages', async () => {
      await broker.start({ ...CALM, transactionOpBatchInterval: '20', transactionOpMsgMaxSize: '10' });
      const producer = await TransactionProducer.join(broker);
      const halves = [];
      for (let index = 0; index < 12; index++) halves.push(await producer.sendHalf(`tx${index}`));
      for (const half of halves) await producer.end(half, half.tranStateTableOffset % 2 ? COMMIT : ROLLBACK);
      const ended: string[] = [];
      while (ended.join('').split(',').length <= 12) ended.push(...(await bodies(OP, ended.length)));
      expect(ended.join('')).toBe('0,1,2,3,4,5,6,7,8,9,10,11,');
      expect(ended.length).toBeLessThan(12);
    });
  });

  describe('when nobody has decided', () => {
    test('asks the producer, tells it the message as consumers will get it, and does what it says', async () => {
      await broker.start(EAGER);
      const producer = await TransactionProducer.join(broker);
      const half = await producer.sendHalf('tx1');
      await producer.end(half, UNKNOWN);
      const [check] = await producer.checked(1);
      expect(check?.header).toMatchObject({
        topic: HALF,
        msgId: 'tx1',
        transactionId: 'tx1',
        bname: 'broker-t',
      });
      expect(check?.header.tranStateTableOffset).toBeGreaterThan(half.tranStateTableOffset);
      expect(check?.message).toMatchObject({ topic: 'T', queueId: 0, msgId: 'tx1' });
      expect(check?.message.offsetMsgId).toBe(check?.header.offsetMsgId);
      expect(check?.message.body.toString()).toBe('tx1');
      expect((await check?.answer(COMMIT))?.code).toBe(0);
      expect(await bodies('T')).toEqual(['tx1']);
    });

    test('delivers once when the late commit of the sender and the answer to a check cross', async () => {
      await broker.start(EAGER);
      const producer = await TransactionProducer.join(broker);
      const half = await producer.sendHalf('tx1');
      const [first, second] = await producer.checked(2);
      const late = await producer.end(half, COMMIT);
      const answers = [await first?.answer(COMMIT), await second?.answer(ROLLBACK)];
      expect([late.code, ...answers.map((answer) => answer?.code)]).toEqual([0, 1, 1]);
      await producer.end(await producer.sendHalf('tx2'), COMMIT);
      expect(await bodies('T')).toEqual(['tx1', 'tx2']);
    });

    test('asks another producer of the group when the sender is gone, and none of other groups', async () => {
      await broker.start({ ...EAGER, transactionCheckMax: '1000000' });
      const sender = await TransactionProducer.join(broker);
      await sender.sendHalf('tx1');
      await sender.client.close();
      const stranger = await TransactionProducer.join(broker, 'Q');
      const heir = await TransactionProducer.join(broker);
      const [check] = await heir.checked(1);
      await check?.answer(COMMIT);
      expect(await bodies('T')).toEqual(['tx1']);
      expect(stranger.checks).toEqual([]);
    });

    test('takes turns between the producers of a group', async () => {
      await broker.start({ ...EAGER, transactionCheckMax: '1000000' });
      const producers = [await TransactionProducer.join(broker), await TransactionProducer.join(broker)];
      await producers[0]?.sendHalf('tx1');
      await Promise.all(producers.map((producer) => producer.checked(2)));
    });

    test('gives up after transactionCheckMax checks and keeps the message aside', async () => {
      await broker.start({ ...EAGER, transactionCheckMax: '3' });
      const producer = await TransactionProducer.join(broker);
      await producer.sendHalf('tx1', { properties: { mine: '1' } });
      while (store().maxOffsetInQueue(GIVEN_UP, 0) === 0)
        await new Promise((resolve) => setTimeout(resolve, 10));
      const [message] = await broker.consume({ topic: GIVEN_UP });
      expect(message?.body.toString()).toBe('tx1');
      expect({ ...message?.properties }).toMatchObject({
        mine: '1',
        UNIQ_KEY: 'tx1',
        PGROUP: 'P',
        REAL_TOPIC: 'T',
        REAL_QID: '0',
        TRANSACTION_CHECK_TIMES: '3',
      });
      expect(producer.checks).toHaveLength(3);
      expect(visible()).toBe(0);
      expect(waiting()).toBe(0);

      const resumed = await broker.request(RequestCode.RESUME_CHECK_HALF_MESSAGE, {
        msgId: message?.offsetMsgId ?? '',
        topic: 'T',
      });
      expect(resumed.code).toBe(0);
      const check = (await producer.checked(4))[3];
      await check?.answer(COMMIT);
      expect(await bodies('T')).toEqual(['tx1']);
    });

    test('resumes only half messages', async () => {
      await broker.start(CALM);
      await broker.send();
      for (const msgId of ['', 'x', '7F00000100002A9F0000000000000000']) {
        const answer = await broker.request(RequestCode.RESUME_CHECK_HALF_MESSAGE, { msgId });
        expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR);
      }
      expect(store().maxOffsetInQueue(HALF, 0)).toBe(0);
    });

    test('waits for transactionTimeOut', async () => {
      await broker.start({ transactionTimeOut: '600000', transactionCheckInterval: '10' });
      const producer = await TransactionProducer.join(broker);
      await producer.sendHalf('young');
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(producer.checks).toEqual([]);
      expect(store().maxOffsetInQueue(HALF, 0)).toBe(1);
    });

    test('leaves a message alone for the time it asks for, without holding up others or counting checks', async () => {
      await broker.start({ ...EAGER, transactionCheckMax: '5' });
      const producer = await TransactionProducer.join(broker);
      producer.decide = ({ message }) => (message.msgId === 'tx1' ? ROLLBACK : COMMIT);
      const bornAt = Date.now();
      await producer.sendHalf('immune', { properties: { CHECK_IMMUNITY_TIME_IN_SECONDS: '2' } });
      await producer.sendHalf('tx1');
      const isAsked = () => producer.checks.findIndex(({ message }) => message.msgId === 'immune');
      await producer.checked(1);
      expect(producer.checks[0]?.message.msgId).toBe('tx1');
      while (isAsked() < 0) await producer.checked(producer.checks.length + 1);
      expect(Date.now() - bornAt).toBeGreaterThanOrEqual(1_990);
      // It was appended again every 20 ms meanwhile, or as often as a busy machine allows: more often than it may be checked.
      expect(store().maxOffsetInQueue(HALF, 0)).toBeGreaterThan(8);
      expect(producer.checks[isAsked()]?.message.properties['TRANSACTION_CHECK_TIMES']).toBe('1');
      expect(await bodies('T')).toEqual(['immune']);
    });

    test('commits an immune message within its time, and leaves it to the checks afterwards', async () => {
      await broker.start({ ...EAGER, transactionCheckInterval: '10' });
      const producer = await TransactionProducer.join(broker);
      const properties = { CHECK_IMMUNITY_TIME_IN_SECONDS: '1' };
      const half = await producer.sendHalf('in time', { properties });
      const late = await producer.sendHalf('late', { properties });
      // Both are appended again.
      while (store().maxOffsetInQueue(HALF, 0) < 4) await new Promise((resolve) => setTimeout(resolve, 5));
      expect((await producer.end(half, COMMIT)).code).toBe(0);
      const [check] = await producer.checked(1);
      expect(check?.message.msgId).toBe('late');
      expect((await producer.end(late, COMMIT)).code).toBe(ResponseCode.ILLEGAL_OPERATION);
      expect((await check?.answer(COMMIT))?.code).toBe(0);
      expect(await bodies('T')).toEqual(['in time', 'late']);
    });
  });

  describe('after a restart', () => {
    const restart = async (settings: Record<string, string>): Promise<TransactionProducer> => {
      await broker.stop();
      await broker.start(settings);
      return TransactionProducer.join(broker);
    };

    test('commits what was half before', async () => {
      await broker.start(CALM);
      const half = await (await TransactionProducer.join(broker)).sendHalf('tx1');
      const producer = await restart(CALM);
      expect(waiting()).toBe(1);
      expect((await producer.end(half, COMMIT)).code).toBe(0);
      expect(await bodies('T')).toEqual(['tx1']);
    });

    test('checks what waits and nothing else, and remembers what became of it', async () => {
      await broker.start(CALM);
      const before = await TransactionProducer.join(broker);
      const halves = [];
      for (const id of ['a', 'b', 'c', 'd']) halves.push(await before.sendHalf(id));
      await before.end(halves[0]!, COMMIT);
      await before.end(halves[2]!, ROLLBACK);
      const producer = await restart(EAGER);
      producer.decide = ({ message }) => (message.msgId === 'b' ? COMMIT : ROLLBACK);
      await producer.checked(2);
      expect(producer.checks.map(({ message }) => message.msgId).slice(0, 2)).toEqual(['b', 'd']);
      expect(await bodies('T', 1)).toEqual(['b']);
      const after = await restart(EAGER);
      await after.end(await after.sendHalf('e'), COMMIT);
      expect(await bodies('T')).toEqual(['a', 'b', 'e']);
      expect(after.checks).toEqual([]);
    });

    test('keeps its progress in the offsets of CID_RMQ_SYS_TRANS', async () => {
      await broker.start({ ...EAGER, transactionOpBatchInterval: '1', flushDiskType: 'SYNC_FLUSH' });
      const producer = await TransactionProducer.join(broker);
      producer.decide = () => COMMIT;
      for (let index = 0; index < 5; index++) await producer.sendHalf(`tx${index}`);
      await producer.checked(5);
      while (broker.controller.parts.consumerOffsets.query('CID_RMQ_SYS_TRANS', HALF, 0) < 10) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await broker.stop();
      const text = readFileSync(join(broker.directory, 'config/consumerOffset.json'), 'utf8');
      expect(text).toMatch(/"RMQ_SYS_TRANS_HALF_TOPIC@CID_RMQ_SYS_TRANS":\{0:10/);
      expect(text).toMatch(/"RMQ_SYS_TRANS_OP_HALF_TOPIC@CID_RMQ_SYS_TRANS":\{0:[1-9]/);
      const metrics = readFileSync(join(broker.directory, 'config/transactionMetrics'), 'utf8');
      expect(metrics).toMatch(/^\{"dataVersion":\{"counter":\d+,"stateVersion":0,"timestamp":\d+\},/);
      expect(metrics).toMatch(/"transactionCount":\{"T":\{"count":0,"timeStamp":\d+\}\}\}$/);
    });
  });

  describe('after being killed', () => {
    let copies: BrokerHarness[];
    beforeEach(() => {
      copies = [];
    });
    afterEach(async () => {
      for (const copy of copies) await copy[Symbol.asyncDispose]();
    });

    /** A broker on what a kill would leave of this one now: whatever was written, no matter what is in memory. */
    const killedAndStarted = async (settings: Record<string, string>) => {
      const copy = new BrokerHarness();
      copies.push(copy);
      cpSync(broker.directory, copy.directory, { recursive: true });
      rmSync(join(copy.directory, 'lock.owner'), { force: true });
      await copy.start(settings);
      return { copy, producer: await TransactionProducer.join(copy) };
    };

    const asked = (producer: TransactionProducer): string[] => [
      ...new Set(producer.checks.map(({ message }) => message.msgId)),
    ];

    test('a commit that no op message tells of is not asked about again', async () => {
      await broker.start({ ...CALM, transactionOpBatchInterval: '600000' });
      const before = await TransactionProducer.join(broker);
      const halves = [];
      for (let index = 0; index < 100; index++) halves.push(await before.sendHalf(`tx${index}`));
      await Promise.all(halves.slice(1).map((half) => before.end(half, COMMIT)));
      expect(store().maxOffsetInQueue(OP, 0)).toBe(0);

      const { copy, producer } = await killedAndStarted(EAGER);
      producer.decide = () => COMMIT;
      await producer.checked(1);
      await producer.end(await producer.sendHalf('after'), COMMIT);
      expect(asked(producer).filter((id) => id !== 'after')).toEqual(['tx0']);
      expect(copy.controller.parts.store.maxOffsetInQueue('T', 0)).toBe(101);
    });

    test('only the commits behind the mark of the last op message are looked for', async () => {
      await broker.start({ ...CALM, transactionOpMsgMaxSize: '4', transactionOpBatchInterval: '600000' });
      const before = await TransactionProducer.join(broker);
      for (const id of ['a', 'b', 'c']) await before.end(await before.sendHalf(id), COMMIT);
      await before.sendHalf('waits');
      expect(store().maxOffsetInQueue(OP, 0)).toBe(1);
      const { producer } = await killedAndStarted(EAGER);
      await producer.checked(2);
      expect(asked(producer)).toEqual(['waits']);
    });

    test('a transaction of which an older copy was committed has ended', async () => {
      await broker.start({
        ...EAGER,
        transactionOpBatchInterval: '600000',
        flushConsumerOffsetInterval: '600000',
      });
      const before = await TransactionProducer.join(broker);
      const half = await before.sendHalf('tx1');
      await before.checked(2);
      expect((await before.end(half, COMMIT)).code).toBe(0);

      const { producer } = await killedAndStarted(EAGER);
      await producer.sendHalf('waits');
      await producer.checked(1);
      expect(asked(producer)).toEqual(['waits']);
    });

    test('copies of one transaction whose progress was lost are one transaction', async () => {
      await broker.start({ ...EAGER, transactionCheckMax: '1000', flushConsumerOffsetInterval: '600000' });
      const before = await TransactionProducer.join(broker);
      const half = await before.sendHalf('tx1');
      await before.checked(3);

      const { copy, producer } = await killedAndStarted({ ...EAGER, transactionCheckMax: '1000' });
      await producer.checked(1);
      expect((await producer.end(half, COMMIT)).code).toBe(0);
      for (const { answer } of producer.checks) expect((await answer(COMMIT)).code).toBe(1);
      expect(copy.controller.parts.store.maxOffsetInQueue('T', 0)).toBe(1);
    });
  });
});
