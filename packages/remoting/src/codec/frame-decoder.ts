import type { RemotingCommand } from '../command.js';
import { RemotingError } from '../errors.js';
import { readInt32 } from './bytes.js';
import { decodeFrame, defaultMaxFrameBytes, frameMinTotal, frameTotalBytes } from './frame.js';

/**
 * Cuts a stream of chunks into frames. `push` a chunk, then take frames with `next` until it has none; frames that lie
 * whole in a chunk are decoded in place, without a copy. Only a frame that straddles chunks is gathered, once its size was
 * found to be allowed, into a buffer that grows with what has come: announcing much costs the peer as much as it costs us.
 *
 * Cursors: `chunk[at, end)` has not been looked at. When `gathered` is set, it holds the first `gatheredBytes` bytes
 * of a frame, and everything before `at` belongs to earlier frames. `prefix` holds the first bytes of a total field
 * that is itself split.
 */
export class FrameDecoder {
  /** Codec byte 2 is refused until both ends announced it. */
  acceptMsgpack = false;

  readonly #maxTotal: number;
  #chunk: Buffer = noBytes;
  #at = 0;
  #end = 0;
  readonly #prefix = Buffer.alloc(frameTotalBytes);
  #prefixBytes = 0;
  #gathered: Buffer | undefined;
  #gatheredBytes = 0;
  /** Size of the whole frame that is gathered. */
  #frameBytes = 0;

  /** `maxFrameBytes` counts the whole frame with its length field. */
  constructor(maxFrameBytes = defaultMaxFrameBytes) {
    this.#maxTotal = maxFrameBytes - frameTotalBytes;
  }

  /** Takes `chunk[start, end)`, the next bytes of the stream. Bytes not yet taken by `next` are kept in front of them. */
  push(chunk: Buffer, start = 0, end = chunk.length): void {
    if (this.#at < this.#end) {
      // Only a paused connection pushes while frames are left: rare, so a copy does.
      const left = this.#chunk.subarray(this.#at, this.#end);
      this.#chunk = Buffer.concat([left, chunk.subarray(start, end)]);
      this.#at = 0;
      this.#end = this.#chunk.length;
      return;
    }
    this.#chunk = chunk;
    this.#at = start;
    this.#end = end;
  }

  /** True when bytes of an unfinished frame are held. */
  get isInsideFrame(): boolean {
    return this.#prefixBytes > 0 || this.#gathered !== undefined || this.#at < this.#end;
  }

  /**
   * The next whole frame, or `undefined` until more bytes are pushed.
   * @throws RemotingError `BAD_FRAME`; the stream cannot be read any further.
   */
  next(): RemotingCommand | undefined {
    if (this.#prefixBytes > 0 || this.#gathered !== undefined) return this.#nextStraddling();
    const start = this.#at;
    const available = this.#end - start;
    if (available >= frameTotalBytes) {
      const total = this.#checkedTotal(readInt32(this.#chunk, start));
      const end = start + frameTotalBytes + total;
      if (end <= this.#end) {
        this.#at = end;
        const chunk = this.#chunk;
        if (end === this.#end) this.#forgetChunk();
        return decodeFrame(chunk, start, end, this.acceptMsgpack);
      }
    } else if (available === 0) {
      return undefined;
    }
    return this.#nextStraddling();
  }

  #nextStraddling(): RemotingCommand | undefined {
    if (this.#gathered === undefined) {
      const taken = this.#chunk.copy(this.#prefix, this.#prefixBytes, this.#at, this.#end);
      this.#at += taken;
      this.#prefixBytes += taken;
      if (this.#prefixBytes < frameTotalBytes) {
        this.#forgetChunk();
        return undefined;
      }
      const total = this.#checkedTotal(readInt32(this.#prefix, 0));
      this.#frameBytes = frameTotalBytes + total;
      this.#gathered = Buffer.allocUnsafe(Math.min(this.#frameBytes, firstGatheredBytes));
      this.#gatheredBytes = this.#prefix.copy(this.#gathered);
      this.#prefixBytes = 0;
    }
    let frame = this.#gathered;
    for (;;) {
      const taken = this.#chunk.copy(frame, this.#gatheredBytes, this.#at, this.#end);
      this.#at += taken;
      this.#gatheredBytes += taken;
      const isWhole = this.#gatheredBytes === this.#frameBytes;
      if (this.#at === this.#end) {
        this.#forgetChunk();
        if (!isWhole) return undefined;
      }
      if (isWhole) break;
      const larger = Buffer.allocUnsafe(Math.min(this.#frameBytes, frame.length * 2));
      frame.copy(larger, 0, 0, this.#gatheredBytes);
      this.#gathered = frame = larger;
    }
    this.#gathered = undefined;
    return decodeFrame(frame, 0, frame.length, this.acceptMsgpack);
  }

  #checkedTotal(total: number): number {
    if (total < frameMinTotal || total > this.#maxTotal) {
      throw new RemotingError(
        'BAD_FRAME',
        `frame length ${total} is not between ${frameMinTotal} and ${this.#maxTotal}`,
      );
    }
    return total;
  }

  #forgetChunk(): void {
    this.#chunk = noBytes;
    this.#at = 0;
    this.#end = 0;
  }
}

/** Frames up to this size are gathered into a buffer of their own size at once. */
const firstGatheredBytes = 256 * 1024;

const noBytes = Buffer.alloc(0);
