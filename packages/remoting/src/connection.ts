import type { RemotingCommand } from './command.js';

/** Limits of one request on a connection. */
export interface ConnectionRequestOptions {
  /** Milliseconds until the request fails with `TIMEOUT`. */
  timeoutMs: number;
  /** Aborting fails the request with `ABORTED`; the peer is not told. */
  signal?: AbortSignal;
}

/** One live socket, at a server or at a client; requests may flow in both directions. */
export interface Connection {
  /** Unique in its server or client. */
  readonly id: number;
  /** `ip:port`, IPv6 as `[..]:port`; behind a proxy that says so, the address the proxy names. */
  readonly remoteAddress: string;
  /** The address of `remoteAddress`, IPv6 without brackets. */
  readonly remoteIp: string;
  /** The port of `remoteAddress`. */
  readonly remotePort: number;
  /** `ip:port` of this end, IPv6 as `[..]:port`. */
  readonly localAddress: string;
  /** Born host as records hold it: 4 or 16 address bytes, then the port as int32. */
  readonly remoteHostBytes: Buffer;
  /** False from the moment it closes, whoever closed it. */
  readonly isOpen: boolean;
  /** State of upper layers, keyed by their own symbol. */
  readonly attributes: Map<symbol, unknown>;

  /**
   * Queues a response or oneway frame for the end of the turn. False: the peer is over its outgoing bound (the frame
   * was still queued), or the connection is closed (it was dropped, and `onReleased` called).
   */
  send(command: RemotingCommand): boolean;

  /**
   * Sends a request and resolves with its response, whatever its code.
   * @throws RemotingError `TIMEOUT`, `CLOSED`, `TOO_MANY_REQUESTS`, `ABORTED`, `BAD_ARGUMENT` (too large).
   */
  request(command: RemotingCommand, options: ConnectionRequestOptions): Promise<RemotingCommand>;

  /** Queues a request that gets no answer. */
  oneway(command: RemotingCommand): void;

  /**
   * Takes no more requests from the peer until `resumeReading`: whoever keeps requests that have to wait for the peer's own
   * reading need not be given hundreds of them. Responses still leave. Absent where there is no socket.
   */
  pauseReading?(): void;

  /** Ends what `pauseReading` began. */
  resumeReading?(): void;

  /** Closes at once; frames still queued are dropped. The reason is logged and given to waiting requests. */
  close(reason: string): void;

  /** Calls `fn` once when the connection has closed; soon, when it already has. */
  on(event: 'close', fn: () => void): void;
}
