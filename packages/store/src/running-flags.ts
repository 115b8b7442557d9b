// Why a store refuses reads or writes: one bit a reason (upstream `RunningFlags`), shown to operators as one number.

const NOT_READABLE = 1;
const NOT_WRITEABLE = 2;
const LOGIC_QUEUE_ERROR = 4;
const INDEX_ERROR = 8;
const DISK_FULL = 16;
const FENCED = 32;
const LOGIC_DISK_FULL = 64;

const BITS = {
  notReadable: NOT_READABLE,
  notWriteable: NOT_WRITEABLE,
  logicQueueError: LOGIC_QUEUE_ERROR,
  indexError: INDEX_ERROR,
  diskFull: DISK_FULL,
  fenced: FENCED,
  logicDiskFull: LOGIC_DISK_FULL,
} as const;

/** A reason not to read or not to write; one bit of upstream's `RunningFlags`. */
export type RunningFlag = keyof typeof BITS;

const SENTENCES: Record<RunningFlag, string> = {
  notReadable: 'the store is closed for reading',
  notWriteable: 'the store is closed for writing',
  logicQueueError: 'writing a consume queue failed',
  indexError: 'writing the index failed',
  diskFull: 'the commit log disk is full',
  fenced: 'writing or syncing the commit log failed',
  logicDiskFull: 'the consume queue disk is full',
};

const WRITE_BARRIERS = NOT_WRITEABLE | LOGIC_QUEUE_ERROR | DISK_FULL | INDEX_ERROR | FENCED | LOGIC_DISK_FULL;

/** The store's own state bits. A set bit stays until the one who set it clears it; `fenced` is never cleared. */
export class RunningFlags {
  #bits = 0;

  /** The bits as upstream prints them. */
  get bits(): number {
    return this.#bits;
  }

  /** Whether reads are served. */
  get isReadable(): boolean {
    return (this.#bits & NOT_READABLE) === 0;
  }

  /** Whether appends are taken: no flag but `notReadable` is raised. */
  get isWriteable(): boolean {
    return (this.#bits & WRITE_BARRIERS) === 0;
  }

  /** Whether the bit is set. */
  has(flag: RunningFlag): boolean {
    return (this.#bits & BITS[flag]) !== 0;
  }

  /** True when the bit was not set before. */
  raise(flag: RunningFlag): boolean {
    const before = this.#bits;
    this.#bits |= BITS[flag];
    return before !== this.#bits;
  }

  /** True when the bit was set before. */
  clear(flag: Exclude<RunningFlag, 'fenced'>): boolean {
    const before = this.#bits;
    this.#bits &= ~BITS[flag];
    return before !== this.#bits;
  }

  /** One sentence for whoever is refused; empty when writeable. */
  explainRefusal(): string {
    const reasons = (Object.keys(BITS) as RunningFlag[]).filter(
      (flag) => flag !== 'notReadable' && this.has(flag),
    );
    return reasons.map((flag) => SENTENCES[flag]).join('; ');
  }
}
