import { decodeFrame, type RemotingCommand } from '@mq/remoting';
import { describeGolden, recordedFrames } from '@mq-tools/testing';
import { decodeProperties } from '@mq/remoting/message';
import { RequestCode, decodeHeartbeatData } from '@mq/remoting/protocol';
import { Producer, PullConsumer, PushConsumer } from '../src/index.js';
import { eventually } from './eventually.js';
import type { SeenRequest } from './fake-broker.js';
import { FakeCluster } from './fake-cluster.js';

/** Requests that the official client sent to a broker in a recorded session. */
const recorded = (session: string, code: number): RemotingCommand[] =>
  recordedFrames(session)
    .filter(({ dir, link }) => dir === 'c2s' && link === 'cli-broker')
    .map(({ bytes }) => decodeFrame(bytes, 0, bytes.length))
    .filter((command) => !command.isResponse && command.code === code);

const keysOf = (ext: Readonly<Record<string, string>>): string[] => Object.keys(ext).sort();

/** Fields that stay the same from run to run; the rest are ids, times, offsets and names. */
function comparable(
  ext: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string | undefined> {
  return Object.fromEntries(names.map((name) => [name, ext[name]]));
}

describeGolden('requests are those of the official Java client 5.3.3', () => {
  let cluster: FakeCluster;
  afterEach(() => cluster.close());

  test('sends', async () => {
    cluster = await FakeCluster.start({ topics: { TopicS: 2 } });
    await using producer = new Producer({
      nameServers: cluster.nameServers,
      producerGroup: 'P_SESSION',
      sendMsgTimeoutMs: 20_000,
    });
    await producer.start();
    await producer.send({ topic: 'TopicS', body: 'x', tags: 'TagA', keys: 'k1' });
    await producer.send({ topic: 'TopicS', body: 'x', tags: 'Delay', keys: 'k7', delayLevel: 1 });
    await producer.send({ topic: 'TopicS', body: 'x'.repeat(5000), tags: 'Big', keys: 'k8' });
    const theirs = recorded('producer', RequestCode.SEND_MESSAGE_V2);
    const ours = cluster.broker.requests(RequestCode.SEND_MESSAGE_V2);
    for (const tag of ['TagA', 'Delay', 'Big']) {
      const tagOf = (ext: Readonly<Record<string, string>>): string | undefined =>
        decodeProperties(ext['i'] ?? '')['TAGS'];
      const a = theirs.find(({ extFields }) => tagOf(extFields) === tag)?.extFields ?? {};
      const b = ours.find(({ ext }) => tagOf(ext) === tag)?.ext ?? {};
      expect(keysOf(b)).toEqual(keysOf(a));
      const same = ['a', 'b', 'c', 'd', 'f', 'h', 'j', 'k', 'm', 'n'];
      expect(comparable(b, same)).toEqual(comparable(a, same));
      expect(keysOf(decodeProperties(b['i'] ?? ''))).toEqual(keysOf(decodeProperties(a['i'] ?? '')));
    }
  });

  test.each([
    ['push-consumer', 'CONCURRENTLY'],
    ['push-consumer-orderly', 'ORDERLY'],
  ] as const)('a %s pulls, commits, beats its heart', async (session, consumeMode) => {
    cluster = await FakeCluster.start({ topics: { T: 1 } });
    const consumer = new PushConsumer({
      nameServers: cluster.nameServers,
      consumerGroup: 'G',
      consumeMode,
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      handler: () => undefined,
    });
    consumer.subscribe('T', 'TagA || TagB');
    await consumer.start();
    cluster.broker.store('T', 0, 'x', 'TAGS\u0001TagA\u0002');
    await eventually('a pull', () => cluster.broker.requests(RequestCode.PULL_MESSAGE).length > 1);
    await consumer.close();
    const pairs: [number, (request: SeenRequest) => boolean][] = [
      [RequestCode.PULL_MESSAGE, ({ ext }) => ext['commitOffset'] === '0'],
      [RequestCode.UPDATE_CONSUMER_OFFSET, () => true],
      [RequestCode.GET_CONSUMER_LIST_BY_GROUP, () => true],
    ];
    for (const [code, wanted] of pairs) {
      const [theirs] = recorded(session, code);
      const ours = cluster.broker.requests(code).find(wanted);
      expect(keysOf(ours?.ext ?? {})).toEqual(keysOf(theirs?.extFields ?? {}));
    }
    const same = [
      'maxMsgNums',
      'sysFlag',
      'suspendTimeoutMillis',
      'maxMsgBytes',
      'expressionType',
      'bname',
      'commitOffset',
    ];
    const pull = cluster.broker.requests(RequestCode.PULL_MESSAGE)[0]?.ext ?? {};
    expect(comparable(pull, same)).toEqual(
      comparable(recorded(session, RequestCode.PULL_MESSAGE)[0]?.extFields ?? {}, same),
    );
    const theirHeart = decodeHeartbeatData(recorded(session, RequestCode.HEART_BEAT)[0]?.body as Buffer);
    const ourHeart = cluster.broker.heartbeats[0]!;
    expect(keysOf(ourHeart as never)).toEqual(keysOf(theirHeart as never));
    expect({ ...ourHeart.consumerDataSet[0], groupName: '', subscriptionDataSet: [] }).toEqual({
      ...theirHeart.consumerDataSet[0],
      groupName: '',
      subscriptionDataSet: [],
    });
  });

  test('a pull consumer pulls', async () => {
    cluster = await FakeCluster.start({ topics: { T: 1 } });
    await using consumer = new PullConsumer({ nameServers: cluster.nameServers, consumerGroup: 'G' });
    await consumer.start();
    await consumer.pull({ topic: 'T', brokerName: 'broker-a', queueId: 0 }, 0, { maxMsgNums: 8 });
    const [theirs] = recorded('pull-consumer', RequestCode.PULL_MESSAGE);
    const ours = cluster.broker.requests(RequestCode.PULL_MESSAGE)[0]?.ext ?? {};
    // ReqT is sent only by clients of the stream type.
    expect(keysOf(ours)).toEqual(keysOf(theirs?.extFields ?? {}).filter((key) => key !== 'ReqT'));
    const same = [
      'maxMsgNums',
      'sysFlag',
      'subscription',
      'expressionType',
      'subVersion',
      'maxMsgBytes',
      'commitOffset',
    ];
    expect(comparable(ours, same)).toEqual(comparable(theirs?.extFields ?? {}, same));
  });

  test('a message given back', async () => {
    cluster = await FakeCluster.start({ topics: { T: 1 } });
    cluster.broker.store('T', 0, 'x', 'UNIQ_KEY\u0001ID\u0002');
    await using consumer = new PushConsumer({
      nameServers: cluster.nameServers,
      consumerGroup: 'G',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      maxReconsumeTimes: 1,
      handler: (_messages, context) => {
        context.delayLevelWhenNextConsume = 1;
        return 'RECONSUME_LATER';
      },
    });
    consumer.subscribe('T');
    await consumer.start();
    await eventually('it is back', () => cluster.broker.sentBack.length === 1);
    const [theirs] = recorded('push-consumer-retry', RequestCode.CONSUMER_SEND_MSG_BACK);
    const ours = cluster.broker.requests(RequestCode.CONSUMER_SEND_MSG_BACK)[0]?.ext ?? {};
    expect(keysOf(ours)).toEqual(keysOf(theirs?.extFields ?? {}));
    const same = ['delayLevel', 'maxReconsumeTimes', 'unitMode', 'bname'];
    expect(comparable(ours, same)).toEqual(comparable(theirs?.extFields ?? {}, same));
  });
});
