import { javaHashCode } from '../../message/java-hash.js';
import { bean, enumOf, flag, int, jsonBody, or, setList, text, type BodyOf } from './shape.js';
import { subscriptionData } from './subscription-data.js';

export const consumeType = enumOf('CONSUME_ACTIVELY', 'CONSUME_PASSIVELY', 'CONSUME_POP');
/** Pull, push, or pop (5.x). */
export type ConsumeType = BodyOf<typeof consumeType>;

export const messageModel = enumOf('BROADCASTING', 'CLUSTERING');
/** Whether each client of a group gets every message, or the clients share them; upstream's `MessageModel`. */
export type MessageModel = BodyOf<typeof messageModel>;

/** Where a group without an offset begins. The second to fourth are deprecated upstream and mean the first. */
export const consumeFromWhere = enumOf(
  'CONSUME_FROM_LAST_OFFSET',
  'CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST',
  'CONSUME_FROM_MIN_OFFSET',
  'CONSUME_FROM_MAX_OFFSET',
  'CONSUME_FROM_FIRST_OFFSET',
  'CONSUME_FROM_TIMESTAMP',
);
/** Where a group without an offset begins; upstream's `ConsumeFromWhere`. */
export type ConsumeFromWhere = BodyOf<typeof consumeFromWhere>;

const producerData = bean({ groupName: text });
/** A producer group in a heartbeat; upstream's `ProducerData`. */
export type ProducerData = BodyOf<typeof producerData>;

const consumerData = bean({
  consumeFromWhere: or(consumeFromWhere, 'CONSUME_FROM_LAST_OFFSET'),
  consumeType: or(consumeType, 'CONSUME_PASSIVELY'),
  groupName: text,
  messageModel: or(messageModel, 'CLUSTERING'),
  subscriptionDataSet: setList(subscriptionData),
  unitMode: flag,
});
/** A consumer group in a heartbeat, with its subscriptions; upstream's `ConsumerData`. */
export type ConsumerData = BodyOf<typeof consumerData>;

const heartbeatData = bean({
  clientID: text,
  consumerDataSet: setList(consumerData),
  /** 0: heartbeat V1. Else see `heartbeatFingerprint` (5.1.3). */
  heartbeatFingerprint: int,
  producerDataSet: setList(producerData),
  /** Heartbeat V2: subscriptions left out because they did not change. */
  withoutSub: flag,
});
/** Body of 34: who a client is and what it produces and consumes. */
export type HeartbeatData = BodyOf<typeof heartbeatData>;

const heartbeatDataCodec = jsonBody('HeartbeatData', heartbeatData);
/** Encodes the body of HEART_BEAT (34), upstream's `HeartbeatData`. */
export const encodeHeartbeatData = heartbeatDataCodec.encode;
/**
 * Decodes the body of HEART_BEAT (34), upstream's `HeartbeatData`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeHeartbeatData = heartbeatDataCodec.decode;

/** Checksum of what a client consumes and produces, whoever it is and whenever it subscribed. Compared by equality only. */
export function heartbeatFingerprint(heartbeat: HeartbeatData): number {
  const consumerDataSet = heartbeat.consumerDataSet.map((consumer) => ({
    ...consumer,
    subscriptionDataSet: consumer.subscriptionDataSet.map((subscription) => ({
      ...subscription,
      subVersion: 0,
    })),
  }));
  const anonymous = {
    ...heartbeat,
    clientID: '',
    consumerDataSet,
    heartbeatFingerprint: 0,
    withoutSub: false,
  };
  return javaHashCode(encodeHeartbeatData(anonymous).toString());
}
