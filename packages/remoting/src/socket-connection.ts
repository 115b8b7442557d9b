import type { Socket } from 'node:net';
import { formatAddress, hostBytes, plainIp } from './addresses.js';
import type { Clock } from './clock.js';
import { FrameDecoder } from './codec/frame-decoder.js';
import { onewayFlag, responseFlag, type RemotingCommand, type SerializeType } from './command.js';
import type { Connection, ConnectionRequestOptions } from './connection.js';
import type { DeadlineWheel } from './deadline-wheel.js';
import { isRemotingError, RemotingError } from './errors.js';
import type { Logger } from './logger.js';
import { OutgoingFrames } from './outgoing-frames.js';
import { PendingRequests, type OpaqueCounter } from './pending-requests.js';
import type { ReadMemory, ReadSlab } from './read-memory.js';
import type { SlabPool } from './slab-pool.js';
import type { TurnScheduler, TurnTask } from './turn.js';

/** Bounds of one connection; every value has been given its default by the server or client. */
export interface ConnectionLimits {
  /** Largest frame, in and out. */
  maxFrameBytes: number;
  /** Outgoing bytes over which `send` says false and the deadline runs. */
  maxOutgoingBytes: number;
  /** How long a peer may stay over `maxOutgoingBytes` before it is closed. */
  drainTimeoutMs: number;
  /** Requests sent to the peer that may wait for a response. */
  maxInFlight: number;
  /** Silence in both directions after which the connection is closed; 0 for never. */
  idleTimeoutMs: number;
}

/** How this end introduces itself in every frame. */
export interface Identity {
  language: string;
  version: number;
}

/** What the connections of one server or client share. */
export interface ConnectionShared {
  readonly limits: ConnectionLimits;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly turn: TurnScheduler;
  readonly slabs: SlabPool;
  readonly reads: ReadMemory;
  readonly wheel: DeadlineWheel;
  readonly opaques: OpaqueCounter;
  readonly logger: Logger;
}

/** Who is told what happens on a connection. None of these may throw. */
export interface ConnectionHandler {
  onRequest(request: RemotingCommand, connection: SocketConnection, receivedAt: number): void;
  /** Nothing was read or written for the idle time; the connection closes right after. */
  onIdle(connection: SocketConnection): void;
  /** The socket or the peer failed; the connection closes right after. */
  onError(connection: SocketConnection, error: Error): void;
  onClose(connection: SocketConnection): void;
}

/** The peer's address where a proxy in front says it. */
export interface PeerAddress {
  ip: string;
  port: number;
}

/** Outgoing bytes over which nothing more is read from the peer until they are gone. */
const pauseReadingBytes = 1024 * 1024;
/**
 * Outgoing bytes that the requests of one connection may make in one turn; the rest of its requests wait for the next one.
 * A peer that asks for much at once is answered as fast as before, but those beside it are answered in between.
 */
const turnOutgoingBytes = 256 * 1024;
/** Unanswered requests over which nothing more is read from a peer that has to read first: they would only be kept. */
const pauseReadingRequests = 256;
/** Times `maxOutgoingBytes` a peer may be over at any moment before it is closed without waiting. */
const hardOutgoingFactor = 4;
/** Largest code a ROCKETMQ header can hold. */
const maxRocketmqCode = 0x7fff;

/** A {@link Connection} over a TCP or TLS socket that is connected. */
export class SocketConnection implements Connection, TurnTask {
  queued = false;
  readonly id: number;
  readonly remoteAddress: string;
  readonly remoteIp: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly remoteHostBytes: Buffer;
  readonly attributes = new Map<symbol, unknown>();
  /** Requests of the peer that are not answered yet; kept by the dispatcher. */
  unanswered = 0;
  /** Codec of requests this end sends. */
  requestCodec: SerializeType = 'JSON';
  /** False once the first answerable request was looked at for an announcement of codecs. */
  awaitsAnnouncement = true;
  readonly decoder: FrameDecoder;

