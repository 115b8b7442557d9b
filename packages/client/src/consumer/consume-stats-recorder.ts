import type { Clock } from '@mq/remoting';
import type { ConsumeStatus as TopicConsumeStatus } from '@mq/remoting/protocol';

const BUCKET_MS = 10_000;
/** Rates are over the last minute, failures over the last hour, as upstream's ConsumerStatsManager has them. */
const MINUTE_BUCKETS = 6;
const HOUR_BUCKETS = 360;

interface Bucket {
  /** Number of the 10 s span it counts. */
  span: number;
  ok: number;
  failed: number;
  consumeMs: number;
  consumeCalls: number;
  pulled: number;
  pullMs: number;
  pullCalls: number;
}

/** Counts what a consumer did, topic by topic, for the running info an operator asks for (307). */
export class ConsumeStatsRecorder {
  readonly #topics = new Map<string, Bucket[]>();

  constructor(private readonly clock: Clock) {}

  consumed(topic: string, ok: number, failed: number, tookMs: number): void {
    const bucket = this.#bucket(topic);
    bucket.ok += ok;
    bucket.failed += failed;
    bucket.consumeMs += tookMs;
    bucket.consumeCalls++;
  }

  pulled(topic: string, messages: number, tookMs: number): void {
    const bucket = this.#bucket(topic);
    bucket.pulled += messages;
    bucket.pullMs += tookMs;
    bucket.pullCalls++;
  }

  /** Rates per second, times in milliseconds. */
  statusOf(topic: string): TopicConsumeStatus {
    const total: Bucket = emptyBucket(0);
    let failedInHour = 0;
    const now = this.#span();
    for (const bucket of this.#topics.get(topic) ?? []) {
      const age = now - bucket.span;
      if (age < HOUR_BUCKETS) failedInHour += bucket.failed;
      if (age < MINUTE_BUCKETS) addTo(total, bucket);
    }
    const seconds = (MINUTE_BUCKETS * BUCKET_MS) / 1_000;
    return {
      consumeFailedMsgs: failedInHour,
      consumeFailedTPS: total.failed / seconds,
      consumeOKTPS: total.ok / seconds,
      consumeRT: total.consumeCalls === 0 ? 0 : total.consumeMs / total.consumeCalls,
      pullRT: total.pullCalls === 0 ? 0 : total.pullMs / total.pullCalls,
      pullTPS: total.pulled / seconds,
    };
  }

  #span(): number {
    return Math.floor(this.clock.monotonic() / BUCKET_MS);
  }

  #bucket(topic: string): Bucket {
    let buckets = this.#topics.get(topic);
    if (buckets === undefined) this.#topics.set(topic, (buckets = []));
    const span = this.#span();
    const newest = buckets[buckets.length - 1];
    if (newest !== undefined && newest.span === span) return newest;
    const bucket = emptyBucket(span);
    buckets.push(bucket);
    if (buckets.length > HOUR_BUCKETS) buckets.shift();
    return bucket;
  }
}

function emptyBucket(span: number): Bucket {
  return { span, ok: 0, failed: 0, consumeMs: 0, consumeCalls: 0, pulled: 0, pullMs: 0, pullCalls: 0 };
}

function addTo(total: Bucket, bucket: Bucket): void {
  total.ok += bucket.ok;
  total.failed += bucket.failed;
  total.consumeMs += bucket.consumeMs;
  total.consumeCalls += bucket.consumeCalls;
  total.pulled += bucket.pulled;
  total.pullMs += bucket.pullMs;
  total.pullCalls += bucket.pullCalls;
}
