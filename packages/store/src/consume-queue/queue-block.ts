/** A run of entries of one queue as the bytes they are stored in, of whatever kind the queue is. The bytes do not change. */
export abstract class QueueBlock {
  /**
   * @param buffer holds the entries, from byte `start` on
   * @param firstIndex number of the first entry in its queue
   */
  constructor(
    readonly buffer: Buffer,
    readonly start: number,
    readonly count: number,
    readonly firstIndex: number,
  ) {}

  /** Physical offset of entry `i`, counted inside the block; so are all the following. */
  abstract physicalOffset(i: number): number;

  abstract sizeBytes(i: number): number;

  /** Stands for no record; readers step over it. */
  abstract isBlank(i: number): boolean;
}
