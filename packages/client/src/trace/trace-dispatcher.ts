import { RepeatingTask } from '@mq/remoting';
import { MessageConst, UniqIdGenerator, KEY_SEPARATOR, encodeProperties } from '@mq/remoting/message';
import { SystemTopic } from '@mq/remoting/protocol';
import type { ClientInstance } from '../instance/client-instance.js';
import { settledWithin } from '../instance/sleeper.js';
import { MessageSender } from '../producer/message-sender.js';
import { batchTraces, traceTopicOf, type TraceMessage } from './trace-batch.js';
import type { Trace } from './trace-context.js';

/** Upstream's bounds (AsyncTraceDispatcher): what waits, what travels together, how long it waits, how long a send may take. */
const MAX_WAITING_CONTEXTS = 2_048;
const BATCH_CONTEXTS = 20;
const FLUSH_INTERVAL_MS = 5_000;
const SEND_TIMEOUT_MS = 5_000;
const GROUP_PREFIX = '_INNER_TRACE_PRODUCER';

/**
 * Sends trace data in the background: 20 contexts together or what there is after 5 s, to the trace topic. A context is what
 * one send or one delivery made. Full, it drops what is new; a send that fails drops its batch: trace never holds up what it
 * observes. Upstream: AsyncTraceDispatcher; unlike there it uses the connections of the client it traces.
 */
export class TraceDispatcher {
  readonly traceTopic: string;
  readonly #sender: MessageSender;
  readonly #ids: UniqIdGenerator;
  readonly #flushTask: RepeatingTask;
  readonly #member: { readonly producerGroup: string; publishTopics(): Iterable<string> };
  readonly #isCloud: boolean;
  #waiting: (readonly Trace[])[] = [];
  #sends = new Set<Promise<void>>();
  #dropped = 0;
  #started = false;

  constructor(
    private readonly client: ClientInstance,
    options: {
      readonly group: string;
      readonly kind: 'PRODUCE' | 'CONSUME';
      readonly traceTopic: string | undefined;
      readonly isCloud: boolean;
    },
  ) {
    this.traceTopic = options.traceTopic ?? SystemTopic.TRACE;
    this.#isCloud = options.isCloud;
    const producerGroup = `${GROUP_PREFIX}-${options.group}-${options.kind}-1`;
    this.#sender = new MessageSender(client, {
      producerGroup,
      defaultTopic: SystemTopic.AUTO_CREATE,
      defaultTopicQueueNums: 4,
      retryTimesWhenSendFailed: 2,
      retryAnotherBrokerWhenNotStoreOK: false,
      maxTimeoutPerRequestMs: 0,
      sendLatencyFaultEnable: false,
    });
    this.#member = { producerGroup, publishTopics: () => this.#sender.topics };
    this.#ids = new UniqIdGenerator({ clock: client.clock });
    this.#flushTask = new RepeatingTask('flush of trace', () => this.#flush(), FLUSH_INTERVAL_MS, {
      clock: client.clock,
      logger: client.logger,
    });
  }

  /** Traces that were dropped: too many waited, or they could not be sent. */
  get dropped(): number {
    return this.#dropped;
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.client.registerProducer(this.#member);
    this.#flushTask.start();
  }

  /** Takes what one send or one delivery made. Hot. */
  append(context: readonly Trace[]): void {
    if (this.#waiting.length >= MAX_WAITING_CONTEXTS) return this.#drop(context.length, undefined);
    this.#waiting.push(context);
    if (this.#waiting.length === BATCH_CONTEXTS) this.#flushTask.runSoon();
  }

  /** Sends what waits and ends, within the time. Never rejects. */
  async close(timeoutMs: number): Promise<void> {
    if (!this.#started) return;
    const { clock } = this.client;
    const deadlineMs = clock.monotonic() + timeoutMs;
    const leftMs = (): number => Math.max(1, deadlineMs - clock.monotonic());
    await settledWithin(clock, this.#flushTask.close(), leftMs());
    this.#flush();
    await settledWithin(clock, Promise.all(this.#sends), leftMs());
    await settledWithin(clock, this.client.unregisterProducer(this.#member, leftMs()), leftMs());
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < waiting.length; at += BATCH_CONTEXTS) {
      this.#sendBatch(waiting.slice(at, at + BATCH_CONTEXTS).flat());
    }
  }

  #sendBatch(traces: readonly Trace[]): void {
    const byTopic = new Map<string, Trace[]>();
    for (const trace of traces) {
      const topic = traceTopicOf(trace, this.traceTopic, this.#isCloud);
      const others = byTopic.get(topic);
      if (others === undefined) byTopic.set(topic, [trace]);
      else others.push(trace);
    }
    for (const [topic, ofTopic] of byTopic) {
      for (const message of batchTraces(ofTopic, this.#isCloud)) {
        const sent = this.#send(topic, message).finally(() => this.#sends.delete(sent));
        this.#sends.add(sent);
      }
    }
  }

  async #send(topic: string, { data, keys }: TraceMessage): Promise<void> {
    const msgId = this.#ids.next();
    const properties = encodeProperties({
      [MessageConst.KEYS]: keys.join(KEY_SEPARATOR),
      [MessageConst.WAIT_STORE_MSG_OK]: 'true',
      [MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX]: msgId,
    });
    const body = Buffer.from(data, 'utf8');
    try {
      await this.#sender.send(
        { topic, wireTopic: topic, body, sysFlag: 0, flag: 0, properties, msgId, isBatch: false },
        { deadlineMs: this.client.clock.monotonic() + SEND_TIMEOUT_MS },
      );
    } catch (error) {
      this.#drop(data.split('\u0002').length - 1, error);
    }
  }

  /** Says so once for every thousand that are lost. */
  #drop(count: number, error: unknown): void {
    if (Math.floor(this.#dropped / 1_000) < Math.ceil((this.#dropped + count) / 1_000))
      this.client.logger.warn('trace data was dropped', { dropped: this.#dropped + count, error });
    this.#dropped += count;
  }
}
