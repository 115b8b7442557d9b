import { consumeFromWhere, consumeType, messageModel } from './heartbeat-data.js';
import { bean, int, jsonBody, list, long, optional, or, setList, table, text, type BodyOf } from './shape.js';
import { subscriptionData } from './subscription-data.js';

const connection = bean({
  /** `ip:port`. */
  clientAddr: text,
  clientId: text,
  language: or(text, 'OTHER'),
  /** Number of upstream's `MQVersion`: see `versionName`. */
  version: int,
});
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

const consumerConnectionCodec = jsonBody('ConsumerConnection', consumerConnection);
/** Encodes the body of the answer to GET_CONSUMER_CONNECTION_LIST (203), upstream's `ConsumerConnection`. */
export const encodeConsumerConnection = consumerConnectionCodec.encode;
/**
 * Decodes the body of the answer to GET_CONSUMER_CONNECTION_LIST (203), upstream's `ConsumerConnection`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeConsumerConnection = consumerConnectionCodec.decode;

const producerConnection = bean({ connectionSet: setList(connection) });
/** Answer of 204. */
export type ProducerConnection = BodyOf<typeof producerConnection>;

const producerConnectionCodec = jsonBody('ProducerConnection', producerConnection);
/** Encodes the body of the answer to GET_PRODUCER_CONNECTION_LIST (204), upstream's `ProducerConnection`. */
export const encodeProducerConnection = producerConnectionCodec.encode;
/**
 * Decodes the body of the answer to GET_PRODUCER_CONNECTION_LIST (204), upstream's `ProducerConnection`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeProducerConnection = producerConnectionCodec.decode;

const producerInfo = bean({
  clientId: text,
  language: or(text, 'OTHER'),
  lastUpdateTimestamp: long,
  remoteIP: text,
  /** Number of upstream's `MQVersion`: see `versionName`. */
  version: int,
});
/** One producer's connection; `lastUpdateTimestamp` is the ms of its last heartbeat. Upstream's `ProducerInfo`. */
export type ProducerInfo = BodyOf<typeof producerInfo>;

const producerTableInfo = bean({ data: table(list(producerInfo)) });
/** Answer of 328: producers by group. */
export type ProducerTableInfo = BodyOf<typeof producerTableInfo>;

const producerTableInfoCodec = jsonBody('ProducerTableInfo', producerTableInfo);
/** Encodes the body of the answer to GET_ALL_PRODUCER_INFO (328), upstream's `ProducerTableInfo`. */
export const encodeProducerTableInfo = producerTableInfoCodec.encode;
/**
 * Decodes the body of the answer to GET_ALL_PRODUCER_INFO (328), upstream's `ProducerTableInfo`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeProducerTableInfo = producerTableInfoCodec.decode;

const getConsumerListByGroupResponseBody = bean({ consumerIdList: list(text) });
/** Answer of 38: client ids. */
export type GetConsumerListByGroupResponseBody = BodyOf<typeof getConsumerListByGroupResponseBody>;

const getConsumerListByGroupResponseBodyCodec = jsonBody(
  'GetConsumerListByGroupResponseBody',
  getConsumerListByGroupResponseBody,
);
/**
 * Encodes the body of the answer to GET_CONSUMER_LIST_BY_GROUP (38), upstream's
 * `GetConsumerListByGroupResponseBody`.
 */
export const encodeGetConsumerListByGroupResponseBody = getConsumerListByGroupResponseBodyCodec.encode;
/**
 * Decodes the body of the answer to GET_CONSUMER_LIST_BY_GROUP (38), upstream's
 * `GetConsumerListByGroupResponseBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeGetConsumerListByGroupResponseBody = getConsumerListByGroupResponseBodyCodec.decode;
