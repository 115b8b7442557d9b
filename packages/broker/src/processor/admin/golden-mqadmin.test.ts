// Replays what mqadmin 5.3.3 and 4.9.7 said to Apache's brokers to ours, brought into the same state, and compares the
// answers: same code, same remark where it names the reason, every member that theirs has and of the same kind.
import { decodeFrame, RemotingClient, RemotingCommand } from '@mq/remoting';
import {
  RequestCode,
  decodeConsumerOffsetSerializeWrapper,
  decodeKVTable,
  decodeSubscriptionGroupWrapper,
  decodeTimerCheckpoint,
  decodeTopicConfigSerializeWrapper,
  requestCodeName,
} from '@mq/remoting/protocol';
import {
  describeGolden,
  recordedExchanges,
  recordedSessions,
  type RecordedExchange,
} from '@mq-tools/testing';
import { missingIn, shapeOf } from '../../testing/json-shape.js';
import { RunningBroker } from '../../testing/running-broker.js';
import { adminRequestTable } from './admin-request-table.js';

const ONLINE = { clientId: '10.88.0.1@golden', consumer: 'G_ONLINE', producer: 'P_ONLINE' };

/** Members whose keys are names of things. */
const TABLES = new Set([
  ...[
    'topicConfigTable',
    'subscriptionGroupTable',
    'subscriptionTable',
    'offsetTable',
    'consumeStatsList',
    'data',
  ],
  ...['messageRequestModeMap', 'groupTopicMap', 'properties', 'statusTable', 'timingCount'],
]);

/** Settings of Apache's that GET_BROKER_CONFIG does not show. */
const NO_SETTINGS: ReadonlyMap<string, string> = new Map([['storeType', 'queues are always files here']]);

/** Exchanges that are not replayed. */
const SKIPPED: ReadonlyMap<number, string> = new Map([
  [RequestCode.CONSUME_MESSAGE_DIRECTLY, 'its msgId is a position in the recorded store'],
]);

type Exchange = RecordedExchange<RemotingCommand>;

/** Between a client, or a slave, and a broker. */
const exchangesOf = (session: string): Exchange[] =>
  recordedExchanges(session, decodeFrame).filter(({ link }) => /^(cli|slave)-broker/.test(link));

describeGolden('mqadmin, as recorded with Apache', () => {
  let broker: RunningBroker;
  let member: RemotingClient;
  const replayed = new Set<number>();

  beforeAll(async () => {
    broker = await RunningBroker.start();
    member = broker.connect({ language: 'JAVA', version: 479 });
    await bringIntoState(broker, member);
  });

  afterAll(async () => {
    await member.close();
    await broker.close();
  });

  const sessions = recordedSessions(/mqadmin|slave-sync$/).filter((name) => !name.includes('mixed-broker'));

  test.each(sessions)('%s', async (session) => {
    const served = adminRequestTable(broker.parts);
    for (const exchange of exchangesOf(session)) {
      const { code, extFields, body } = exchange.request;
      if (!served.has(code) || SKIPPED.has(code)) continue;
      // 4.9.7 told the clients of a group to reset, later brokers do it themselves.
      const isServerSide = !session.startsWith('v497');
      broker.parts.settings.update({ useServerSideResetOffset: String(isServerSide) });
      arrange(broker, exchange);
      const answer = await broker.ask(code, { ...extFields }, body);
      compare(exchange, answer);
      replayed.add(code);
    }
  });

  test('replayed most admin codes', () => {
    const names = [...replayed].map(requestCodeName);
    for (const name of MUST_BE_REPLAYED) expect(names).toContain(name);
  });
});

function compare({ request, answer: theirs }: Exchange, ours: RemotingCommand): void {
  const { code } = request;
  const what = `${requestCodeName(code)} ${JSON.stringify(request.extFields)}`;
  expect([what, ours.code]).toEqual([what, theirs.code]);
  if (theirs.code !== 0) expect(ours.remark).toBe(theirs.remark);
  for (const key of Object.keys(theirs.extFields)) expect(ours.extFields).toHaveProperty(key);
  if (theirs.body === undefined) return;
  if (code === RequestCode.GET_BROKER_CONFIG) {
    const names = (body: Buffer | undefined) =>
      (body?.toString() ?? '').split('\n').map((line) => line.split('=')[0]);
    const known = new Set(names(ours.body));
    expect(names(theirs.body).filter((name = '') => !known.has(name) && !NO_SETTINGS.has(name))).toEqual([]);
    return;
  }
  if (code === RequestCode.GET_BROKER_RUNTIME_INFO) {
    const known = new Set(Object.keys(decodeKVTable(ours.body).table));
    const isData = (key: string) =>
      key.startsWith('commitLogDiskRatio_') || key.startsWith('scheduleMessageOffset_');
    const wanted = Object.keys(decodeKVTable(theirs.body).table).filter((key) => !isData(key));
    expect(wanted.filter((key) => !known.has(key))).toEqual([]);
    return;
  }
  if (code === RequestCode.GET_TIMER_CHECK_POINT) {
    expect(decodeTimerCheckpoint(ours.body)).toMatchObject({ masterTimerQueueOffset: 0 });
    expect(ours.body).toHaveLength(theirs.body.length);
    return;
  }
  expect(ours.body).toBeDefined();
  expect([what, missingIn(shapeOf(ours.body ?? '', TABLES), shapeOf(theirs.body, TABLES))]).toEqual([
    what,
    [],
  ]);
}

