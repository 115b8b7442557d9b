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
export const { encode: encodeConsumerConnection, decode: decodeConsumerConnection } = jsonBody(
  'ConsumerConnection',
  consumerConnection,
);

const producerConnection = bean({ connectionSet: setList(connection) });
/** Answer of 204. */
export type ProducerConnection = BodyOf<typeof producerConnection>;
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
export type ProducerInfo = BodyOf<typeof producerInfo>;

const producerTableInfo = bean({ data: table(list(producerInfo)) });
/** Answer of 328: producers by group. */
export type ProducerTableInfo = BodyOf<typeof producerTableInfo>;
export const { encode: encodeProducerTableInfo, decode: decodeProducerTableInfo } = jsonBody(
  'ProducerTableInfo',
  producerTableInfo,
);

const getConsumerListByGroupResponseBody = bean({ consumerIdList: list(text) });
/** Answer of 38: client ids. */
export type GetConsumerListByGroupResponseBody = BodyOf<typeof getConsumerListByGroupResponseBody>;
export const {
  encode: encodeGetConsumerListByGroupResponseBody,
  decode: decodeGetConsumerListByGroupResponseBody,
} = jsonBody('GetConsumerListByGroupResponseBody', getConsumerListByGroupResponseBody);
