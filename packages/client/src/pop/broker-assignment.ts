import { RemotingCommand } from '@mq/remoting';
import {
  decodeQueryAssignmentResponseBody,
  encodeQueryAssignmentRequestBody,
  isRetryTopic,
  messageQueueKey,
  RequestCode,
  type MessageQueue,
  type PopProcessQueueInfo,
} from '@mq/remoting/protocol';
import { MQClientError } from '../errors.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { PopQueue } from './pop-queue.js';
import { QueuePopper, type PopperDeps } from './queue-popper.js';

export interface BrokerAssignmentDeps {
  readonly popper: PopperDeps;
  /** How brokers know the allocation strategy: `AVG`, `AVG_BY_CIRCLE`. */
  readonly strategyName: string;
  /** How long handlers may still finish when their queue is given up. */
  readonly releaseTimeoutMs: number;
  /** The group pulls (true) or pops a topic: pulled, its pop retry topic must be pulled, too. */
  readonly onPulled: (topic: string, isPulled: boolean) => void;
}

/**
 * The queues a broker assigns to a push consumer with `clientRebalance: false`, and the popping of those it has it pop.
 * Upstream: RebalanceImpl.getRebalanceResultFromBroker, .updateMessageQueueAssignment.
 */
export class BrokerAssignment {
  readonly #poppers = new Map<string, QueuePopper>();
  readonly #client: ClientInstance;

  constructor(private readonly deps: BrokerAssignmentDeps) {
    this.#client = deps.popper.client;
  }

  /** The queues popped now. */
  get messageQueues(): MessageQueue[] {
    return Array.from(this.#poppers.values(), ({ queue }) => queue.messageQueue);
  }

  /** Messages popped and not dealt with. */
  get waitingMessages(): number {
    let count = 0;
    for (const { queue } of this.#poppers.values()) count += queue.waitingForAck;
    return count;
  }

  /** mqPopTable of the running info. */
  infos(): Map<MessageQueue, PopProcessQueueInfo> {
    return new Map(Array.from(this.#poppers.values(), ({ queue }) => [queue.messageQueue, queue.info()]));
  }

  /**
   * Asks a broker for our queues of a topic, and ends popping accordingly; it begins with `start`, when queues that are no
   * longer pulled have their offsets saved.
   * @returns the queues to pull; undefined when the broker says to keep what there is
   * @throws MQClientError when no broker answers: keep what there is
   */
  async assign(topic: string): Promise<MessageQueue[] | undefined> {
    const assignments = await this.#query(topic);
    if (assignments === undefined) return undefined;
    const toPop = assignments.filter(({ mode }) => mode === 'POP').map(({ messageQueue }) => messageQueue);
    const toPull = assignments.filter(({ mode }) => mode === 'PULL').map(({ messageQueue }) => messageQueue);
    if (
      !isRetryTopic(topic) &&
      toPop.length + toPull.length > 0 &&
      (toPop.length === 0 || toPull.length === 0)
    ) {
      this.deps.onPulled(topic, toPop.length === 0);
    }
    const wanted = new Set(toPop.map(messageQueueKey));
    await this.#release(
      ({ queue }) => queue.messageQueue.topic === topic && !wanted.has(messageQueueKey(queue.messageQueue)),
    );
    for (const queue of toPop) this.#acquire(queue);
    return toPull;
  }

  /** Ends the popping of every other topic. */
  async retain(topics: readonly string[]): Promise<void> {
    await this.#release(({ queue }) => !topics.includes(queue.messageQueue.topic));
  }

  /** Begins to pop every queue that is not popped yet. */
  start(): void {
    for (const popper of this.#poppers.values()) popper.start();
  }

  wake(): void {
    for (const { queue } of this.#poppers.values()) queue.processQueue.wakePull();
  }

  /** Ends all popping; messages that are here stay. Resolves when no pop is under way. */
  async stop(): Promise<void> {
    const poppers = [...this.#poppers.values()];
    for (const popper of poppers) popper.stop();
    await Promise.all(poppers.map((popper) => popper.stopped()));
  }

  /** Nothing new is handed out; resolves when running handlers ended, or the time is over. */
  async drain(timeoutMs: number): Promise<void> {
    const queues = Array.from(this.#poppers.values(), ({ queue }) => queue.processQueue);
    for (const queue of queues) queue.stopHandingOut();
    await Promise.all(queues.map((queue) => queue.handlers.drain(timeoutMs)));
  }

  async #query(topic: string): Promise<{ mode: 'PULL' | 'POP'; messageQueue: MessageQueue }[] | undefined> {
    let broker = this.#client.routes.anyBrokerOf(topic);
    if (broker === undefined) {
      await this.#client.fetchRoute(topic);
      broker = this.#client.routes.anyBrokerOf(topic);
    }
    if (broker === undefined) return undefined;
    const body = encodeQueryAssignmentRequestBody({
      topic,
      consumerGroup: this.deps.popper.consumerGroup,
      clientId: this.#client.clientId,
      strategyName: this.deps.strategyName,
      messageModel: 'CLUSTERING',
    });
    const command = RemotingCommand.request(RequestCode.QUERY_ASSIGNMENT, {}, body);
    const options = { timeoutMs: this.#client.requestTimeoutMs };
    const response = await this.#client.brokers.call('query of the assignment', broker, command, options);
    if (response.body === undefined) return undefined;
    return decodeQueryAssignmentResponseBody(response.body).messageQueueAssignments;
  }

  #acquire(messageQueue: MessageQueue): void {
    const key = messageQueueKey(messageQueue);
    if (this.#poppers.has(key)) return;
    const popper = new QueuePopper(new PopQueue(messageQueue, this.#client.clock), this.deps.popper);
    this.#poppers.set(key, popper);
  }

  async #release(isUnwanted: (popper: QueuePopper) => boolean): Promise<void> {
    const unwanted = [...this.#poppers].filter(([, popper]) => isUnwanted(popper));
    await Promise.all(
      unwanted.map(async ([key, popper]) => {
        this.#poppers.delete(key);
        popper.stop();
        const { processQueue } = popper.queue;
        processQueue.stopHandingOut();
        const left = await processQueue.handlers.drain(this.deps.releaseTimeoutMs);
        const reason = new MQClientError('ABORTED', 'the queue goes to another consumer');
        if (left > 0) this.deps.popper.consumeService.abort(reason, popper.queue);
        processQueue.drop();
      }),
    );
  }
}
