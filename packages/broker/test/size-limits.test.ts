// How long names, properties and bodies may be, and what a client is told beyond: at the bound and one over it.
import type { RemotingCommand } from '@mq/remoting';
import { encodeProperties } from '@mq/remoting/message';
import { RequestCode, ResponseCode } from '@mq/remoting/protocol';

import { BrokerHarness } from './broker-harness.js';

const MAX_TOPIC = 127;
const MAX_GROUP = 120;
const MAX_PROPERTIES_BYTES = 32_767;
/** What the broker adds takes less: an id of its own, the cluster's name. */
const ADDED_BYTES = 128;
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

let broker: BrokerHarness;
beforeAll(async () => {
  broker = await new BrokerHarness().start({ mappedFileSizeCommitLog: String(16 * 1024 * 1024) });
});
afterAll(() => broker[Symbol.asyncDispose]());

const said = ({ code, remark }: RemotingCommand) => [code, remark];

/** Properties whose text has exactly so many bytes, in characters of two bytes where the number allows it. */
function propertiesOf(bytes: number): Record<string, string> {
  const overhead = Buffer.byteLength(encodeProperties({ k: '' }));
  const valueBytes = bytes - overhead;
  return { k: 'x'.repeat(valueBytes % 2) + 'ä'.repeat(Math.floor(valueBytes / 2)) };
}

const createTopic = (topic: string): Promise<RemotingCommand> =>
  broker.request(RequestCode.UPDATE_AND_CREATE_TOPIC, {
    ...{ topic, defaultTopic: 'TBW102', readQueueNums: '1', writeQueueNums: '1', perm: '6' },
    ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: '0', order: 'false' },
  });

describe('a topic', () => {
  test('of the greatest length is made by an operator and by a send', async () => {
    for (const [letter, make] of [
      ['a', createTopic],
      ['s', (topic: string) => broker.send({ topic })],
    ] as const) {
      const topic = letter.repeat(MAX_TOPIC);
      expect((await make(topic)).code).toBe(ResponseCode.SUCCESS);
      expect((await broker.send({ topic })).code).toBe(ResponseCode.SUCCESS);
      expect(await broker.consume({ topic })).not.toEqual([]);
    }
  });

  test.each([
    ['too long', 'a'.repeat(MAX_TOPIC + 1), /longer than topic max length/],
    ['empty', '', /blank/],
    ['with characters that are no name’s', 'a/../b', /illegal characters/],
  ])('%s is refused in words a person understands, and not made', async (_what, topic, words) => {
    for (const answer of [await createTopic(topic), await broker.send({ topic })]) {
      expect(answer.code).not.toBe(ResponseCode.SUCCESS);
      expect(answer.remark).toMatch(words);
    }
    expect(broker.controller.parts.topicConfig.select(topic)).toBeUndefined();
  });
});

describe('a group', () => {
  test.each([
    ['of the greatest length', 'g'.repeat(MAX_GROUP), ResponseCode.SUCCESS, ''],
    ['too long', 'g'.repeat(256), ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, 'does not exist'],
    [
      'with characters that are no name’s',
      'a b',
      ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
      'does not exist',
    ],
  ])('%s', async (_what, group, code, words) => {
    await broker.send();
    const answer = await broker.pull({ group });
    expect(answer.code).toBe(code);
    expect(answer.remark ?? '').toContain(words);
  });
});

describe('properties', () => {
  test('of the greatest size come back as they were', async () => {
    const properties = propertiesOf(MAX_PROPERTIES_BYTES - ADDED_BYTES);
    const { code, remark, extFields } = await broker.send({ topic: 'P', properties });
    expect([code, remark]).toEqual([ResponseCode.SUCCESS, undefined]);
    const [message] = await broker.consume({ topic: 'P', offset: Number(extFields['queueOffset']) });
    expect(message?.properties['k']).toBe(properties['k']);
  });

  test('that are larger are refused with the limit, and nothing is stored', async () => {
    const before = broker.controller.parts.store.maxPhyOffset;
    const answer = await broker.send({ topic: 'P', properties: propertiesOf(MAX_PROPERTIES_BYTES + 1) });
    expect(said(answer)).toEqual([
      ResponseCode.MESSAGE_ILLEGAL,
      expect.stringMatching(/properties.*32767 bytes/),
    ]);
    expect(broker.controller.parts.store.maxPhyOffset).toBe(before);
  });
});

describe('a message', () => {
  test('of 4 MiB comes back as it was', async () => {
    const body = Buffer.alloc(MAX_MESSAGE_BYTES);
    for (let at = 0; at < body.length; at += 997) body[at] = at & 0xff;
    const { code, extFields } = await broker.send({ topic: 'Big', body });
    expect(code).toBe(ResponseCode.SUCCESS);
    const [message] = await broker.consume({ topic: 'Big', offset: Number(extFields['queueOffset']) });
    expect(message?.body.equals(body)).toBe(true);
  });

  test('of more is refused with the limit, and nothing is stored', async () => {
    const before = broker.controller.parts.store.maxPhyOffset;
    const answer = await broker.send({ topic: 'Big', body: Buffer.alloc(MAX_MESSAGE_BYTES + 1) });
    expect(said(answer)).toEqual([ResponseCode.MESSAGE_ILLEGAL, expect.stringContaining('4194304 bytes')]);
    expect(broker.controller.parts.store.maxPhyOffset).toBe(before);
  });
});
