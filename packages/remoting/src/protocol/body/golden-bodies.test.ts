import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describeGolden, goldenPath, recordedFrames, recordedSessions } from '@mq-tools/testing';
import { decodeFrame } from '../../codec/frame.js';
import type { RemotingCommand } from '../../command.js';
import * as p from '../index.js';

/** Decodes a body, and encodes what came out. `undefined` bodies are not passed. */
type RoundTrip = (body: Buffer, frame: RemotingCommand) => { value: unknown; encoded: Buffer };
/** How the bodies of a code are read, or why they are no JSON. */
type Kind = RoundTrip | 'message' | 'records' | 'text';

const json =
  <T>(decode: (body: Buffer) => T, encode: (value: T) => Buffer): RoundTrip =>
  (body) => {
    const value = decode(body);
    return { value, encoded: encode(value) };
  };

const registration: RoundTrip = (body, { version }) => {
  const value = p.decodeRegisterBrokerBody(body, version);
  // Deflate differs between zlib and Java, so a compressed body is compared as JSON.
  return { value, encoded: p.encodeRegisterBrokerBody(value) };
};

const route: RoundTrip = (body) => {
  const value = p.decodeTopicRouteData(body);
  return { value, encoded: p.encodeTopicRouteData(value, { standardJson: body.includes('{"0":') }) };
};

const kv = json(p.decodeKVTable, p.encodeKVTable);
const lock = json(p.decodeLockBatchRequestBody, p.encodeLockBatchRequestBody);
const topicList = json(p.decodeTopicList, p.encodeTopicList);
const dledger = json(p.decodeDLedgerMessage, p.encodeDLedgerMessage);
const runningInfo = json(p.decodeConsumerRunningInfo, p.encodeConsumerRunningInfo);
const resetOffset = json(p.decodeResetOffsetBody, p.encodeResetOffsetBody);
const { RequestCode: Code, DLedgerRequestCode: DLedger } = p;

const requestBodies = new Map<number, Kind>([
  [Code.SEND_MESSAGE, 'message'],
  [Code.SEND_MESSAGE_V2, 'message'],
  [Code.SEND_BATCH_MESSAGE, 'message'],
  [Code.SEND_REPLY_MESSAGE, 'message'],
  [Code.SEND_REPLY_MESSAGE_V2, 'message'],
  [Code.PUSH_REPLY_MESSAGE_TO_CLIENT, 'message'],
  [Code.CHECK_TRANSACTION_STATE, 'records'],
  [Code.CONSUME_MESSAGE_DIRECTLY, 'records'],
  [Code.UPDATE_BROKER_CONFIG, 'text'],
  [Code.UPDATE_NAMESRV_CONFIG, 'text'],
  [Code.UPDATE_COLD_DATA_FLOW_CTR_CONFIG, 'text'],
  [Code.REMOVE_COLD_DATA_FLOW_CTR_CONFIG, 'text'],
  [Code.REGISTER_BROKER, registration],
  [Code.HEART_BEAT, json(p.decodeHeartbeatData, p.encodeHeartbeatData)],
  [Code.LOCK_BATCH_MQ, lock],
  [Code.UNLOCK_BATCH_MQ, lock],
  [Code.CHECK_CLIENT_CONFIG, json(p.decodeCheckClientRequestBody, p.encodeCheckClientRequestBody)],
  [Code.QUERY_ASSIGNMENT, json(p.decodeQueryAssignmentRequestBody, p.encodeQueryAssignmentRequestBody)],
  [
    Code.SET_MESSAGE_REQUEST_MODE,
    json(p.decodeSetMessageRequestModeRequestBody, p.encodeSetMessageRequestModeRequestBody),
  ],
  [
    Code.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
    json(p.decodeSubscriptionGroupConfig, p.encodeSubscriptionGroupConfig),
  ],
  [
    Code.UPDATE_AND_CREATE_STATIC_TOPIC,
    json(p.decodeTopicQueueMappingDetail, p.encodeTopicQueueMappingDetail),
  ],
  [Code.QUERY_DATA_VERSION, json(p.decodeDataVersion, p.encodeDataVersion)],
  [Code.RESET_CONSUMER_CLIENT_OFFSET, resetOffset],
  [Code.BATCH_ACK_MESSAGE, json(p.decodeBatchAckMessageRequestBody, p.encodeBatchAckMessageRequestBody)],
  [DLedger.METADATA, dledger],
  [DLedger.HEART_BEAT, dledger],
  [DLedger.APPEND, json(p.decodeDLedgerAppendRequest, p.encodeDLedgerAppendRequest)],
  [DLedger.GET, json(p.decodeDLedgerGetRequest, p.encodeDLedgerGetRequest)],
  [DLedger.VOTE, json(p.decodeDLedgerVoteRequest, p.encodeDLedgerVoteRequest)],
  [DLedger.PUSH, json(p.decodeDLedgerPushRequest, p.encodeDLedgerPushRequest)],
]);

