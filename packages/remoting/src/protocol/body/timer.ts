// Timer state that slaves ask their master for (5.x, remoting.md 3.12).
import { RemotingError } from '../../errors.js';
import { dataVersionOrZero, type DataVersion } from './data-version.js';
import { bean, jsonBody, long, table, type BodyOf } from './shape.js';

const timerMetrics = bean({
  dataVersion: dataVersionOrZero,
  timingCount: table(bean({ count: long, timeStamp: long })),
});
/** Answer of 61: messages that wait, by topic. */
export type TimerMetrics = BodyOf<typeof timerMetrics>;

const timerMetricsCodec = jsonBody('TimerMetrics', timerMetrics);
/**
 * Encodes the body of the answer to GET_TIMER_METRICS (61) and `config/timermetrics`, upstream's
 * `TimerMetrics.TimerMetricsSerializeWrapper`.
 */
export const encodeTimerMetrics = timerMetricsCodec.encode;
/**
 * Decodes the body of the answer to GET_TIMER_METRICS (61) and `config/timermetrics`, upstream's
 * `TimerMetrics.TimerMetricsSerializeWrapper`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeTimerMetrics = timerMetricsCodec.decode;

/** Answer of 60, and the file `timercheck`. */
export interface TimerCheckpoint {
  /** Slot up to which timers were delivered, ms. */
  lastReadTimeMs: number;
  /** Bytes of the timer log that are on disk. */
  lastTimerLogFlushPos: number;
  /** Queue offset of the timer topic up to which messages are in the timer log. */
  lastTimerQueueOffset: number;
  /** The master's `lastTimerQueueOffset`: a slave goes no further. */
  masterTimerQueueOffset: number;
  /** Of the whole, so that a slave sees whether anything changed. */
  dataVersion: DataVersion;
}

/** Seven int64: the four positions, then stateVersion, timestamp and counter of the version. */
export const TIMER_CHECKPOINT_BYTES = 7 * 8;

/**
 * Body of the answer to GET_TIMER_CHECK_POINT (60), `TIMER_CHECKPOINT_BYTES` long; upstream's
 * `TimerCheckpoint.encode`.
 */
export function encodeTimerCheckpoint(checkpoint: TimerCheckpoint): Buffer {
  const { stateVersion, timestamp, counter } = checkpoint.dataVersion;
  const { lastReadTimeMs, lastTimerLogFlushPos, lastTimerQueueOffset, masterTimerQueueOffset } = checkpoint;
  const values = [lastReadTimeMs, lastTimerLogFlushPos, lastTimerQueueOffset, masterTimerQueueOffset];
  const body = Buffer.alloc(TIMER_CHECKPOINT_BYTES);
  [...values, stateVersion, timestamp, counter].forEach((value, index) =>
    body.writeBigInt64BE(BigInt(value), index * 8),
  );
  return body;
}

/**
 * Reads the first `TIMER_CHECKPOINT_BYTES` of the answer to GET_TIMER_CHECK_POINT (60), or of the file.
 * @throws RemotingError `BAD_BODY` when it is too short or a value is beyond 2^53.
 */
export function decodeTimerCheckpoint(body: Buffer | undefined): TimerCheckpoint {
  if (body === undefined || body.length < TIMER_CHECKPOINT_BYTES) {
    throw new RemotingError(
      'BAD_BODY',
      `TimerCheckpoint: ${body?.length ?? 0} of ${TIMER_CHECKPOINT_BYTES} bytes`,
    );
  }
  const value = (index: number): number => {
    const number = Number(body.readBigInt64BE(index * 8));
    if (Number.isSafeInteger(number)) return number;
    throw new RemotingError('BAD_BODY', `TimerCheckpoint: value ${index} is out of range`);
  };
  return {
    lastReadTimeMs: value(0),
    lastTimerLogFlushPos: value(1),
    lastTimerQueueOffset: value(2),
    masterTimerQueueOffset: value(3),
    dataVersion: { stateVersion: value(4), timestamp: value(5), counter: value(6) },
  };
}
