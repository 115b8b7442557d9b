import type { Writable } from 'node:stream';
import { writeJsonTail } from './codec/json-header.js';
import { rocketmqHeaderMinBytes, writeRocketmqFixed } from './codec/rocketmq-header.js';
import {
  bodyLength,
  frameHeadBound,
  framePrefixBytes,
  writeFrameHead,
  writeFramePrefix,
} from './codec/frame.js';
import { writeDecimal, writeInt32 } from './codec/bytes.js';
import { codecByte } from './codec/serialize-type.js';
import type { HotResponseHeader, RemotingCommand } from './command.js';
import { LinkedList } from './linked-list.js';
import type { SlabPool } from './slab-pool.js';

/** Bodies up to this size are copied behind their header; larger ones are handed to the socket as they are. */
const copiedBodyBytes = 4 * 1024;

/**
 * The same for hot responses: a pull of 32 ordinary records is copied in less time than the socket takes for one more
 * piece.
 */
const copiedHotBytes = 14 * 1024;

/** Room for what a hot JSON header has beside its ext fields. */
const hotHeaderFixedBytes = 256;

/** What a hot response says beside its header object. */
export interface HotFrame {
  code: number;
  opaque: number;
  flag: number;
  language: string;
  version: number;
  remark: undefined;
  isJson: boolean;
}

/**
 * Frames of one connection that wait for the end of the turn. Heads and small bodies are encoded into a slab one after
 * the other, large bodies stand between as they are; a flush hands all of it to the socket in one write.
 */
export class OutgoingFrames {
  readonly #slabs: SlabPool;
  readonly #maxFrameBytes: number;
  /** `slab[0, sealed)` is in `pieces` already, `slab[sealed, end)` is not. */
  #slab: Buffer | undefined;
  #sealed = 0;
  #end = 0;
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #usedSlabs: Buffer[] = [];
  #releases: (() => void)[] = [];
  /** Batches of releases whose bytes are with the socket, in the order it will be done with them. */
  readonly #handed = new LinkedList<(() => void)[]>();
  readonly #onWritten = (): void => releaseAll(this.#handed.shift());

