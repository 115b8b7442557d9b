import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Logger } from '@mq/remoting';
import { messageQueueKey, type MessageQueue } from '@mq/remoting/protocol';
import { MQClientError } from '../errors.js';
import { decodeOffsetFile, encodeOffsetFile, type OffsetEntry } from './offset-file.js';
import type { OffsetStore } from './offset-store.js';

/** Where upstream keeps them: `~/.rocketmq_offsets`. */
export function defaultLocalOffsetStoreDir(): string {
  return join(homedir(), '.rocketmq_offsets');
}

/**
 * Offsets of a broadcasting consumer: each consumer keeps its own, in `DIR/<clientId>/<group>/offsets.json` with the file
 * before it as `offsets.json.bak`. Format and names are upstream's (LocalFileOffsetStore); unlike there, the file is written
 * aside, synced and renamed, so that a crash leaves one of the two whole.
 */
export class LocalFileOffsetStore implements OffsetStore {
  readonly #path: string;
  readonly #entries = new Map<string, OffsetEntry>();
  #isDirty = false;
  /** The file is damaged, and the one before it must not be replaced by it. */
  #isDamaged = false;
  /** Writes follow each other: two at once would rename each other's file away. */
  #writing: Promise<boolean> = Promise.resolve(true);

  constructor(
    directory: string,
    clientId: string,
    consumerGroup: string,
    private readonly logger: Logger,
  ) {
    this.#path = join(directory, clientId, consumerGroup, 'offsets.json');
  }

  /** Main file, else the one before it; neither there: a consumer that starts anew. */
  async load(): Promise<void> {
    const loaded = (await this.#tryLoad(this.#path)) ?? (await this.#tryLoad(`${this.#path}.bak`));
    if (loaded === 'UNREADABLE') {
      throw new MQClientError('LOCAL_STORE_FAILED', `neither ${this.#path} nor its .bak can be read`);
    }
    for (const entry of loaded ?? []) this.#entries.set(messageQueueKey(entry.queue), entry);
  }

  update(queue: MessageQueue, offset: number, increaseOnly: boolean): void {
    const entry = this.#entries.get(messageQueueKey(queue));
    if (entry === undefined) this.#entries.set(messageQueueKey(queue), { queue, offset });
    else if (!increaseOnly || offset > entry.offset) entry.offset = offset;
    this.#isDirty = true;
  }

  read(queue: MessageQueue): number {
    return this.#entries.get(messageQueueKey(queue))?.offset ?? -1;
  }

  async readFromStore(queue: MessageQueue): Promise<number> {
    return this.read(queue);
  }

  /** Writes every queue of the group: the file is one, and queues not held now keep their place. */
  async persist(queues: readonly MessageQueue[]): Promise<MessageQueue[]> {
    if (!this.#isDirty) return [];
    this.#writing = this.#writing.then(() => this.#write());
    return (await this.#writing) ? [] : [...queues];
  }

  /** A broadcasting consumer keeps its place in a queue that is gone for a while. */
  remove(_queue: MessageQueue): void {}

  async #write(): Promise<boolean> {
    this.#isDirty = false;
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      const temporary = `${this.#path}.tmp`;
      const file = await open(temporary, 'w');
      try {
        await file.writeFile(encodeOffsetFile([...this.#entries.values()]));
        await file.sync();
      } finally {
        await file.close();
      }
      if (!this.#isDamaged) await rename(this.#path, `${this.#path}.bak`).catch(ignoreMissing);
      await rename(temporary, this.#path);
      this.#isDamaged = false;
      return true;
    } catch (error) {
      this.#isDirty = true;
      this.logger.error('writing the offset file failed', { path: this.#path, error });
      return false;
    }
  }

  async #tryLoad(path: string): Promise<OffsetEntry[] | 'UNREADABLE' | undefined> {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw new MQClientError('LOCAL_STORE_FAILED', `cannot read ${path}`, { cause: error });
    }
    try {
      return decodeOffsetFile(text);
    } catch (error) {
      this.logger.warn('an offset file is damaged', { path, error });
      this.#isDamaged = true;
      return path.endsWith('.bak') ? 'UNREADABLE' : ((await this.#tryLoad(`${path}.bak`)) ?? 'UNREADABLE');
    }
  }
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}