  readonly #socket: Socket;
  readonly #shared: ConnectionShared;
  readonly #handler: ConnectionHandler;
  readonly #outgoing: OutgoingFrames;
  readonly #pending: PendingRequests;
  readonly #closeListeners: (() => void)[] = [];
  #open = true;
  /** The socket said so and everybody was told; follows {@link isOpen} by a turn. */
  #isClosed = false;
  #paused = false;
  /** Wall clock, ms, when the oldest bytes were read that wait to be handled; undefined: none do. */
  #waitingSince: number | undefined;
  /** How long the request at hand had waited, read and not handled, behind others of this connection; ms. */
  waitedMs = 0;
  /** Between `pauseReading` and `resumeReading`. */
  #isHeld = false;
  #stopped = false;
  #closeReason: string | undefined;
  #atFault = false;
  /** Whether bytes moved since the last {@link sweep}; cheaper than a time per chunk. */
  #active = true;
  #idleSinceMs: number;
  #overBoundSinceMs: number | undefined;
  #readChunks = 0;
  /** Where the chunk lies that frames are being cut from; held until nothing of it is left. */
  #slab: ReadSlab | undefined;

  constructor(
    id: number,
    socket: Socket,
    shared: ConnectionShared,
    handler: ConnectionHandler,
    peer?: PeerAddress,
  ) {
    this.id = id;
    this.#socket = socket;
    this.#shared = shared;
    this.#handler = handler;
    this.remoteIp = plainIp(peer?.ip ?? socket.remoteAddress ?? '0.0.0.0');
    this.remotePort = peer?.port ?? socket.remotePort ?? 0;
    this.remoteAddress = formatAddress(this.remoteIp, this.remotePort);
    this.localAddress = formatAddress(plainIp(socket.localAddress ?? '0.0.0.0'), socket.localPort ?? 0);
    this.remoteHostBytes = hostBytes(this.remoteIp, this.remotePort);
    this.decoder = new FrameDecoder(shared.limits.maxFrameBytes);
    this.#outgoing = new OutgoingFrames(shared.slabs, shared.limits.maxFrameBytes);
    this.#pending = new PendingRequests(
      this.remoteAddress,
      shared.wheel,
      shared.opaques,
      shared.limits.maxInFlight,
    );
    this.#idleSinceMs = shared.clock.monotonic();
    shared.reads.readFrom(socket, (chunk, start, end, slab) => this.#onData(chunk, start, end, slab));
    socket.on('data', (chunk: Buffer) => this.#onData(chunk, 0, chunk.length));
    socket.on('drain', () => this.#onDrain());
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => this.#onClose());
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Why the connection closed, once it has. */
  get closeReason(): string | undefined {
    return this.#closeReason;
  }

  /** True when it was closed for what the peer did: bytes that are no frames, or not reading. */
  get wasAtFault(): boolean {
    return this.#atFault;
  }

  /** Bytes given to `send` that the kernel has not taken yet. */
  get outgoingBytes(): number {
    return this.#outgoing.queuedBytes + this.#socket.writableLength;
  }

  /** Own requests that wait for a response. */
  get inFlight(): number {
    return this.#pending.size;
  }

  /** Chunks read so far: whether a peer said anything at all between two moments. */
  get readChunks(): number {
    return this.#readChunks;
  }

  /** For the dispatcher, which writes hot responses; call {@link afterAppend} when done. */
  get outgoing(): OutgoingFrames {
    return this.#outgoing;
  }

  get identity(): Identity {
    return this.#shared.identity;
  }

  send(command: RemotingCommand): boolean {
    if (!this.#open) {
      command.onReleased?.();
      return false;
    }
    this.#stamp(command);
    this.#outgoing.append(command);
    return this.afterAppend();
  }

  request(
    command: RemotingCommand,
    options: ConnectionRequestOptions,
    onTimeout?: () => void,
  ): Promise<RemotingCommand> {
    try {
      this.#assertUsable(options.signal);
      this.#pending.assertRoom();
      command.flag &= ~(responseFlag | onewayFlag);
      command.opaque = this.#pending.nextOpaque();
      command.serializeType = this.#codecOf(command);
      this.#stamp(command);
      this.#outgoing.append(command);
    } catch (error) {
      return Promise.reject(error);
    }
    const response = this.#pending.add(
      command.opaque,
      command.code,
      options.timeoutMs,
      options.signal,
      onTimeout,
    );
    this.afterAppend();
    return response;
  }

  /** A ROCKETMQ header has 16 bits for the code: the codes of pop consumption do not fit. */
  #codecOf({ code }: RemotingCommand): SerializeType {
    return code > maxRocketmqCode && this.requestCodec === 'ROCKETMQ' ? 'JSON' : this.requestCodec;
  }

  oneway(command: RemotingCommand): void {
    command.flag = (command.flag & ~responseFlag) | onewayFlag;
    command.opaque = this.#pending.nextOpaque();
    command.serializeType = this.#codecOf(command);
    this.send(command);
  }

  close(reason: string): void {
    if (this.#closeReason === undefined) this.#closeReason = reason;
    if (this.#socket.destroyed) return;
    this.#becomeClosed();
    this.#socket.destroy();
  }

  pauseReading(): void {
    this.#isHeld = true;
    this.#pause();
  }

  resumeReading(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    // Where the peer has to read first, `drain` goes on.
    if (!this.#socket.writableNeedDrain) this.#goOnReading();
  }

  /** Stops taking requests from the peer for good; responses still leave. */
  stopReading(): void {
    this.#paused = true;
    this.#stopped = true;
    this.#socket.pause();
  }

  on(_event: 'close', fn: () => void): void {
    if (this.#isClosed) queueMicrotask(fn);
    else this.#closeListeners.push(fn);
  }

  /** Schedules the flush and applies the bounds; false when the peer is over its bound. */
  afterAppend(): boolean {
    this.#shared.turn.atTurnEnd(1, this);
    const queued = this.#outgoing.queuedBytes;
    // What a turn queues is looked at only when it is a lot: the usual path costs one comparison.
    if (queued < pauseReadingBytes && this.#socket.writableLength === 0) return true;
    if (queued >= pauseReadingBytes) this.runAtTurnEnd();
    return this.#applyBounds();
  }

  runAtTurnEnd(): void {
    if (this.#socket.destroyed) {
      // Closed before anybody hears of what is dropped, or it would be given something new in its place.
      this.#becomeClosed();
      return;
    }
    this.#outgoing.flush(this.#socket);
    this.#active = true;
    if (this.#socket.writableLength > 0) this.#applyBounds();
  }

  /** Closes the connection when it was idle, or over its bound, for too long. Called now and then by its owner. */
  sweep(nowMs: number): void {
    const { limits } = this.#shared;
    const outgoing = this.outgoingBytes;
    if (outgoing > limits.maxOutgoingBytes) {
      this.#overBoundSinceMs ??= nowMs;
      if (nowMs - this.#overBoundSinceMs >= limits.drainTimeoutMs) {
        this.#closeSlowReader(outgoing, `for ${limits.drainTimeoutMs} ms`);
      }
      return;
    }
    this.#overBoundSinceMs = undefined;
    if (this.#active) {
      this.#active = false;
      this.#idleSinceMs = nowMs;
    } else if (limits.idleTimeoutMs > 0 && nowMs - this.#idleSinceMs >= limits.idleTimeoutMs) {
      this.#handler.onIdle(this);
      this.close(`idle for ${limits.idleTimeoutMs} ms`);
    }
  }

  #stamp(command: RemotingCommand): void {
    command.language = this.#shared.identity.language;
    command.version = this.#shared.identity.version;
  }

  #assertUsable(signal: AbortSignal | undefined): void {
    const address = this.remoteAddress;
    if (signal?.aborted === true) {
      throw new RemotingError('ABORTED', 'the request was aborted', { address, cause: signal.reason });
    }
    if (!this.#open) throw new RemotingError('CLOSED', `connection to ${address} is closed`, { address });
  }

  #applyBounds(): boolean {
    const outgoing = this.outgoingBytes;
    const { maxOutgoingBytes } = this.#shared.limits;
    if (outgoing > maxOutgoingBytes) {
      this.#overBoundSinceMs ??= this.#shared.clock.monotonic();
      if (outgoing > maxOutgoingBytes * hardOutgoingFactor) this.#closeSlowReader(outgoing, 'at once');
    }
    if (outgoing >= Math.min(pauseReadingBytes, maxOutgoingBytes) && this.#socket.writableNeedDrain)
      this.#pause();
    return outgoing <= maxOutgoingBytes;
  }

  #closeSlowReader(outgoingBytes: number, since: string): void {
    this.#atFault = true;
    this.close(`peer does not read: ${outgoingBytes} bytes outgoing, over the bound ${since}`);
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  #onDrain(): void {
    this.#active = true;
    this.#overBoundSinceMs = undefined;
    this.#goOnReading();
  }

  /** Lets the others have the rest of this turn. */
  #yieldTurn(): void {
    this.#pause();
    setImmediate(() => {
      // Where the peer has to read first, `drain` goes on.
      if (!this.#socket.writableNeedDrain) this.#goOnReading();
    });
  }

  #goOnReading(): void {
    if (!this.#paused || this.#isHeld || this.#stopped || !this.#open) return;
    this.#paused = false;
    this.#handleFrames();
    if (!this.#paused) this.#socket.resume();
  }

  #onData(chunk: Buffer, start: number, end: number, slab?: ReadSlab): void {
    this.#active = true;
    this.#readChunks++;
    this.decoder.push(chunk, start, end);
    this.#holdSlab(slab);
    if (this.#paused) this.#waitingSince ??= this.#shared.clock.now();
    else this.#handleFrames();
  }

  /** Stops between two frames when answering them has filled the outgoing side, or made enough for one turn. */
  #handleFrames(): void {
    const now = this.#shared.clock.now();
    const receivedAt = this.#waitingSince ?? now;
    this.waitedMs = Math.max(0, now - receivedAt);
    this.#waitingSince = undefined;
    while (this.#open && !this.#paused) {
      const command = this.#nextCommand();
      if (command === undefined) return this.#holdSlab(undefined);
      if (this.#slab !== undefined) command.liesIn(this.#slab);
      if (!command.isResponse) this.#handler.onRequest(command, this, receivedAt);
      else this.#onResponse(command);
      if (this.#outgoing.queuedBytes >= turnOutgoingBytes) this.#yieldTurn();
      // `drain` goes on.
      else if (this.unanswered >= pauseReadingRequests && this.#socket.writableNeedDrain) this.#pause();
    }
    // If anything is left at all: what is handled next finds out.
    this.#waitingSince = receivedAt;
  }

  /** Holds `slab` in place of the one before. */
  #holdSlab(slab: ReadSlab | undefined): void {
    slab?.hold();
    this.#slab?.release();
    this.#slab = slab;
  }

  #nextCommand(): RemotingCommand | undefined {
    try {
      return this.decoder.next();
    } catch (error) {
      this.#atFault = true;
      this.#onError(
        isRemotingError(error)
          ? error
          : new RemotingError('BAD_FRAME', 'frame not readable', { cause: error }),
      );
      return undefined;
    }
  }

  #onResponse(response: RemotingCommand): void {
    // An answer in our own codec is how a peer accepts it.
    if (response.serializeType === 'MSGPACK') this.requestCodec = 'MSGPACK';
    if (this.#pending.complete(response)) return;
    this.#shared.logger.debug('response without a request dropped', {
      remote: this.remoteAddress,
      opaque: response.opaque,
      code: response.code,
    });
  }

  /** The peer ended its half: what this turn queued still leaves, then we end ours. */
  #onEnd(): void {
    this.#closeReason ??= 'closed by peer';
    if (!this.#open) return;
    this.runAtTurnEnd();
    this.#open = false;
    this.#socket.end();
  }

  #onError(error: Error): void {
    if (this.#closeReason === undefined) {
      this.#closeReason = error.message;
      this.#handler.onError(this, error);
    }
    this.close(error.message);
  }

  #onClose(): void {
    this.#isClosed = true;
    this.#closeReason ??= 'closed by peer';
    this.#becomeClosed();
    this.#outgoing.releaseHanded();
    this.#holdSlab(undefined);
    this.#handler.onClose(this);
    for (const listener of this.#closeListeners.splice(0)) listener();
  }

  #becomeClosed(): void {
    this.#open = false;
    this.#outgoing.drop();
    this.#pending.failAll(this.#closeReason ?? 'closed');
  }
}
