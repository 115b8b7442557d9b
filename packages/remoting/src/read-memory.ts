import { Socket } from 'node:net';

/** What the kernel may hand over in one read; Node's own size. */
const readBytes = 64 * 1024;
/** Chunks are kept behind one another in slabs of this size; the largest chunk fills one. */
const slabBytes = readBytes;
/** Where slabs are not used again larger chunks get memory of their own, of just their size. */
const largestShared = 32 * 1024;
/** How many free slabs are kept for reuse (4 MiB). */
const maxFreeSlabs = 64;

/**
 * Takes `chunk[start, end)`. It stays as it is for as long as somebody refers to it, but with a `slab` only for as long as
 * somebody holds that.
 */
export type TakeBytes = (chunk: Buffer, start: number, end: number, slab?: ReadSlab) => void;

/** Memory that chunks lie in behind one another. Once it is full and nobody holds it, other chunks are read into it. */
export class ReadSlab {
  /** For tests: each chunk has a slab, which is overwritten when it is free, so that who still refers to it is found out. */
  static isStrict = false;

  readonly buffer = Buffer.allocUnsafeSlow(slabBytes);
  #holders = 0;
  #isFull = false;

  constructor(private readonly onFree: (slab: ReadSlab) => void) {}

  /** The bytes have to stay until a `release` for this call. Without one the slab is the garbage collector's. */
  hold(): void {
    this.#holders++;
  }

  release(): void {
    this.#holders--;
    this.#settle();
  }

  /** Nothing more is read into it, until it is free. */
  close(): void {
    this.#isFull = true;
    this.#settle();
  }

  #settle(): void {
    if (this.#holders > 0 || !this.#isFull) return;
    this.#isFull = false;
    if (ReadSlab.isStrict) this.buffer.fill(0xa5);
    this.onFree(this);
  }
}

/**
 * One buffer that all plain sockets of a server or client are read into, and slabs that keep what came.
 *
 * By itself Node makes a buffer of 64 KiB for each read and cuts it to the bytes that came: an allocation, a reallocation
 * and an ArrayBuffer for the garbage collector, 13 to 20 µs (docs/benchmarks.md) where a connection says one small
 * thing at a time. Here a read costs a copy of its bytes. Memory that is referred to keeps its slab alive, so who holds a
 * request for long forgets its bytes.
 *
 * A server uses slabs again. Left to the garbage collector, 64 KiB for every 50 messages of 1 KiB made it go through the whole
 * heap twenty times a second.
 */
export class ReadMemory {
  readonly #recycles: boolean;
  readonly #free: ReadSlab[] = [];
  #shared: Buffer | undefined;
  #slab: ReadSlab | undefined;
  #at = 0;

  /** @param recycles whether who takes bytes says when they are not needed any more, see {@link ReadSlab} */
  constructor({ recycles = false }: { recycles?: boolean } = {}) {
    this.#recycles = recycles;
  }

  /**
   * From now on `take` gets what `socket` reads. False where this socket cannot be read that way (TLS, or a Node that
   * does it otherwise): then its `data` events have it. What its stream had read before comes as `data` either way.
   */
  readFrom(socket: Socket, take: TakeBytes): boolean {
    const inner = socket as unknown as InnerSocket;
    const handle = inner._handle;
    if (hooks === undefined || 'encrypted' in socket || typeof handle?.useUserBuffer !== 'function')
      return false;
    const shared = (this.#shared ??= Buffer.allocUnsafeSlow(readBytes));
    inner[hooks.buffer] = shared;
    inner[hooks.callback] = (bytes: number): boolean => {
      this.#keep(shared, bytes, take);
      return true;
    };
    handle.useUserBuffer(shared);
    return true;
  }

  #keep(shared: Buffer, bytes: number, take: TakeBytes): void {
    if (bytes > largestShared && !this.#recycles) {
      const own = Buffer.allocUnsafeSlow(bytes);
      shared.copy(own, 0, 0, bytes);
      return take(own, 0, bytes);
    }
    const slab = this.#slabFor(bytes);
    const start = this.#at;
    shared.copy(slab.buffer, start, 0, bytes);
    this.#at = start + bytes;
    if (!this.#recycles) return take(slab.buffer, start, this.#at);
    take(slab.buffer, start, this.#at, slab);
    if (ReadSlab.isStrict) this.#closeSlab();
  }

  #slabFor(bytes: number): ReadSlab {
    if (this.#slab !== undefined && this.#at + bytes > slabBytes) this.#closeSlab();
    return (this.#slab ??= this.#free.pop() ?? new ReadSlab(this.#onFree));
  }

  #closeSlab(): void {
    if (this.#recycles) this.#slab?.close();
    this.#slab = undefined;
    this.#at = 0;
  }

  readonly #onFree = (slab: ReadSlab): void => {
    if (this.#free.length < maxFreeSlabs) this.#free.push(slab);
  };
}

/**
 * The option `onread` of `net.connect` lets a socket be read into a buffer of the caller's. Accepted sockets have the same
 * machinery but no option: its two properties are symbols of the socket. Upstream: `initSocketHandle` in Node's
 * lib/net.js, `onStreamRead` in lib/internal/stream_base_commons.js, the same from Node 12 on.
 */
interface InnerSocket {
  _handle?: { useUserBuffer?: (buffer: Buffer) => void } | null;
  [hook: symbol]: unknown;
}

const hooks = findHooks();

function findHooks(): { buffer: symbol; callback: symbol } | undefined {
  const symbols = Object.getOwnPropertySymbols(new Socket());
  const named = (name: string): symbol | undefined => symbols.find(({ description }) => description === name);
  const buffer = named('kBuffer');
  const callback = named('kBufferCb');
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
}
