/**
 * What the entries of queues mean whose tagsCode is an address: Apache's brokers write such with `enableConsumeQueueExt`,
 * this one never does. Where there is no `consumequeue_ext` directory this costs nothing.
 */
import { join } from 'node:path';
import type { Logger } from '@mq/remoting';
import type { Disk } from '../disk/disk.js';
import { FileHandles } from '../disk/file-handles.js';
import { ConsumeQueueError } from './consume-queue-error.js';
import { ConsumeQueueExt } from './consume-queue-ext.js';
import type { EntryBlock } from './entry-block.js';
import type { QueueFilesContext } from './queue-files.js';

export interface ExtTagsCodesOptions {
  /** The `consumequeue_ext` directory. */
  readonly dir: string;
  /** `mappedFileSizeConsumeQueueExt` */
  readonly fileSizeBytes: number;
}

const MAX_OPEN_FILES = 16;
/** Queues whose units are kept at hand, 32 KiB each. */
const MAX_QUEUES = 64;

export class ExtTagsCodes {
  private readonly handles: FileHandles;
  private readonly context: QueueFilesContext;
  /** By directory, in order of use; null = its files cannot be read. */
  private readonly queues = new Map<string, ConsumeQueueExt | null>();

  constructor(
    private readonly options: ExtTagsCodesOptions,
    private readonly disk: Disk,
    private readonly logger: Logger,
  ) {
    this.handles = new FileHandles(disk, MAX_OPEN_FILES);
    const { fileSizeBytes } = options;
    this.context = { disk, handles: this.handles, fileSizeBytes, directoryChanged: () => undefined };
  }

  /**
   * The tagsCode that entry `i` of a block stands for; undefined when it is an address that leads nowhere.
   * @throws DiskError
   */
  tagsCode(topic: string, queueId: number, block: EntryBlock, i: number): number | undefined {
    if (!block.isExtAddress(i)) return block.tagsCode(i);
    return this.queue(topic, queueId)?.read(block.extOffset(i))?.tagsCode;
  }

  /** Removes the units of a topic's queues with their files. */
  deleteTopic(topic: string): void {
    const dir = join(this.options.dir, topic);
    if (this.disk.stat(dir) === undefined) return;
    this.close();
    this.disk.remove(dir);
  }

  /** Closes the files; they open again when they are asked for. */
  close(): void {
    this.queues.clear();
    this.handles.closeAll();
  }

  private queue(topic: string, queueId: number): ConsumeQueueExt | null {
    const dir = join(this.options.dir, topic, String(queueId));
    let queue = this.queues.get(dir);
    if (queue === undefined) queue = this.open(dir);
    else this.queues.delete(dir);
    this.queues.set(dir, queue);
    if (this.queues.size > MAX_QUEUES) this.queues.delete(this.queues.keys().next().value!);
    return queue;
  }

  private open(dir: string): ConsumeQueueExt | null {
    try {
      return new ConsumeQueueExt(this.context, dir);
    } catch (error) {
      if (!(error instanceof ConsumeQueueError)) throw error;
      this.logger.error('extended entries cannot be read: messages are not filtered by tag', {
        dir,
        error: error.message,
      });
      return null;
    }
  }
}
