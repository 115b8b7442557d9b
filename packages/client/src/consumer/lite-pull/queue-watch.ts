import { RepeatingTask } from '@mq/remoting';
import { messageQueueKey, type MessageQueue } from '@mq/remoting/protocol';
import type { ClientInstance } from '../../instance/client-instance.js';

/** Looks now and then whether the queues of a topic have changed. */
export class QueueWatch {
  readonly #task: RepeatingTask;
  #known: string | undefined;

  constructor(
    private readonly client: ClientInstance,
    private readonly wireTopic: string,
    intervalMs: number,
    private readonly onChange: (queues: readonly MessageQueue[]) => void,
  ) {
    const { clock, logger } = client;
    this.#task = new RepeatingTask('watch of queues', () => this.#look(), intervalMs, { clock, logger });
  }

  start(): void {
    this.#task.start(0);
  }

  close(): Promise<void> {
    return this.#task.close();
  }

  async #look(): Promise<void> {
    if ((await this.client.fetchRoute(this.wireTopic)) === undefined) return;
    const queues = this.client.routes.subscribeQueuesOf(this.wireTopic) ?? [];
    const keys = queues.map(messageQueueKey).join();
    const isChange = this.#known !== undefined && this.#known !== keys;
    this.#known = keys;
    if (isChange) this.onChange(queues);
  }
}
