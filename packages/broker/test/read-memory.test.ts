// A broker reads into the same memory again once requests are answered (in tests: at once, see ReadSlab.isStrict). Whatever is
// in flight at the same time, each message keeps its own bytes, and each answer is that of its request.
import { createHash, randomBytes } from 'node:crypto';

import type { RemotingClient } from '@mq/remoting';
import { decodeRecords, encodeBatch } from '@mq/remoting/message';
import { RequestCode, ResponseCode, SendMessageResponseHeader } from '@mq/remoting/protocol';

import { BrokerHarness } from './broker-harness.js';

const digestOf = (body: Buffer): string => createHash('sha256').update(body).digest('hex');

describe('messages of all kinds in flight together', () => {
  let broker: BrokerHarness;
  /** By id, of what was acknowledged. */
  const sent = new Map<string, string>();
  let count = 0;

  beforeEach(() => {
    sent.clear();
    count = 0;
    broker = new BrokerHarness();
  });
  afterEach(() => broker[Symbol.asyncDispose]());

  /** From a few bytes to more than one read. */
  const newBody = (): Buffer => randomBytes([5, 300, 1500, 9000, 100_000][count % 5]! + count);

  async function sendOne(client: RemotingClient, queueId: number): Promise<void> {
    const id = `ID${count++}`;
    const body = newBody();
    const answer = await broker.send({ properties: { UNIQ_KEY: id }, body, queueId }, client);
    expect(SendMessageResponseHeader.decode(answer.extFields).transactionId).toBe(id);
    sent.set(id, digestOf(body));
  }

  async function sendBatch(client: RemotingClient): Promise<void> {
    const messages = Array.from({ length: 5 }, () => ({
      body: randomBytes(200 + count),
      properties: { UNIQ_KEY: `ID${count++}` },
    }));
    const ext = { a: 'P', b: 'T', c: 'TBW102', d: '4', e: '2', f: '0', g: '1', h: '0', i: '', m: 'true' };
    const answer = await broker.request(RequestCode.SEND_BATCH_MESSAGE, ext, encodeBatch(messages), client);
    expect(answer.code).toBe(ResponseCode.SUCCESS);
    for (const { body, properties } of messages) sent.set(properties.UNIQ_KEY, digestOf(body));
  }

  /** Digests by id of what stands in the queue, read by pulls that wait at its end until everything was sent. */
  async function readQueue(
    client: RemotingClient,
    queueId: number,
    isOver: () => boolean,
  ): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (let offset = 0; ;) {
      const wasOver = isOver();
      const answer = await broker.pull({ queueId, offset, suspendTimeoutMillis: 200 }, client);
      const messages = answer.code === ResponseCode.SUCCESS ? decodeRecords(answer.body!) : [];
      if (messages.length === 0 && wasOver) return found;
      for (const { msgId, body } of messages) found.set(msgId, digestOf(body));
      offset += messages.length;
    }
  }

  test.each([
    ['JSON', 'ASYNC_FLUSH'],
    ['ROCKETMQ', 'SYNC_FLUSH'],
  ] as const)('keep their own bytes, in %s, with %s', async (serializeType, flushDiskType) => {
    await broker.start({ mappedFileSizeCommitLog: '16777216', flushDiskType });
    const clients = Array.from({ length: 4 }, () => broker.newClient({ serializeType }));
    let isOver = false;
    await sendOne(clients[0]!, 0);
    const readings = [0, 1, 2].map((queueId) => readQueue(clients[queueId]!, queueId, () => isOver));
    const producer = async (client: RemotingClient, queueId: number): Promise<void> => {
      for (let round = 0; round < 15; round++) {
        await Promise.all([
          sendOne(client, queueId),
          sendOne(client, queueId),
          sendBatch(client),
          sendOne(client, queueId),
        ]);
      }
    };
    await Promise.all(clients.map((client, index) => producer(client, index % 2)));
    isOver = true;
    const found = new Map((await Promise.all(readings)).flatMap((of) => [...of]));
    expect(found.size).toBe(sent.size);
    expect(found).toEqual(sent);
  });
});