  constructor(slabs: SlabPool, maxFrameBytes: number) {
    this.#slabs = slabs;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Bytes that wait for the flush. */
  get queuedBytes(): number {
    return this.#pieceBytes + this.#end - this.#sealed;
  }

  /** Encodes `command` now; its body may be changed after the call only if it is small, so do not. @throws RemotingError `BAD_ARGUMENT`, and nothing was queued */
  append(command: RemotingCommand): void {
    const bodyBytes = bodyLength(command);
    const copied = bodyBytes <= copiedBodyBytes && command.onReleased === undefined;
    const slab = this.#reserve(frameHeadBound(command) + (copied ? bodyBytes : 0));
    const bodyAt = writeFrameHead(command, bodyBytes, slab, this.#end, this.#maxFrameBytes);
    this.#end = bodyAt;
    if (bodyBytes > 0) {
      if (command.body !== undefined) this.#appendBody(command.body, copied);
      const parts = command.bodyParts;
      if (parts !== undefined) {
        for (let index = 0; index < parts.length; index++) this.#appendBody(parts[index]!, copied);
      }
    }
    if (command.onReleased !== undefined) this.#releases.push(command.onReleased);
  }

  /** Encodes a response whose header writes itself, with `parts` as its body. */
  appendHot(
    frame: HotFrame,
    header: HotResponseHeader,
    parts: readonly Buffer[] | undefined,
    onReleased: (() => void) | undefined,
  ): void {
    let bodyBytes = 0;
    if (parts !== undefined) {
      for (let index = 0; index < parts.length; index++) bodyBytes += parts[index]!.length;
    }
    const copied = bodyBytes <= copiedHotBytes;
    const slab = this.#reserve(hotHeaderFixedBytes + header.maxBytes + (copied ? bodyBytes : 0));
    const at = this.#end;
    const headerStart = at + framePrefixBytes;
    const end = frame.isJson
      ? writeHotJson(frame, header, slab, headerStart)
      : writeHotRocketmq(frame, header, slab, headerStart);
    writeFramePrefix(
      slab,
      at,
      frame.isJson ? codecByte.JSON : codecByte.ROCKETMQ,
      end - headerStart,
      bodyBytes,
    );
    this.#end = end;
    if (parts !== undefined) {
      for (let index = 0; index < parts.length; index++) this.#appendBody(parts[index]!, copied);
    }
    if (onReleased !== undefined) this.#releases.push(onReleased);
  }

  /**
   * Hands everything to the socket, as one write. Whatever the kernel does not take at once stays with the socket;
   * `onReleased` of a frame is called when the socket is done with it, also when it failed.
   */
  flush(socket: Writable): void {
    const slab = this.#slab;
    if (this.#pieces.length === 0) {
      if (slab === undefined) return;
      this.#write(socket, slab.subarray(0, this.#end), this.#takeReleases());
    } else {
      this.#seal();
      const pieces = this.#pieces;
      const last = pieces.length - 1;
      this.#pieces = [];
      this.#pieceBytes = 0;
      socket.cork();
      for (let index = 0; index < last; index++) socket.write(pieces[index]!);
      this.#write(socket, pieces[last]!, this.#takeReleases());
      socket.uncork();
    }
    this.#slab = undefined;
    this.#sealed = 0;
    this.#end = 0;
    // Nothing is left with the socket: the kernel copied the bytes, so the slabs are free.
    const free = socket.writableLength === 0;
    if (free && slab !== undefined) this.#slabs.giveBack(slab);
    while (this.#usedSlabs.length > 0) {
      const used = this.#usedSlabs.pop()!;
      if (free) this.#slabs.giveBack(used);
    }
  }

  /** Forgets everything that waits, for a connection that is gone. */
  drop(): void {
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#usedSlabs = [];
    this.#slab = undefined;
    this.#sealed = 0;
    this.#end = 0;
    releaseAll(this.#takeReleases());
  }

  /** Once the socket is closed: it forgets the callbacks of writes it never finished, and reads nothing any more. */
  releaseHanded(): void {
    while (this.#handed.size > 0) releaseAll(this.#handed.shift());
  }

  #write(socket: Writable, bytes: Buffer, releases: (() => void)[] | undefined): void {
    if (releases === undefined) {
      socket.write(bytes);
      return;
    }
    this.#handed.add(releases);
    socket.write(bytes, this.#onWritten);
  }

  #takeReleases(): (() => void)[] | undefined {
    if (this.#releases.length === 0) return undefined;
    const releases = this.#releases;
    this.#releases = [];
    return releases;
  }

  #reserve(bytes: number): Buffer {
    const slab = this.#slab;
    if (slab !== undefined) {
      if (this.#end + bytes <= slab.length) return slab;
      this.#seal();
      this.#usedSlabs.push(slab);
    }
    const fresh = this.#slabs.take(bytes);
    this.#slab = fresh;
    this.#sealed = 0;
    this.#end = 0;
    return fresh;
  }

  /** Turns what the slab holds so far into a piece, so that something else can stand behind it. */
  #seal(): void {
    if (this.#slab === undefined || this.#end === this.#sealed) return;
    this.#pieces.push(this.#slab.subarray(this.#sealed, this.#end));
    this.#pieceBytes += this.#end - this.#sealed;
    this.#sealed = this.#end;
  }

  #appendBody(body: Buffer, copied: boolean): void {
    if (copied) {
      this.#slab!.set(body, this.#end);
      this.#end += body.length;
    } else if (body.length > 0) {
      this.#seal();
      this.#pieces.push(body);
      this.#pieceBytes += body.length;
    }
  }
}

function writeHotRocketmq(frame: HotFrame, header: HotResponseHeader, target: Buffer, at: number): number {
  const remarkLengthAt = writeRocketmqFixed(frame, target, at);
  writeInt32(target, 0, remarkLengthAt);
  const extStart = at + rocketmqHeaderMinBytes;
  const end = header.writeRocketmqExt(target, extStart);
  writeInt32(target, end - extStart, extStart - 4);
  return end;
}

/** What stands around ext fields and opaque, for one kind of hot JSON header: copied at once instead of written. */
class HotJsonFrame {
  readonly head: Buffer;
  readonly afterExt: Buffer;
  readonly afterOpaque: Buffer;

  constructor(
    readonly code: number,
    readonly flag: number,
    readonly language: string,
    readonly version: number,
  ) {
    const whole = Buffer.allocUnsafe(hotHeaderFixedBytes);
    const tail = { flag, language, opaque: 0, remark: undefined, version };
    const end = writeJsonTail(tail, whole, 0);
    const opaqueAt = whole.indexOf(opaqueKey) + opaqueKey.length;
    this.head = Buffer.from(`{"code":${code},"extFields":{`);
    this.afterExt = Buffer.concat([Buffer.from('}'), whole.subarray(0, opaqueAt)]);
    this.afterOpaque = Buffer.from(whole.subarray(opaqueAt + 1, end));
  }

  isOf(frame: HotFrame): boolean {
    return (
      this.code === frame.code &&
      this.flag === frame.flag &&
      this.version === frame.version &&
      this.language === frame.language
    );
  }
}

const opaqueKey = '"opaque":';
/** Of the frame before: a process answers with one identity, mostly with one code. Derived from the frame alone. */
let lastHotJson = new HotJsonFrame(0, 1, 'OTHER', 0);

function writeHotJson(frame: HotFrame, header: HotResponseHeader, target: Buffer, at: number): number {
  if (!lastHotJson.isOf(frame)) {
    lastHotJson = new HotJsonFrame(frame.code, frame.flag, frame.language, frame.version);
  }
  const { head, afterExt, afterOpaque } = lastHotJson;
  target.set(head, at);
  let end = header.writeJsonExt(target, at + head.length);
  target.set(afterExt, end);
  end = writeDecimal(target, frame.opaque, end + afterExt.length);
  target.set(afterOpaque, end);
  return end + afterOpaque.length;
}

/** Empties the list, so that nothing is released twice. */
function releaseAll(releases: (() => void)[] | undefined): void {
  if (releases === undefined) return;
  for (const release of releases.splice(0)) release();
}
