import { consumeFromWhere, consumeType, messageModel } from './heartbeat-data.js';
import { bean, int, jsonBody, list, long, optional, or, setList, table, text, type BodyOf } from './shape.js';
import { subscriptionData } from './subscription-data.js';

const connection = bean({ clientAddr: text, clientId: text, language: or(text, 'OTHER'), version: int });
/** One client's connection as an operator sees it. */
export type ClientConnection = BodyOf<typeof connection>;

const consumerConnection = bean({
  connectionSet: setList(connection),
  consumeFromWhere: optional(consumeFromWhere),
  consumeType: optional(consumeType),
  messageModel: optional(messageModel),
  subscriptionTable: table(subscriptionData),
});
/** Answer of 203. */
export type ConsumerConnection = BodyOf<typeof consumerConnection>;
/**
 * Body of the answer to GET_CONSUMER_CONNECTION_LIST (203): upstream's `ConsumerConnection`. Decoding throws
 * RemotingError `BAD_BODY`.
 */
export const { encode: encodeConsumerConnection, decode: decodeConsumerConnection } = jsonBody(
  'ConsumerConnection',
  consumerConnection,
);

const producerConnection = bean({ connectionSet: setList(connection) });
/** Answer of 204. */
export type ProducerConnection = BodyOf<typeof producerConnection>;
/**
 * Body of the answer to GET_PRODUCER_CONNECTION_LIST (204): upstream's `ProducerConnection`. Decoding throws
 * RemotingError `BAD_BODY`.
 */
export const { encode: encodeProducerConnection, decode: decodeProducerConnection } = jsonBody(
  'ProducerConnection',
  producerConnection,
);

const producerInfo = bean({
  clientId: text,
  language: or(text, 'OTHER'),
  lastUpdateTimestamp: long,
  remoteIP: text,
  version: int,
});
/** One producer's connection; `lastUpdateTimestamp` is the ms of its last heartbeat. Upstream's `ProducerInfo`. */
export type ProducerInfo = BodyOf<typeof producerInfo>;

const producerTableInfo = bean({ data: table(list(producerInfo)) });
/** Answer of 328: producers by group. */
export type ProducerTableInfo = BodyOf<typeof producerTableInfo>;
/**
 * Body of the answer to GET_ALL_PRODUCER_INFO (328): upstream's `ProducerTableInfo`. Decoding throws RemotingError
 * `BAD_BODY`.
 */
export const { encode: encodeProducerTableInfo, decode: decodeProducerTableInfo } = jsonBody(
  'ProducerTableInfo',
  producerTableInfo,
);

const getConsumerListByGroupResponseBody = bean({ consumerIdList: list(text) });
/** Answer of 38: client ids. */
export type GetConsumerListByGroupResponseBody = BodyOf<typeof getConsumerListByGroupResponseBody>;
/**
 * Body of the answer to GET_CONSUMER_LIST_BY_GROUP (38): upstream's `GetConsumerListByGroupResponseBody`. Decoding
 * throws RemotingError `BAD_BODY`.
 */
export const {
  encode: encodeGetConsumerListByGroupResponseBody,
  decode: decodeGetConsumerListByGroupResponseBody,
} = jsonBody('GetConsumerListByGroupResponseBody', getConsumerListByGroupResponseBody);
