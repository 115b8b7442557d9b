/** The queues of one kind by topic and queue id, and their directories TOPIC/QID below one directory. */
import { join, normalize, sep } from 'node:path';
import type { Disk } from '../disk/disk.js';
import { ConsumeQueueError } from './consume-queue-error.js';
import type { AnyQueue } from './entry-queue.js';

export class QueueSet<Queue extends AnyQueue> implements Iterable<Queue> {
  readonly #byTopic = new Map<string, (Queue | undefined)[]>();
  readonly dir: string;

  constructor(
    dir: string,
    private readonly disk: Disk,
    private readonly make: (topic: string, queueId: number, dir: string) => Queue,
  ) {
    this.dir = normalize(dir);
  }

  find(topic: string, queueId: number): Queue | undefined {
    return this.#byTopic.get(topic)?.[queueId];
  }

  /** Creates the queue in memory; its files appear with its first flush. @throws ConsumeQueueError `BAD_NAME` */
  findOrCreate(topic: string, queueId: number): Queue {
    return this.find(topic, queueId) ?? this.create(topic, queueId);
  }

  /** @throws ConsumeQueueError `BAD_NAME` */
  create(topic: string, queueId: number): Queue {
    if (topic === '' || topic === '.' || topic === '..' || /[/\\\0]/.test(topic)) {
      throw new ConsumeQueueError('BAD_NAME', topic, 'is no topic: it would leave the store directory');
    }
    const queue = this.make(topic, queueId, `${this.dir}${sep}${topic}${sep}${queueId}`);
    let byId = this.#byTopic.get(topic);
    if (byId === undefined) this.#byTopic.set(topic, (byId = []));
    byId[queueId] = queue;
    return queue;
  }

  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  topics(): IterableIterator<string> {
    return this.#byTopic.keys();
  }

  /** Ascending. */
  queueIds(topic: string): number[] {
    const ids: number[] = [];
    this.#byTopic.get(topic)?.forEach((queue, queueId) => queue !== undefined && ids.push(queueId));
    return ids;
  }

  *[Symbol.iterator](): Generator<Queue> {
    for (const byId of this.#byTopic.values()) for (const queue of byId) if (queue !== undefined) yield queue;
  }

  /** The directories that are there, whether this set knows their queues or not; names that are no queue id with NaN. */
  *directories(): Generator<{ topic: string; name: string; queueId: number }> {
    for (const topic of this.disk.list(this.dir)) {
      for (const name of this.disk.list(join(this.dir, topic))) {
        yield { topic, name, queueId: /^\d+$/.test(name) ? Number(name) : NaN };
      }
    }
  }

  /** Removes the queues of a topic with their files; false where there is none. */
  delete(topic: string): boolean {
    // Not `forEach`: that would walk the holes between ids, and a stranger chooses these.
    for (const queue of Object.values(this.#byTopic.get(topic) ?? [])) queue?.destroy();
    if (!this.#byTopic.delete(topic)) return false;
    this.disk.remove(join(this.dir, topic));
    return true;
  }

  /** Forgets all queues, as if nothing had been loaded. */
  clear(): void {
    this.#byTopic.clear();
  }
}
