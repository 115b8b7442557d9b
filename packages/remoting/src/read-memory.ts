import { Socket } from 'node:net';

/** What the kernel may hand over in one read; Node's own size. */
const readBytes = 64 * 1024;
/** Chunks are kept behind one another in slabs of this size. */
const slabBytes = 64 * 1024;
/** Larger chunks get memory of their own, of just their size. */
const largestShared = 32 * 1024;

/** Takes `chunk[start, end)`, which stays as it is for as long as somebody refers to it. */
export type TakeBytes = (chunk: Buffer, start: number, end: number) => void;

/**
 * One buffer that all plain sockets of a server or client are read into, and slabs that keep what came.
 *
 * By itself Node makes a buffer of 64 KiB for each read and cuts it to the bytes that came: an allocation, a reallocation
 * and an ArrayBuffer for the garbage collector, 13 to 20 µs (docs/benchmarks.md) where a connection says one small
 * thing at a time. Here a read costs a copy of its bytes. Memory that is referred to keeps its slab alive, so who holds a
 * request for long forgets its bytes.
 */
export class ReadMemory {
  #shared: Buffer | undefined;
  #slab: Buffer = noBytes;
  #at = 0;

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
    if (bytes > largestShared) {
      const own = Buffer.allocUnsafeSlow(bytes);
      shared.copy(own, 0, 0, bytes);
      return take(own, 0, bytes);
    }
    if (this.#at + bytes > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#at = 0;
    }
    const start = this.#at;
    shared.copy(this.#slab, start, 0, bytes);
    this.#at = start + bytes;
    take(this.#slab, start, this.#at);
  }
}

const noBytes = Buffer.alloc(0);

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