const responseBodies = new Map<number, Kind>([
  [Code.PULL_MESSAGE, 'records'],
  [Code.LITE_PULL_MESSAGE, 'records'],
  [Code.POP_MESSAGE, 'records'],
  [Code.PEEK_MESSAGE, 'records'],
  [Code.QUERY_MESSAGE, 'records'],
  [Code.VIEW_MESSAGE_BY_ID, 'records'],
  [Code.GET_BROKER_CONFIG, 'text'],
  [Code.GET_NAMESRV_CONFIG, 'text'],
  [Code.REGISTER_BROKER, kv],
  [Code.GET_BROKER_RUNTIME_INFO, kv],
  [Code.GET_KVLIST_BY_NAMESPACE, kv],
  [Code.GET_ROUTEINFO_BY_TOPIC, route],
  [Code.GET_BROKER_CLUSTER_INFO, json(p.decodeClusterInfo, p.encodeClusterInfo)],
  [
    Code.GET_BROKER_MEMBER_GROUP,
    json(p.decodeGetBrokerMemberGroupResponseBody, p.encodeGetBrokerMemberGroupResponseBody),
  ],
  [Code.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, topicList],
  [Code.GET_TOPICS_BY_CLUSTER, topicList],
  [Code.GET_SYSTEM_TOPIC_LIST_FROM_NS, topicList],
  [Code.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, topicList],
  [Code.GET_UNIT_TOPIC_LIST, topicList],
  [Code.GET_HAS_UNIT_SUB_TOPIC_LIST, topicList],
  [Code.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST, topicList],
  [Code.QUERY_TOPICS_BY_CONSUMER, topicList],
  [Code.QUERY_DATA_VERSION, json(p.decodeDataVersion, p.encodeDataVersion)],
  [Code.LOCK_BATCH_MQ, json(p.decodeLockBatchResponseBody, p.encodeLockBatchResponseBody)],
  [Code.GET_ALL_TOPIC_CONFIG, json(p.decodeTopicConfigSerializeWrapper, p.encodeTopicConfigSerializeWrapper)],
  [Code.GET_TOPIC_CONFIG, json(p.decodeTopicConfigAndQueueMapping, p.encodeTopicConfigAndQueueMapping)],
  [
    Code.GET_ALL_SUBSCRIPTIONGROUP_CONFIG,
    json(p.decodeSubscriptionGroupWrapper, p.encodeSubscriptionGroupWrapper),
  ],
  [Code.GET_SUBSCRIPTIONGROUP_CONFIG, json(p.decodeSubscriptionGroupConfig, p.encodeSubscriptionGroupConfig)],
  [
    Code.GET_ALL_CONSUMER_OFFSET,
    json(p.decodeConsumerOffsetSerializeWrapper, p.encodeConsumerOffsetSerializeWrapper),
  ],
  [Code.GET_ALL_DELAY_OFFSET, json(p.decodeDelayOffsetSerializeWrapper, p.encodeDelayOffsetSerializeWrapper)],
  [Code.GET_TIMER_CHECK_POINT, json(p.decodeTimerCheckpoint, p.encodeTimerCheckpoint)],
  [Code.GET_TIMER_METRICS, json(p.decodeTimerMetrics, p.encodeTimerMetrics)],
  [
    Code.GET_ALL_MESSAGE_REQUEST_MODE,
    json(p.decodeMessageRequestModeSerializeWrapper, p.encodeMessageRequestModeSerializeWrapper),
  ],
  [Code.QUERY_ASSIGNMENT, json(p.decodeQueryAssignmentResponseBody, p.encodeQueryAssignmentResponseBody)],
  [
    Code.GET_CONSUMER_LIST_BY_GROUP,
    json(p.decodeGetConsumerListByGroupResponseBody, p.encodeGetConsumerListByGroupResponseBody),
  ],
  [Code.GET_CONSUMER_CONNECTION_LIST, json(p.decodeConsumerConnection, p.encodeConsumerConnection)],
  [Code.GET_PRODUCER_CONNECTION_LIST, json(p.decodeProducerConnection, p.encodeProducerConnection)],
  [Code.GET_ALL_PRODUCER_INFO, json(p.decodeProducerTableInfo, p.encodeProducerTableInfo)],
  [Code.GET_CONSUMER_RUNNING_INFO, runningInfo],
  [
    Code.CONSUME_MESSAGE_DIRECTLY,
    json(p.decodeConsumeMessageDirectlyResult, p.encodeConsumeMessageDirectlyResult),
  ],
  [Code.GET_CONSUME_STATS, json(p.decodeConsumeStats, p.encodeConsumeStats)],
  [Code.GET_BROKER_CONSUME_STATS, json(p.decodeConsumeStatsList, p.encodeConsumeStatsList)],
  [Code.GET_TOPIC_STATS_INFO, json(p.decodeTopicStatsTable, p.encodeTopicStatsTable)],
  [Code.QUERY_TOPIC_CONSUME_BY_WHO, json(p.decodeGroupList, p.encodeGroupList)],
  [Code.QUERY_CONSUME_TIME_SPAN, json(p.decodeQueryConsumeTimeSpanBody, p.encodeQueryConsumeTimeSpanBody)],
  [Code.QUERY_CORRECTION_OFFSET, json(p.decodeQueryCorrectionOffsetBody, p.encodeQueryCorrectionOffsetBody)],
  [
    Code.QUERY_CONSUME_QUEUE,
    json(p.decodeQueryConsumeQueueResponseBody, p.encodeQueryConsumeQueueResponseBody),
  ],
  [
    Code.QUERY_SUBSCRIPTION_BY_CONSUMER,
    json(p.decodeQuerySubscriptionResponseBody, p.encodeQuerySubscriptionResponseBody),
  ],
  [Code.VIEW_BROKER_STATS_DATA, json(p.decodeBrokerStatsData, p.encodeBrokerStatsData)],
  [Code.INVOKE_BROKER_TO_RESET_OFFSET, resetOffset],
  [
    Code.INVOKE_BROKER_TO_GET_CONSUMER_STATUS,
    json(p.decodeGetConsumerStatusBody, p.encodeGetConsumerStatusBody),
  ],
  [Code.GET_CONSUMER_STATUS_FROM_CLIENT, json(p.decodeGetConsumerStatusBody, p.encodeGetConsumerStatusBody)],
  [Code.UPDATE_AND_GET_GROUP_FORBIDDEN, json(p.decodeGroupForbidden, p.encodeGroupForbidden)],
  [Code.GET_BROKER_HA_STATUS, json(p.decodeHARuntimeInfo, p.encodeHARuntimeInfo)],
  [Code.GET_COLD_DATA_FLOW_CTR_INFO, json(p.decodeColdDataFlowCtrInfo, p.encodeColdDataFlowCtrInfo)],
  [DLedger.METADATA, json(p.decodeDLedgerMetadataResponse, p.encodeDLedgerMetadataResponse)],
  [DLedger.HEART_BEAT, dledger],
  [DLedger.APPEND, json(p.decodeDLedgerAppendResponse, p.encodeDLedgerAppendResponse)],
  [DLedger.GET, json(p.decodeDLedgerEntriesResponse, p.encodeDLedgerEntriesResponse)],
  [DLedger.VOTE, json(p.decodeDLedgerVoteResponse, p.encodeDLedgerVoteResponse)],
  [DLedger.PUSH, json(p.decodeDLedgerPushResponse, p.encodeDLedgerPushResponse)],
]);

