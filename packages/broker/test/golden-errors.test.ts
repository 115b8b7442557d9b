// Replays the requests of a recorded session of Apache 5.3.3 (`raw-errors`) that this part of the broker answers, and
// compares code and remark. The topic, group and counts of the recording are set up beforehand.
import { decodeFrame, type RemotingCommand } from '@mq/remoting';
import { PermName, RequestCode, requestCodeName, ResponseCode } from '@mq/remoting/protocol';
import { describeGolden, recordedExchanges } from '@mq-tools/testing';

import { BrokerHarness } from './broker-harness.js';

/** Codes of the recording that other files test, or that answer differently on purpose. */
const SKIPPED: ReadonlyMap<number, string> = new Map([
  ...[
    RequestCode.GET_CONSUMER_CONNECTION_LIST,
    RequestCode.GET_PRODUCER_CONNECTION_LIST,
    RequestCode.GET_CONSUME_STATS,
    RequestCode.GET_TOPIC_STATS_INFO,
    RequestCode.GET_CONSUMER_RUNNING_INFO,
    RequestCode.GET_BROKER_RUNTIME_INFO,
    RequestCode.GET_ALL_TOPIC_CONFIG,
    RequestCode.GET_ALL_CONSUMER_OFFSET,
    RequestCode.GET_ALL_DELAY_OFFSET,
    RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG,
    RequestCode.VIEW_BROKER_STATS_DATA,
  ].map((code) => [code, 'an admin code, tested beside its processor'] as const),
]);

/** Remarks hold the client's address, and Java's exceptions where ours name the field. */
function comparable(remark: string | undefined): string {
  return (remark ?? '').replace(/127\.0\.0\.1:\d+/g, 'ADDRESS');
}

describeGolden('the recorded errors of Apache 5.3.3', () => {
  let broker: BrokerHarness;

  beforeAll(async () => {
    broker = await new BrokerHarness().start({ enablePropertyFilter: 'true' });
    const { topicConfig } = broker.controller.parts;
    topicConfig.createInSendBackMethod('TopicS', 2, PermName.PERM_READ | PermName.PERM_WRITE, 0);
    for (let index = 0; index < 14; index++) await broker.send({ topic: 'TopicS' });
    const commit = { consumerGroup: 'G_PUSH', topic: 'TopicS', queueId: '0', commitOffset: '1' };
    broker.controller.parts.subscriptionGroups.find('G_PUSH');
    await broker.request(RequestCode.UPDATE_CONSUMER_OFFSET, commit);
  });
  afterAll(() => broker[Symbol.asyncDispose]());

  const rows = recordedExchanges('raw-errors', decodeFrame)
    .filter(({ link, request }) => link === 'cli-broker' && !SKIPPED.has(request.code))
    .map((exchange, index) => [index, requestCodeName(exchange.request.code), exchange] as const);

  test('are enough to mean something', () => expect(rows.length).toBeGreaterThan(30));

  test.each(rows)('%i: %s', async (_index, _name, { request, answer: response }) => {
    const answer = await broker.request(request.code, { ...request.extFields }, request.body);
    if (request.extFields['expressionType'] === 'SQL92') {
      // Different on purpose: Apache lets everything through when the expression of a pull does not compile.
      expect(answer.code).toBe(ResponseCode.SUBSCRIPTION_PARSE_FAILED);
      return;
    }
    expect(answer.code).toBe(response.code);
    if (response.remark?.startsWith('java.lang.NullPointerException')) {
      expect(answer.remark).toMatch(/is required but missing$/);
    } else if (response.code !== ResponseCode.SUCCESS) {
      expect(comparable(answer.remark)).toBe(comparable(response.remark));
    }
    const names = (command: RemotingCommand) => Object.keys(command.extFields).sort();
    if (response.code === ResponseCode.SUCCESS) expect(names(answer)).toEqual(names(response));
  });
});
