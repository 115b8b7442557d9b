// The filter code of consumer groups, one sandbox for a group and a topic (upstream: FilterClassManager).
import type { Logger } from '@mq/remoting';
import { bodyCrc } from '@mq/remoting/message';

import { Sandbox, type SandboxLimits } from './sandbox.js';

export interface FilterClass {
  readonly className: string;
  /** Of the source; what consumers say who upload the same again. */
  readonly classCRC: number;
  readonly sandbox: Sandbox;
}

export interface FilterClassTableOptions {
  readonly limits: SandboxLimits;
  /** Filters at a time. */
  readonly maxCount: number;
  readonly logger: Logger;
}

/** Why code was not taken, for the person who wrote it. */
export class FilterClassError extends Error {
  override readonly name = 'FilterClassError';
}

export class FilterClassTable {
  readonly #classes = new Map<string, FilterClass>();
  readonly #options: FilterClassTableOptions;
  /** Uploads run one after the other: two of one group must not both win. */
  #uploading: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: FilterClassTableOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#classes.size;
  }

  find(group: string, topic: string): FilterClass | undefined {
    return this.#classes.get(keyOf(group, topic));
  }

  /**
   * Takes a group's code for a topic, in place of what it had. The same code again changes nothing.
   * @throws FilterClassError when it is none, or when there are too many; what the group had stays
   */
  register(group: string, topic: string, className: string, source: Buffer): Promise<void> {
    const run = this.#uploading.then(() => this.#register(group, topic, className, source));
    this.#uploading = run.catch(() => undefined);
    return run;
  }

  async #register(group: string, topic: string, className: string, source: Buffer): Promise<void> {
    const key = keyOf(group, topic);
    const old = this.#classes.get(key);
    const classCRC = bodyCrc(source);
    if (old?.classCRC === classCRC && old.className === className) return;
    const { limits, logger, maxCount } = this.#options;
    if (old === undefined && this.#classes.size >= maxCount) {
      throw new FilterClassError(`there are ${maxCount} filters, and no more may be (maxFilterClasses)`);
    }
    const sandbox = new Sandbox(source.toString('utf8'), { consumerGroup: group }, limits);
    try {
      await sandbox.load();
    } catch (error) {
      await sandbox.close();
      throw new FilterClassError(`${className}: ${(error as Error).message}`);
    }
    if (this.#closed) return sandbox.close();
    this.#classes.set(key, { className, classCRC, sandbox });
    logger.info('filter code taken', { group, topic, className, bytes: source.length });
    await old?.sandbox.close();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const classes = [...this.#classes.values()];
    this.#classes.clear();
    await Promise.all(classes.map(({ sandbox }) => sandbox.close()));
    await this.#uploading;
  }
}

/** Topics and groups have no such character. */
function keyOf(group: string, topic: string): string {
  return `${topic}@${group}`;
}
