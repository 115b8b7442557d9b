// How many messages wait in the wheel, by real topic (upstream store/timer/TimerMetrics): the file `config/timermetrics` and
// the answer to GET_TIMER_METRICS.
import type { Clock } from '@mq/remoting';
import {
  decodeTimerMetrics,
  encodeTimerMetrics,
  firstDataVersion,
  type TimerMetrics,
} from '@mq/remoting/protocol';

interface Count {
  count: number;
  timeStamp: number;
}

/** Where the text is kept; `ConfigFile` is one. */
export interface MetricsFile {
  load(): string | undefined;
  persist(text: string): void;
}

/** How many messages wait in the wheel, by real topic, kept in `config/timermetrics`; upstream's `TimerMetrics`. */
export class TimerCounts {
  readonly #counts = new Map<string, Count>();
  readonly #version: { counter: number; stateVersion: number; timestamp: number };
  #isDirty = false;

  constructor(
    private readonly clock: Clock,
    private readonly file: MetricsFile | undefined,
  ) {
    this.#version = { ...firstDataVersion(clock.now()) };
  }

  /** Takes what the file tells. @throws RemotingError BAD_BODY when it cannot be read */
  load(): void {
    const text = this.file?.load();
    if (text === undefined) return;
    const { dataVersion, timingCount } = decodeTimerMetrics(Buffer.from(text));
    Object.assign(this.#version, dataVersion);
    for (const [topic, { count, timeStamp }] of Object.entries(timingCount))
      this.#counts.set(topic, { count, timeStamp });
  }

  /** Messages of a topic that wait. */
  count(topic: string): number {
    return this.#counts.get(topic)?.count ?? 0;
  }

  /** So many messages of a topic came into the wheel, or, below 0, left it. */
  add(topic: string, change: number): void {
    const now = this.clock.now();
    const count = this.#counts.get(topic);
    if (count === undefined) this.#counts.set(topic, { count: change, timeStamp: now });
    else {
      count.count += change;
      count.timeStamp = now;
    }
    this.#version.timestamp = now;
    this.#version.counter++;
    this.#isDirty = true;
  }

  /** Replaces the counts of the topics given; the others stay. */
  set(counts: ReadonlyMap<string, number>): void {
    const timeStamp = this.clock.now();
    for (const [topic, count] of counts) this.#counts.set(topic, { count, timeStamp });
    this.#isDirty = true;
  }

  /** A topic was deleted. */
  remove(topic: string): void {
    if (this.#counts.delete(topic)) this.#isDirty = true;
  }

  /** Topics with a count, which may be 0. */
  topics(): Iterable<string> {
    return this.#counts.keys();
  }

  /** The body of GET_TIMER_METRICS. */
  toBody(): TimerMetrics {
    return { dataVersion: { ...this.#version }, timingCount: Object.fromEntries(this.#counts) };
  }

  /** Writes the file if a count changed since. @throws DiskError */
  persist(): void {
    if (!this.#isDirty || this.file === undefined) return;
    this.file.persist(encodeTimerMetrics(this.toBody()).toString('utf8'));
    this.#isDirty = false;
  }
}
