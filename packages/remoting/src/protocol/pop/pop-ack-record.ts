// The record of acknowledgements in the revive log (upstream: store/pop/AckMsg and BatchAckMsg, written by fastjson):
//
//   ack    {"ao":8,"bn":"broker-a","c":"G","pt":1700000000000,"q":1,"so":7,"t":"T"}
//   bAck   {"ao":-1,"aol":[8,11],"bn":"broker-a","c":"G","pt":1700000000000,"q":1,"so":7,"t":"T"}
import { bean, decodeShape, list, long, optional } from '../body/shape.js';
import { parseFastjson } from '../fastjson-reader.js';
import { popNameMembers, popNameOf, type PopName } from './pop-name.js';

/** Tag of a record that acknowledges one message; upstream's `PopAckConstants.ACK_TAG`. */
export const POP_ACK_TAG = 'ack';
/** Tag of a record that acknowledges several; upstream's `PopAckConstants.BATCH_ACK_TAG`. */
export const POP_BATCH_ACK_TAG = 'bAck';

/** Messages of one pop that were acknowledged. Upstream's `AckMsg` and `BatchAckMsg`. */
export interface PopAckRecord extends PopName {
  /** Queue offsets acknowledged. */
  readonly offsets: readonly number[];
}

const shape = bean({ ...popNameMembers, ao: long, aol: optional(list(long)) });
/** Before 5.1 the members had their full names. */
const oldNames: Readonly<Record<string, string>> = {
  ackOffset: 'ao',
  ackOffsetList: 'aol',
  brokerName: 'bn',
  consumerGroup: 'c',
  popTime: 'pt',
  queueId: 'q',
  startOffset: 'so',
  topic: 't',
};

/** The tag a record with these offsets has. */
export const popAckTag = (offsets: readonly number[]): string =>
  offsets.length === 1 ? POP_ACK_TAG : POP_BATCH_ACK_TAG;

/** The body of an acknowledgement: that of one offset, or of several (see `popAckTag`). */
export function encodePopAck(record: PopAckRecord): Buffer {
  const { topic, group, queueId, startOffset, popTime, brokerName, offsets } = record;
  const acked = offsets.length === 1 ? `"ao":${offsets[0]}` : `"ao":-1,"aol":[${offsets.join(',')}]`;
  return Buffer.from(
    `{${acked},"bn":${JSON.stringify(brokerName)},"c":${JSON.stringify(group)},"pt":${popTime},"q":${queueId},` +
      `"so":${startOffset},"t":${JSON.stringify(topic)}}`,
  );
}

/**
 * Reads the body of either record. One without a broker name is `ownBrokerName`'s.
 * @throws RemotingError BAD_BODY
 */
export function decodePopAck(body: Buffer, ownBrokerName: string): PopAckRecord {
  const json = decodeShape('AckMsg', shape, withShortNames(parseFastjson(body)));
  return { ...popNameOf(json, ownBrokerName), offsets: json.aol ?? [json.ao] };
}

function withShortNames(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json) || json instanceof Map) return json;
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [oldNames[name] ?? name, value]));
}
