// Half messages that wait, by topic (upstream: TransactionMetrics, config/transactionMetrics, 5.x).
import type { Clock } from '@mq/remoting';
import {
  type DataVersion,
  firstDataVersion,
  nextDataVersion,
  parseFastjson,
  stringifyFastjson,
} from '@mq/remoting/protocol';

import type { ConfigText } from '../config/config-text.js';

interface Metric {
  count: number;
  /** Wall-clock ms of the last change. */
  timeStamp: number;
}

/** Counts are a hint for operators: after a crash they are off by what was not written yet, as upstream's are. */
export class TransactionMetrics {
  readonly #clock: Clock;
  readonly #file: ConfigText | undefined;
  readonly #counts = new Map<string, Metric>();
  #dataVersion: DataVersion;
  #isDirty = false;

  constructor(options: { readonly clock: Clock; readonly file?: ConfigText }) {
    this.#clock = options.clock;
    this.#file = options.file;
    this.#dataVersion = firstDataVersion(options.clock.now());
  }

  /** Half messages of a topic that have not ended. */
  count(topic: string): number {
    return this.#counts.get(topic)?.count ?? 0;
  }

  add(topic: string, change: number): void {
    const timeStamp = this.#clock.now();
    const known = this.#counts.get(topic);
    if (known === undefined) this.#counts.set(topic, { count: change, timeStamp });
    else {
      known.count += change;
      known.timeStamp = timeStamp;
    }
    this.#isDirty = true;
  }

  /** Reads the file, if there is one. Throws when it cannot be read. */
  load(): void {
    const text = this.#file?.load();
    if (text === undefined) return;
    const { dataVersion, transactionCount } = parseFastjson(text) as {
      dataVersion?: Partial<DataVersion>;
      transactionCount?: Record<string, Partial<Metric>>;
    };
    this.#dataVersion = { ...this.#dataVersion, ...dataVersion };
    for (const [topic, { count, timeStamp }] of Object.entries(transactionCount ?? {})) {
      if (typeof count !== 'number' || typeof timeStamp !== 'number') continue;
      this.#counts.set(topic, { count, timeStamp });
    }
  }

  /** Writes the file if a count changed since it was written last. Throws DiskError. */
  persist(): void {
    if (!this.#isDirty || this.#file === undefined) return;
    this.#dataVersion = nextDataVersion(this.#dataVersion, this.#clock.now());
    this.#file.persist(stringifyFastjson({ dataVersion: this.#dataVersion, transactionCount: this.#counts }));
    this.#isDirty = false;
  }
}
