import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { RemotingCommand } from '@mq/remoting';
import { decodeRecords, encodeBatch } from '@mq/remoting/message';
import { RequestCode, ResponseCode, SendMessageResponseHeader } from '@mq/remoting/protocol';

import { BrokerHarness } from './broker-harness.js';

describe('a broker', () => {
  let broker: BrokerHarness;
  beforeEach(() => {
    broker = new BrokerHarness();
  });
  afterEach(async () => {
    await broker[Symbol.asyncDispose]();
  });

  describe('sends and pulls', () => {
    test.each(['JSON', 'ROCKETMQ'] as const)(
      'hand back in %s what was stored, with what a broker adds',
      async (serializeType) => {
        await broker.start({ brokerClusterName: 'C1' });
        const client = broker.newClient({ serializeType });
        const answer = await broker.send({ properties: { UNIQ_KEY: 'ID1', TAGS: 'A', KEYS: 'k' } }, client);
        expect(answer.code).toBe(ResponseCode.SUCCESS);
        const header = SendMessageResponseHeader.decode(answer.extFields);
        expect(header).toMatchObject({ queueId: 0, queueOffset: 0, transactionId: 'ID1', traceOn: true });

        const pulled = await broker.pull({}, client);
        expect({ ...pulled.extFields }).toMatchObject({
          nextBeginOffset: '1',
          minOffset: '0',
          maxOffset: '1',
        });
        const [message] = decodeRecords(pulled.body ?? Buffer.alloc(0));
        expect(message).toMatchObject({ topic: 'T', queueId: 0, queueOffset: 0, offsetMsgId: header.msgId });
        expect(message?.body.toString()).toBe('body');
        expect({ ...message?.properties }).toEqual({
          UNIQ_KEY: 'ID1',
          TAGS: 'A',
          KEYS: 'k',
          CLUSTER: 'C1',
          MSG_REGION: 'DefaultRegion',
          TRACE_ON: 'true',
        });
      },
    );

    test.each(['ASYNC_FLUSH', 'SYNC_FLUSH'])(
      'answer each message with its own id, and store its own bytes, with %s',
      async (flushDiskType) => {
        await broker.start({ flushDiskType });
        const client = broker.newClient({ serializeType: 'ROCKETMQ' });
        const ids = Array.from({ length: 200 }, (_, index) => `ID${index}`);
        const send = async (id: string): Promise<string | undefined> => {
          const answer = await broker.send({ properties: { UNIQ_KEY: id }, body: Buffer.from(id) }, client);
          return SendMessageResponseHeader.decode(answer.extFields).transactionId;
        };
        const answered = [await send('ID0'), ...(await Promise.all(ids.slice(1).map(send)))];
        expect(answered).toEqual(ids);
        const stored = await broker.consume({ maxMsgNums: 200 });
        expect(stored.map(({ body, msgId }) => [body.toString(), msgId])).toEqual(
          ids.slice(0, stored.length).map((id) => [id, id]),
        );
        expect(stored.length).toBeGreaterThan(30);
      },
    );

    test('give a message without UNIQ_KEY one of the broker', async () => {
      await broker.start();
      const { transactionId } = SendMessageResponseHeader.decode(
        (await broker.send({ properties: {} })).extFields,
      );
      const [message] = await broker.consume();
      expect(transactionId).toMatch(/^[0-9A-F]{32}$/);
      expect(message?.msgId).toBe(transactionId);
    });

    test('leave the queue to the broker where they name none', async () => {
      const choices = [0.99, 0, 0.5];
      await broker.start({}, { random: () => choices.shift()! });
      const queueIds: number[] = [];
      for (let count = 0; count < 3; count++) {
        const { extFields } = await broker.send({ queueId: -1 });
        queueIds.push(SendMessageResponseHeader.decode(extFields).queueId);
      }
      expect(queueIds).toEqual([3, 0, 2]);
    });

    test('keep the ids of the messages of a batch', async () => {
      await broker.start();
      await broker.send();
      const batch = encodeBatch(
        ['b1', 'b2', 'b3'].map((id) => ({ flag: 7, body: Buffer.from(id), properties: { UNIQ_KEY: id } })),
      );
      const ext = { a: 'P', b: 'T', c: 'TBW102', d: '4', e: '0', f: '0', g: '1', h: '0', i: '', m: 'true' };
      const answer = await broker.request(RequestCode.SEND_BATCH_MESSAGE, ext, batch);
      expect(answer.code).toBe(ResponseCode.SUCCESS);
      expect(answer.extFields['msgId']?.split(',')).toHaveLength(3);
      const messages = await broker.consume({ offset: 1 });
      expect(messages.map(({ msgId, queueOffset, flag }) => [msgId, queueOffset, flag])).toEqual([
        ['b1', 1, 7],
        ['b2', 2, 7],
        ['b3', 3, 7],
      ]);
    });

    test('filter by tag', async () => {
      await broker.start();
      for (const TAGS of ['A', 'B', 'A']) await broker.send({ properties: { UNIQ_KEY: 'x', TAGS } });
      expect((await broker.consume({ subscription: 'A' })).map(({ queueOffset }) => queueOffset)).toEqual([
        0, 2,
      ]);
      const none = await broker.pull({ subscription: 'C' });
      expect([none.code, none.remark]).toEqual([ResponseCode.PULL_RETRY_IMMEDIATELY, 'NO_MATCHED_MESSAGE']);
    });

    test('refuse half messages in a batch instead of storing them as ordinary ones', async () => {
      await broker.start();
      const properties = { UNIQ_KEY: 'half', TRAN_MSG: 'true', PGROUP: 'P' };
      const batch = encodeBatch([{ flag: 0, body: Buffer.from('half'), properties }]);
      const ext = { a: 'P', b: 'T', c: 'TBW102', d: '4', e: '0', f: '0', g: '1', h: '0', i: '', m: 'true' };
      const answer = await broker.request(RequestCode.SEND_BATCH_MESSAGE, ext, batch);
      expect([answer.code, answer.remark]).toEqual([
        ResponseCode.MESSAGE_ILLEGAL,
        'a batch cannot hold transactional messages',
      ]);
    });

    test.each([
      ['delayed', { i: 'DELAY\u00011' }, 'a batch cannot hold delayed messages'],
      ['timed', { i: 'TIMER_DELAY_MS\u00011000' }, 'a batch cannot hold delayed messages'],
      ['half', { i: 'TRAN_MSG\u0001true' }, 'a batch cannot hold transactional messages'],
      ['half by its flags', { f: '4' }, 'a batch cannot hold transactional messages'],
    ])('refuse a batch that is %s as a whole', async (_what, said, remark) => {
      await broker.start();
      const batch = encodeBatch([{ flag: 0, body: Buffer.from('x'), properties: { UNIQ_KEY: 'x' } }]);
      const ext = { a: 'P', b: 'T', c: 'TBW102', d: '4', e: '0', f: '0', g: '1', h: '0', i: '', m: 'true' };
      const answer = await broker.request(RequestCode.SEND_BATCH_MESSAGE, { ...ext, ...said }, batch);
      expect([answer.code, answer.remark]).toEqual([ResponseCode.MESSAGE_ILLEGAL, remark]);
    });

    test('refuse what is above the bound of bytes in flight, with a remark that names it', async () => {
      await broker.start({ maxSendBytesInFlight: '1024' });
      await broker.send();
      // One client writes what it sends in one turn as one chunk, so the broker reads all of them in one turn.
      const answers = await Promise.all([1, 2, 3, 4].map(() => broker.send({ body: Buffer.alloc(500) })));
      const refused = answers.filter(({ code }) => code === ResponseCode.SYSTEM_BUSY);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused[0]?.remark).toMatch(/^\[OVERLOAD\].*maxSendBytesInFlight is 1024/);
      expect((await broker.send()).code).toBe(ResponseCode.SUCCESS);
    });
  });

  describe('long polling', () => {
    test('answers a waiting pull when its message arrives', async () => {
      await broker.start();
      await broker.send();
      const waiting = broker.consume({ offset: 1 });
      await broker.send({ properties: { UNIQ_KEY: 'second' } });
      expect((await waiting).map(({ msgId }) => msgId)).toEqual(['second']);
    });

    test('answers PULL_NOT_FOUND when the time is over', async () => {
      await broker.start();
      await broker.send();
      const answer = await broker.pull({ offset: 1, suspendTimeoutMillis: 50 });
      expect([answer.code, answer.remark]).toEqual([ResponseCode.PULL_NOT_FOUND, 'OFFSET_OVERFLOW_ONE']);
      expect(answer.extFields['nextBeginOffset']).toBe('1');
    });

    test('forgets the pulls of a connection that closed', async () => {
      await broker.start();
      await broker.send();
      const client = broker.newClient();
      const waiting = broker.pull({ offset: 1, suspendTimeoutMillis: 15_000 }, client);
      await broker.request(RequestCode.GET_MAX_OFFSET, { topic: 'T', queueId: '0' }, undefined, client);
      expect(broker.controller.parts.pullHolds.size).toBe(1);
      await Promise.all([client.close({ timeoutMs: 0 }), expect(waiting).rejects.toThrow()]);
      while (broker.controller.parts.pullHolds.size > 0)
        await broker.request(RequestCode.GET_MAX_OFFSET, { topic: 'T', queueId: '0' });
    });

    test('answers waiting pulls at close instead of leaving them', async () => {
      await broker.start();
      await broker.send();
      const waiting = broker.pull({ offset: 1, suspendTimeoutMillis: 15_000 });
      await broker.request(RequestCode.GET_MAX_OFFSET, { topic: 'T', queueId: '0' });
      await broker.controller.close();
      expect((await waiting).code).toBe(ResponseCode.PULL_NOT_FOUND);
    });
  });

  describe('consumer groups', () => {
    test('are told when a member joins and when one leaves', async () => {
      await broker.start();
      const notified: string[] = [];
      let wake = (): void => undefined;
      const first = broker.newClient();
      first.register(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, (request) => {
        notified.push(request.extFields['consumerGroup'] ?? '');
        wake();
        return undefined;
      });
      const heard = async (count: number): Promise<void> => {
        while (notified.length < count) await new Promise<void>((resolve) => (wake = resolve));
      };
      await broker.heartbeat('c1', 'G', ['T'], first);
      await heard(1);
      const second = broker.newClient();
      await broker.heartbeat('c2', 'G', ['T'], second);
      await heard(2);
      const list = await broker.request(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { consumerGroup: 'G' });
      expect(list.body?.toString()).toBe('{"consumerIdList":["c1","c2"]}');
      await second.close();
      await heard(3);
      expect(notified).toEqual(['G', 'G', 'G']);
      expect(broker.controller.parts.topicConfig.select('%RETRY%G')?.perm).toBe(6);
    });

    test('keep committed offsets over a restart, whichever way they came', async () => {
      await broker.start();
      for (let index = 0; index < 3; index++) await broker.send();
      await broker.pull({ group: 'ByPull', offset: 2, commitOffset: 2 });
      const commit = { consumerGroup: 'ByPull', topic: 'T', queueId: '1', commitOffset: '7' };
      expect((await broker.request(RequestCode.UPDATE_CONSUMER_OFFSET, commit)).code).toBe(
        ResponseCode.SUCCESS,
      );
      await broker.stop();
      await broker.start();
      const query = async (queueId: string) =>
        (
          await broker.request(RequestCode.QUERY_CONSUMER_OFFSET, {
            consumerGroup: 'ByPull',
            topic: 'T',
            queueId,
          })
        ).extFields['offset'];
      expect([await query('0'), await query('1')]).toEqual(['2', '7']);
    });

    test('lock queues one client at a time', async () => {
      await broker.start();
      const lock = async (clientId: string) => {
        const body = {
          clientId,
          consumerGroup: 'G',
          mqSet: [{ brokerName: 'broker-t', queueId: 0, topic: 'T' }],
        };
        const answer = await broker.request(RequestCode.LOCK_BATCH_MQ, {}, Buffer.from(JSON.stringify(body)));
        return (JSON.parse(answer.body?.toString() ?? '{}') as { lockOKMQSet: unknown[] }).lockOKMQSet.length;
      };
      expect([await lock('c1'), await lock('c2'), await lock('c1')]).toEqual([1, 0, 1]);
    });
  });

  describe('retries', () => {
    const levels = '0s 0s 0s 0s 0s';
    const sendBack = (offset: number, more: Record<string, string> = {}) =>
      broker.request(RequestCode.CONSUMER_SEND_MSG_BACK, {
        offset: String(offset),
        group: 'G',
        delayLevel: '0',
        ...more,
      });

    test('bring a message back to its group after the delay of its level', async () => {
      await broker.start({ messageDelayLevel: levels });
      await broker.send({ properties: { UNIQ_KEY: 'ID1', TAGS: 'A' } });
      const [original] = await broker.consume();
      expect((await sendBack(original?.commitLogOffset ?? -1)).code).toBe(ResponseCode.SUCCESS);
      const [retried] = await broker.consume({ topic: '%RETRY%G' });
      expect(retried).toMatchObject({
        topic: '%RETRY%G',
        reconsumeTimes: 1,
        msgId: 'ID1',
        bornHost: original?.bornHost,
      });
      expect(retried?.properties).toMatchObject({
        RETRY_TOPIC: 'T',
        ORIGIN_MESSAGE_ID: original?.offsetMsgId,
        REAL_TOPIC: '%RETRY%G',
        REAL_QID: '0',
        DELAY: '3',
        WAIT: 'false',
      });
    });

    test.each([
      ['asked for', { delayLevel: '-1' }],
      ['over the limit', { maxReconsumeTimes: '0' }],
    ])('end in the dead letter topic when that is %s', async (_why, more) => {
      await broker.start({ messageDelayLevel: levels });
      await broker.send();
      const [original] = await broker.consume();
      expect((await sendBack(original?.commitLogOffset ?? -1, more)).code).toBe(ResponseCode.SUCCESS);
      const [dead] = await broker.consume({ topic: '%DLQ%G' });
      expect(dead).toMatchObject({ topic: '%DLQ%G', queueId: 0, reconsumeTimes: 1 });
      expect(dead?.properties['RETRY_TOPIC']).toBe('T');
    });

    test('that a client sends by itself obey the same limit', async () => {
      await broker.start();
      const properties = { UNIQ_KEY: 'ID1', RETRY_TOPIC: 'T', DELAY: '3' };
      const header = { reconsumeTimes: 17, maxReconsumeTimes: 16 };
      expect((await broker.send({ topic: '%RETRY%G', properties, header })).code).toBe(ResponseCode.SUCCESS);
      expect((await broker.consume({ topic: '%DLQ%G' })).map(({ msgId }) => msgId)).toEqual(['ID1']);
    });

    test('survive a restart before they are due', async () => {
      await broker.start({ messageDelayLevel: '1s' });
      await broker.send();
      await broker.send({ properties: { UNIQ_KEY: 'later', DELAY: '1' } });
      expect(await broker.pull({ offset: 1 })).toMatchObject({ code: ResponseCode.PULL_NOT_FOUND });
      await broker.stop();
      await broker.start({ messageDelayLevel: '1s' });
      const [message] = await broker.consume({ offset: 1 });
      expect(message?.msgId).toBe('later');
      await broker.stop();
      expect(readFileSync(join(broker.directory, 'config/delayOffset.json'), 'utf8')).toMatch(
        /"offsetTable":\{1:1\n/,
      );
    });
  });

  describe('replies', () => {
    const reply = (clientId: string) => ({
      topic: 'DefaultCluster_REPLY_TOPIC',
      properties: { UNIQ_KEY: 'R1', REPLY_TO_CLIENT: clientId, CORRELATION_ID: 'c-1', MSG_TYPE: 'reply' },
    });

    test('reach the client that asked, and are stored', async () => {
      await broker.start();
      const requester = broker.newClient();
      const pushed: string[] = [];
      requester.register(RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, (request) => {
        pushed.push(`${request.body?.toString()} ${request.extFields['topic']}`);
        return RemotingCommand.response(ResponseCode.SUCCESS);
      });
      const hello = { clientID: 'asker', producerDataSet: [{ groupName: 'P' }], consumerDataSet: [] };
      await broker.request(RequestCode.HEART_BEAT, {}, Buffer.from(JSON.stringify(hello)), requester);
      const answer = await broker.send(reply('asker'), undefined, RequestCode.SEND_REPLY_MESSAGE_V2);
      expect([answer.code, pushed]).toEqual([ResponseCode.SUCCESS, ['body DefaultCluster_REPLY_TOPIC']]);
      const [stored] = await broker.consume({ topic: 'DefaultCluster_REPLY_TOPIC' });
      expect(stored?.offsetMsgId).toBe(answer.extFields['msgId']);
    });

    test('to a client that is gone fail in words a person understands', async () => {
      await broker.start();
      const answer = await broker.send(reply('nobody'), undefined, RequestCode.SEND_REPLY_MESSAGE_V2);
      expect([answer.code, answer.remark]).toEqual([
        ResponseCode.SYSTEM_ERROR,
        'push reply message fail, channel of <nobody> not found.',
      ]);
    });
  });

  describe('queries', () => {
    test('find a message by key, by unique id and by its place in the log', async () => {
      await broker.start();
      await broker.send({ properties: { UNIQ_KEY: 'ID7', KEYS: 'order-1' } });
      const [stored] = await broker.consume();
      const range = { topic: 'T', maxNum: '10', beginTimestamp: '0', endTimestamp: '9223372036854775807' };
      const found = async (ext: Record<string, string>, code: number = RequestCode.QUERY_MESSAGE) =>
        decodeRecords((await broker.request(code, ext)).body ?? Buffer.alloc(0)).map(({ msgId }) => msgId);
      expect(await found({ ...range, key: 'order-1' })).toEqual(['ID7']);
      expect(await found({ ...range, key: 'ID7', _UNIQUE_KEY_QUERY: 'true' })).toEqual(['ID7']);
      expect(
        await found({ offset: String(stored?.commitLogOffset) }, RequestCode.VIEW_MESSAGE_BY_ID),
      ).toEqual(['ID7']);
    });

    test('tell where a queue begins and ends', async () => {
      await broker.start();
      await broker.send();
      await broker.send();
      const [first] = await broker.consume();
      const ask = async (code: number, more: Record<string, string> = {}) =>
        Object.values((await broker.request(code, { topic: 'T', queueId: '0', ...more })).extFields);
      expect(await ask(RequestCode.GET_MIN_OFFSET)).toEqual(['0']);
      expect(await ask(RequestCode.GET_MAX_OFFSET)).toEqual(['2']);
      expect(await ask(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, { timestamp: '0' })).toEqual(['0']);
      expect(await ask(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, { timestamp: '9999999999999' })).toEqual([
        '2',
      ]);
      expect(await ask(RequestCode.GET_EARLIEST_MSG_STORETIME)).toEqual([String(first?.storeTimestamp)]);
    });
  });

  describe('start and close', () => {
    test('close leaves no abort file, twice or together', async () => {
      await broker.start();
      expect(existsSync(join(broker.directory, 'abort'))).toBe(true);
      await Promise.all([broker.controller.close(), broker.controller.close()]);
      expect(existsSync(join(broker.directory, 'abort'))).toBe(false);
    });

    test('a port in use fails the start and leaves the directory to others', async () => {
      await using other = await new BrokerHarness().start();
      const port = other.controller.address.split(':')[1] ?? '';
      await expect(broker.start({ listenPort: port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
      await broker.start();
      expect((await broker.send()).code).toBe(ResponseCode.SUCCESS);
    });

    test('unknown codes are answered as not supported', async () => {
      await broker.start();
      expect(await broker.request(9999)).toMatchObject({
        code: 3,
        remark: ' request type 9999 not supported',
      });
    });
  });
});
