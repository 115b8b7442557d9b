import { RepeatingTask } from '@mq/remoting';
import type { MessageQueue } from '@mq/remoting/protocol';
import { MQClientError } from '../../errors.js';
import type { ClientInstance } from '../../instance/client-instance.js';
import type { OffsetStore } from '../../offset/offset-store.js';
import { wholeNumber } from '../../options.js';
import { wireQueue } from '../queue-names.js';
import type { LitePullConsumerSettings } from './lite-pull-options.js';
import type { LiteQueues } from './lite-queues.js';

/** When what a lite pull consumer gave out counts as consumed, and where that is kept. */
export class LiteCommits {
  /** Polling counts as consuming. */
  isAutomatic: boolean;
  readonly #task: RepeatingTask;

  constructor(
    private readonly client: ClientInstance,
    private readonly offsets: OffsetStore,
    private readonly queues: LiteQueues,
    settings: Pick<LitePullConsumerSettings, 'autoCommit' | 'autoCommitIntervalMs'>,
  ) {
    this.isAutomatic = settings.autoCommit;
    const { autoCommitIntervalMs } = settings;
    const { clock, logger } = client;
    this.#task = new RepeatingTask('commit of offsets', () => this.save(), autoCommitIntervalMs, {
      clock,
      logger,
    });
  }

  start(): void {
    this.#task.start();
  }

  /** Ends the commits now and then. */
  close(): Promise<void> {
    return this.#task.close();
  }

  /** What was polled so far counts as consumed. */
  finishTaken(): void {
    for (const queue of this.queues.all) {
      queue.finishTaken();
      this.offsets.update(queue.queue, queue.finished, false);
    }
  }

  /** Saves what counts as consumed, unless that is the application's to say. */
  async save(): Promise<void> {
    if (!this.isAutomatic) return;
    await this.#persist(this.queues.all.map(({ queue }) => queue));
  }

  /**
   * Commits what was polled so far, or exactly these offsets; resolves when they are durable.
   * @throws MQClientError CONNECTION_FAILED when some are not; INVALID_ARGUMENT
   */
  async commit(offsets: Iterable<readonly [MessageQueue, number]> | undefined): Promise<void> {
    const queues: MessageQueue[] = [];
    if (offsets === undefined) {
      this.finishTaken();
      queues.push(...this.queues.all.map(({ queue }) => queue));
    } else {
      for (const [queue, offset] of offsets) {
        wholeNumber('offset', offset, 0, 0);
        const wire = wireQueue(this.client.namespace, queue);
        this.offsets.update(wire, offset, false);
        queues.push(wire);
      }
    }
    const failed = await this.#persist(queues);
    if (failed.length > 0)
      throw new MQClientError(
        'CONNECTION_FAILED',
        `the offsets of ${failed.length} queues could not be committed`,
      );
  }

  /** The queue is given up: what counts of it is saved, and forgotten here. @param finished absent: it was not held */
  async release(queue: MessageQueue, finished: number | undefined): Promise<void> {
    if (finished !== undefined && this.isAutomatic) this.offsets.update(queue, finished, false);
    await this.#persist([queue]);
    this.offsets.remove(queue);
  }

  /** An operator says where the queues of a topic that are held go on. */
  async reset(topic: string, offsets: readonly { queue: MessageQueue; offset: number }[]): Promise<void> {
    const reset: MessageQueue[] = [];
    for (const { queue, offset } of offsets) {
      const held = queue.topic === topic ? this.queues.get(queue) : undefined;
      if (held === undefined) continue;
      held.seek(offset);
      this.offsets.update(queue, offset, false);
      reset.push(queue);
    }
    await this.#persist(reset);
  }

  /** Returns the queues that could not be saved. */
  #persist(queues: readonly MessageQueue[]): Promise<readonly MessageQueue[]> {
    return this.offsets.persist(queues, this.client.requestTimeoutMs);
  }
}
