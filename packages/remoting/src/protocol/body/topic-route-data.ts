import { bean, flag, int, intTable, jsonBody, list, optional, table, text, type BodyOf } from './shape.js';
import { topicQueueMappingInfoTable } from './topic-queue-mapping.js';

export const queueData = bean({
  brokerName: text,
  /** Bits of `PermName`. */
  perm: int,
  readQueueNums: int,
  /** Bits of `TopicSysFlag`. */
  topicSysFlag: int,
  writeQueueNums: int,
});
/** The queues of a topic on one broker group. */
export type QueueData = BodyOf<typeof queueData>;

export const brokerData = bean({
  /** Addresses by broker id; 0 is the master. */
  brokerAddrs: intTable(text),
  brokerName: text,
  cluster: optional(text),
  /** A slave may stand in for a missing master. */
  enableActingMaster: optional(flag),
  zoneName: optional(text),
});
/** A broker group and its live members. */
export type BrokerData = BodyOf<typeof brokerData>;

const topicRouteData = bean({
  brokerDatas: list(brokerData),
  /** `ip:port` of filter servers by broker address (4.x). */
  filterServerTable: table(list(text)),
  /** `brokerA:4;brokerB:2` of an order topic. */
  orderTopicConf: optional(text),
  /** May name brokers that are not among `brokerDatas`. */
  queueDatas: list(queueData),
  /** Of a static topic, by broker name. */
  topicQueueMappingByBroker: optional(topicQueueMappingInfoTable),
});
/** Where a topic lives: answer of 105, body of 217. */
export type TopicRouteData = BodyOf<typeof topicRouteData>;

const codec = jsonBody('TopicRouteData', topicRouteData);

/**
 * Reads the answer to GET_ROUTEINFO_BY_TOPIC (105), upstream's `TopicRouteData`, in either dialect.
 * @throws RemotingError `BAD_BODY`
 */
export const decodeTopicRouteData = codec.decode;

/**
 * Body of the answer to GET_ROUTEINFO_BY_TOPIC (105): upstream's `TopicRouteData`.
 * @param options.standardJson real JSON: quoted and sorted keys, ASCII only. Clients from V4_9_4 on get it, and who
 * asks for it; others get fastjson's bare integer keys.
 */
export function encodeTopicRouteData(route: TopicRouteData, options: { standardJson: boolean }): Buffer {
  return options.standardJson
    ? codec.encode(route, { unquotedIntKeys: false, ascii: true, sort: true })
    : codec.encode(route);
}
