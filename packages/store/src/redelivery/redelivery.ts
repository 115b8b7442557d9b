// Appends records of the log again, to other queues: how delayed messages and timers reach their real topics. A batch is
// read, appended and written together; nothing is copied but into the log.
import type { Logger } from '@mq/remoting';
import type {
  AppendMessage,
  MessageStore,
  PutResult,
  PutStatus,
  PutWaiter,
  RecordPlace,
} from '../message-store.js';
import { StoredRecord } from './stored-record.js';

const NO_BYTES: Buffer = Buffer.alloc(0);

/** Stored; the last three less durably than configured, which a second append would not mend. */
const STORED: ReadonlySet<PutStatus> = new Set([
  'PUT_OK',
  'FLUSH_DISK_TIMEOUT',
  'FLUSH_SLAVE_TIMEOUT',
  'SLAVE_NOT_AVAILABLE',
]);

/** True for a put whose record is in the log, however durable it is: appending it again would double it. */
export function isStored(status: PutStatus): boolean {
  return STORED.has(status);
}

/**
 * Decides where a record goes: fills `message` (`record.copyTo` and changes of the properties) and answers true, or leaves
 * the record out. `record` is undefined when it is gone or damaged.
 */
export type Route = (index: number, record: StoredRecord | undefined, message: AppendMessage) => boolean;

/** What became of a place: how its append ended, or undefined where the route left it out. */
export type Outcome = PutStatus | undefined;

/** What a `Redelivery` works with. */
export interface RedeliveryOptions {
  /** Where records are read and appended. */
  readonly store: Pick<MessageStore, 'append' | 'visitRecords'>;
  /** Told of appends that fail. */
  readonly logger: Logger;
  /** This broker's address, which becomes the store host. */
  readonly storeHost: () => Buffer;
  /** A record was stored. */
  readonly onStored?: (topic: string, queueId: number, sizeBytes: number) => void;
}

/** Appends records of the log again, to the queues a `Route` names, batch by batch. */
export class Redelivery {
  readonly #record = new StoredRecord();
  /** One message for all appends: the store keeps nothing of it. */
  readonly #message: AppendMessage = {
    topic: '',
    queueId: 0,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: 0,
    bornHost: NO_BYTES,
    storeHost: NO_BYTES,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: NO_BYTES,
    properties: NO_BYTES,
    propertiesSuffix: undefined,
    tagsCode: undefined,
    waitStoreMsgOk: false,
    scanned: undefined,
    isDue: true,
  };

  constructor(private readonly options: RedeliveryOptions) {}

  /**
   * Appends all in order; resolves when every append has ended, with one outcome a place. What could not be read is
   * UNKNOWN_ERROR.
   */
  async deliver(places: readonly RecordPlace[], route: Route): Promise<readonly Outcome[]> {
    const batch = new Batch(places.length, this.options);
    const message = this.#message;
    message.storeHost = this.options.storeHost();
    let visited = 0;
    try {
      await this.options.store.visitRecords(places, (index, buffer, at) => {
        visited = index + 1;
        const record = buffer !== undefined && this.#record.read(buffer, at) ? this.#record : undefined;
        if (route(index, record, message)) batch.append(index, message);
      });
    } catch (error) {
      // What was appended before stays appended, so the caller must not hear of an error only.
      this.options.logger.error('delayed messages could not be read', { error: String(error) });
      batch.outcomes.fill('UNKNOWN_ERROR', visited);
    }
    await batch.ended();
    return batch.outcomes;
  }
}

/** The waiter of a batch's appends: refusals come inside `append`, all other results later in the order of the appends. */
class Batch implements PutWaiter {
  readonly outcomes: Outcome[];
  readonly #indexes: number[] = [];
  readonly #topics: string[] = [];
  readonly #queueIds: number[] = [];
  #next = 0;
  #refused: PutStatus | undefined;
  #isAppending = false;
  #onEnded: (() => void) | undefined;

  constructor(
    size: number,
    private readonly options: RedeliveryOptions,
  ) {
    this.outcomes = new Array<Outcome>(size).fill(undefined);
  }

  append(index: number, message: AppendMessage): void {
    this.#refused = undefined;
    this.#isAppending = true;
    this.options.store.append(message, this);
    this.#isAppending = false;
    if (this.#refused !== undefined) {
      this.outcomes[index] = this.#refused;
      return;
    }
    this.#indexes.push(index);
    this.#topics.push(message.topic);
    this.#queueIds.push(message.queueId);
  }

  onPutResult({ status, sizeBytes }: PutResult): void {
    if (this.#isAppending) {
      this.#refused = status;
      return;
    }
    const at = this.#next++;
    this.outcomes[this.#indexes[at]!] = status;
    if (isStored(status)) this.options.onStored?.(this.#topics[at]!, this.#queueIds[at]!, sizeBytes);
    if (this.#next === this.#indexes.length) this.#onEnded?.();
  }

  ended(): Promise<void> {
    if (this.#next === this.#indexes.length) return Promise.resolve();
    return new Promise((resolve) => (this.#onEnded = resolve));
  }
}
