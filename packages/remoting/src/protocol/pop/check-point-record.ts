// The record of a pop in the revive log (upstream: store/pop/PopCheckPoint, written by fastjson):
//
//   {"bm":5,"bn":"broker-a","c":"G","d":[0,1,4],"it":60000,"n":3,"pt":1700000000000,"q":1,"reviveTime":1700000060000,
//    "ro":0,"rp":"2","so":7,"t":"T"}
import { bean, decodeShape, int, list, long, optional, text } from '../body/shape.js';
import { parseFastjson } from '../fastjson-reader.js';
import { popNameMembers, popNameOf, type PopName } from './pop-name.js';

/** Tag of the record. */
export const POP_CHECK_POINT_TAG = 'ck';
/** Messages a checkpoint can hold: its bits are a Java int. */
export const MAX_MESSAGES_OF_A_POP = 32;

/** What the revive log says of one pop; times in ms. Upstream's `PopCheckPoint`. */
export interface PopCheckPointRecord extends PopName {
  /** From `popTime` on, in which nobody else gets the messages. */
  readonly invisibleTime: number;
  /** Queue offsets of the messages, ascending. */
  readonly offsets: readonly number[];
  /** Bit i: message i is acknowledged. */
  readonly bits: number;
  /** How often a revival failed and was put off. */
  readonly rePutTimes: number;
}

const shape = bean({
  ...popNameMembers,
  bm: int,
  d: optional(list(int)),
  it: long,
  n: int,
  rp: optional(text),
});

/** The body of a checkpoint, byte for byte as fastjson writes upstream's `PopCheckPoint`. */
export function encodePopCheckPoint(record: PopCheckPointRecord): Buffer {
  const { startOffset, popTime, invisibleTime, offsets, rePutTimes } = record;
  let differences = '';
  for (const offset of offsets) differences += `${differences === '' ? '' : ','}${offset - startOffset}`;
  const rp = rePutTimes === 0 ? '' : `"rp":"${rePutTimes}",`;
  return Buffer.from(
    `{"bm":${record.bits},"bn":${JSON.stringify(record.brokerName)},"c":${JSON.stringify(record.group)},"d":[${differences}],` +
      `"it":${invisibleTime},"n":${offsets.length},"pt":${popTime},"q":${record.queueId},` +
      `"reviveTime":${popTime + invisibleTime},"ro":0,${rp}"so":${startOffset},"t":${JSON.stringify(record.topic)}}`,
  );
}

/**
 * Reads the body of a checkpoint. One without a broker name is `ownBrokerName`'s.
 * @throws RemotingError BAD_BODY
 */
export function decodePopCheckPoint(body: Buffer, ownBrokerName: string): PopCheckPointRecord {
  const json = decodeShape('PopCheckPoint', shape, parseFastjson(body));
  const count = Math.min(Math.max(0, json.n), MAX_MESSAGES_OF_A_POP);
  // Without differences the messages follow each other (records of the first 5.0 brokers).
  const differences =
    json.d === undefined || json.d.length === 0 ? Array.from({ length: count }, (_, index) => index) : json.d;
  const rePutTimes = Number(json.rp ?? 0);
  return {
    ...popNameOf(json, ownBrokerName),
    invisibleTime: json.it,
    offsets: differences.slice(0, count).map((difference) => json.so + difference),
    bits: json.bm,
    rePutTimes: Number.isInteger(rePutTimes) ? rePutTimes : 0,
  };
}