/** Bodies of these come from a JSONObject, whose members are not in the order of a bean. */
const unordered: readonly number[] = [Code.GET_COLD_DATA_FLOW_CTR_INFO];

/** Checks one body: it must be of a known kind, read, and be written again as it was. */
function check(where: string, code: number, frame: RemotingCommand): 'json' | 'other' | 'none' {
  const { body, isResponse } = frame;
  if (body === undefined) return 'none';
  const kind = (isResponse ? responseBodies : requestBodies).get(code);
  if (kind === undefined) throw new Error(`${where}: no decoder for the body of ${p.requestCodeName(code)}`);
  if (typeof kind === 'string') return 'other';
  const { value, encoded } = kind(body, frame);
  expect({ where, value: kind(encoded, frame).value }).toEqual({ where, value });
  const isCompressed = body[0] === 0x78;
  // Programs of 5.x write every member we know; older ones lack some, which we write with their defaults.
  if (frame.version >= p.MQVersion.V5_0_0 && !isCompressed && !unordered.includes(code)) {
    expect({ where, text: encoded.toString('latin1') }).toEqual({ where, text: body.toString('latin1') });
  }
  return 'json';
}

describeGolden('bodies that Java wrote', () => {
  const codeByFileName = new Map<string, number>([
    ...Object.entries(p.RequestCode).map(([name, code]): [string, number] => [fileName(name), code]),
    ...Object.entries(p.DLedgerRequestCode).map(([name, code]): [string, number] => [
      `dledger-${fileName(name)}`,
      code,
    ]),
  ]);
  const syntheticResponses = new Map<string, number>([
    ['syn-lock-batch-mq-response', p.RequestCode.LOCK_BATCH_MQ],
    ['syn-pull-response', p.RequestCode.PULL_MESSAGE],
    ['syn-register-broker-response', p.RequestCode.REGISTER_BROKER],
  ]);
  const notBodies = new Map([['syn-big-body', 'random bytes, no body of the protocol']]);

  test('in single frames are read and written again', () => {
    const directory = goldenPath('remoting/frames');
    const counts = { json: 0, other: 0, none: 0 };
    for (const file of readdirSync(directory)) {
      // Hand-made frames test the header; their bodies are the word "body".
      if (file.startsWith('len-')) continue;
      const frame = frameOf(readFileSync(join(directory, file)));
      const name = basename(file, '.bin').replace(/\.(json|rocketmq)$/, '');
      if (frame.body === undefined || notBodies.has(name)) continue;
      counts[check(file, frame.isResponse ? requestCodeOf(directory, name) : frame.code, frame)]++;
    }
    expect(counts.json).toBeGreaterThan(100);
  });

  /** The code of the request that a response in a file answers. */
  function requestCodeOf(directory: string, name: string): number {
    const synthetic = syntheticResponses.get(name);
    if (synthetic !== undefined) return synthetic;
    if (name.startsWith('raw-')) {
      return frameOf(readFileSync(join(directory, `${name.replace(/-response$/, '-request')}.bin`))).code;
    }
    const [, family, request] = /^cap-(.+?)-(?:json|bin)-(.+)-response/.exec(name)!;
    const code = codeByFileName.get(family === 'dledger' ? `dledger-${request}` : request!);
    if (code === undefined) throw new Error(`${name}: no such request`);
    return code;
  }

  test('in whole sessions are read and written again', () => {
    const counts = { json: 0, other: 0, none: 0 };
    for (const session of recordedSessions(/(?<!ha-stream)$/)) {
      const requests = new Map<string, number>();
      for (const { link, conn, dir, bytes } of recordedFrames(session)) {
        const frame = frameOf(bytes);
        const sender = frame.isResponse ? (dir === 'c2s' ? 's2c' : 'c2s') : dir;
        const call = [link, conn, sender, frame.opaque].join();
        if (!frame.isResponse) requests.set(call, frame.code);
        const code = requests.get(call);
        // An answer to a request from before the recording tells nothing about its body.
        if (code !== undefined) counts[check(`${session} ${call}`, code, frame)]++;
      }
    }
    expect(counts.json).toBeGreaterThan(500);
  });
});

function fileName(code: string): string {
  return code.toLowerCase().replaceAll('_', '-');
}
function frameOf(bytes: Buffer): RemotingCommand {
  return decodeFrame(bytes, 0, bytes.length);
}