/** Topics, groups and offsets of the recorded broker, messages in two topics, and the client that was online. */
async function bringIntoState(broker: RunningBroker, member: RemotingClient): Promise<void> {
  const { topicConfig, subscriptionGroups, consumerOffsets } = broker.parts;
  const [topics] = bodiesOf('slave-sync', RequestCode.GET_ALL_TOPIC_CONFIG);
  for (const config of Object.values(decodeTopicConfigSerializeWrapper(topics).topicConfigTable)) {
    topicConfig.createIfAbsent(config);
  }
  const [groups] = bodiesOf('slave-sync', RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG);
  for (const name of Object.keys(decodeSubscriptionGroupWrapper(groups).subscriptionGroupTable)) {
    subscriptionGroups.find(name);
  }
  for (let at = 0; at < 12; at++) {
    for (const topic of ['TopicS', 'TopicOrderS'])
      await broker.send(topic, at % 2, `body ${at}`, { TAGS: 'A' });
  }
  const [offsets] = bodiesOf('slave-sync', RequestCode.GET_ALL_CONSUMER_OFFSET);
  for (const [key, queues] of Object.entries(decodeConsumerOffsetSerializeWrapper(offsets).offsetTable)) {
    const [topic = '', group = ''] = key.split('@');
    for (const queueId of queues.keys()) consumerOffsets.commit('test', group, topic, queueId, 3);
  }
  for (const queueId of [0, 1]) consumerOffsets.commit('test', 'G_PUSH', 'TopicS', queueId, 3);
  const [runningInfo] = bodiesOf('mqadmin-consumerStatus-stack', RequestCode.GET_CONSUMER_RUNNING_INFO);
  member.register(RequestCode.GET_CONSUMER_RUNNING_INFO, () =>
    RemotingCommand.response(0, undefined, undefined, runningInfo),
  );
  await broker.heartbeat(member, ONLINE.clientId, { ...ONLINE, topics: ['TopicS', '%RETRY%G_ONLINE'] });
}

function bodiesOf(session: string, code: number): Buffer[] {
  const answers = exchangesOf(session).filter(
    ({ request, answer }) => request.code === code && answer.code === 0,
  );
  return answers.flatMap(({ answer }) => (answer.body === undefined ? [] : [answer.body]));
}

/** What the recorded broker had counted, and what not. */
function arrange({ parts: { stats } }: RunningBroker, { request, answer }: Exchange): void {
  if (request.code !== RequestCode.VIEW_BROKER_STATS_DATA) return;
  const [topic = '', group = ''] = (request.extFields['statsKey'] ?? '').split('@');
  if (answer.code !== 0) stats.onTopicDeleted(topic);
  else if (group === '') stats.recordPut(topic, 0, 1, 1);
  else stats.recordGet(group, topic, 0, 1, 1);
}

const MUST_BE_REPLAYED = [
  ...['UPDATE_AND_CREATE_TOPIC', 'DELETE_TOPIC_IN_BROKER', 'GET_TOPIC_CONFIG', 'GET_ALL_TOPIC_CONFIG'],
  ...[
    'GET_TOPIC_STATS_INFO',
    'QUERY_TOPIC_CONSUME_BY_WHO',
    'CLEAN_UNUSED_TOPIC',
    'CLEAN_EXPIRED_CONSUMEQUEUE',
  ],
  ...['UPDATE_AND_CREATE_SUBSCRIPTIONGROUP', 'DELETE_SUBSCRIPTIONGROUP', 'GET_ALL_SUBSCRIPTIONGROUP_CONFIG'],
  ...['GET_CONSUMER_CONNECTION_LIST', 'GET_PRODUCER_CONNECTION_LIST', 'GET_ALL_PRODUCER_INFO'],
  ...['GET_CONSUMER_RUNNING_INFO', 'GET_CONSUME_STATS', 'GET_BROKER_CONSUME_STATS', 'QUERY_CONSUME_QUEUE'],
  ...['INVOKE_BROKER_TO_RESET_OFFSET', 'VIEW_BROKER_STATS_DATA', 'GET_BROKER_CONFIG'],
  ...['GET_BROKER_RUNTIME_INFO', 'GET_BROKER_HA_STATUS', 'GET_ALL_CONSUMER_OFFSET', 'GET_ALL_DELAY_OFFSET'],
  'GET_ALL_MESSAGE_REQUEST_MODE',
];
