// The handle of a popped message, property POP_CK: what a consumer gives back to acknowledge it (upstream: ExtraInfoUtil).
//
//   checkpointOffset popTime invisibleTime reviveQueueId retryFlag brokerName queueId [queueOffset]
//
// separated by one space; clients before 5.0 GA leave the last one out.
import { RemotingError } from '../../errors.js';
import { isPopRetryTopicV2, isRetryTopic, popRetryTopicV1, popRetryTopicV2 } from '../names.js';

/** Revive queue of a handle that was popped in order: there is no checkpoint, the queue stays locked until it is acked. */
export const POP_ORDER_REVIVE_QUEUE = 999;

/** Where a popped message lies: `0` in the topic itself, `1` and `2` in its pop retry topic V1 or V2. */
export type PopRetryFlag = '0' | '1' | '2';

/** The parts of a handle; upstream's `ExtraInfoUtil.split`. */
export interface PopHandle {
  /** Queue offset at which the pop began; names its checkpoint together with `popTime`. */
  readonly checkpointOffset: number;
  /** Broker's clock, ms. */
  readonly popTime: number;
  /** Milliseconds from `popTime` on in which nobody else gets the message. */
  readonly invisibleTime: number;
  /** Queue of the revive topic with its checkpoint; `POP_ORDER_REVIVE_QUEUE` for ordered pops. */
  readonly reviveQueueId: number;
  /** Which topic it was popped from. */
  readonly retryFlag: PopRetryFlag;
  /** The broker to acknowledge it at. */
  readonly brokerName: string;
  /** Of the topic that `retryFlag` names. */
  readonly queueId: number;
  /** Of the message; undefined in handles of old clients. */
  readonly queueOffset: number | undefined;
}

const FIELDS = 7;

/** The text of a handle; upstream's `ExtraInfoUtil.buildExtraInfo`. */
export function formatPopHandle(handle: PopHandle): string {
  const { checkpointOffset, popTime, invisibleTime, reviveQueueId, retryFlag, brokerName, queueId } = handle;
  const text = `${checkpointOffset} ${popTime} ${invisibleTime} ${reviveQueueId} ${retryFlag} ${brokerName} ${queueId}`;
  return handle.queueOffset === undefined ? text : `${text} ${handle.queueOffset}`;
}

/**
 * Reads the text of a handle, with or without its last part.
 * @throws RemotingError BAD_HEADER for a text that is no handle
 */
export function parsePopHandle(text: string): PopHandle {
  const parts = text.split(' ');
  const [
    checkpointOffset,
    popTime,
    invisibleTime,
    reviveQueueId,
    retryFlag,
    brokerName,
    queueId,
    queueOffset,
  ] = parts;
  if (parts.length < FIELDS || !isPopRetryFlag(retryFlag) || !brokerName) throw notAHandle(text);
  return {
    checkpointOffset: whole(checkpointOffset, text),
    popTime: whole(popTime, text),
    invisibleTime: whole(invisibleTime, text),
    reviveQueueId: whole(reviveQueueId, text),
    retryFlag,
    brokerName,
    queueId: whole(queueId, text),
    queueOffset: queueOffset === undefined ? undefined : whole(queueOffset, text),
  };
}

/** The flag of a topic as it is stored. */
export function popRetryFlag(topic: string): PopRetryFlag {
  if (!isRetryTopic(topic)) return '0';
  return isPopRetryTopicV2(topic) ? '2' : '1';
}

/** The topic a popped message lies in, from the topic its consumer knows. */
export function popStoredTopic(topic: string, group: string, flag: PopRetryFlag): string {
  if (flag === '0') return topic;
  return flag === '1' ? popRetryTopicV1(topic, group) : popRetryTopicV2(topic, group);
}

/** True for `0`, `1` and `2`. */
export const isPopRetryFlag = (text: string | undefined): text is PopRetryFlag =>
  text === '0' || text === '1' || text === '2';

function whole(part: string | undefined, text: string): number {
  const value = Number(part);
  if (part === undefined || part === '' || !Number.isSafeInteger(value)) throw notAHandle(text);
  return value;
}

const notAHandle = (text: string): RemotingError =>
  new RemotingError(
    'BAD_HEADER',
    `extraInfo is not the handle of a popped message: ${JSON.stringify(text.slice(0, 100))}`,
  );
