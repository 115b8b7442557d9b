import { EventEmitter } from 'eventemitter3';
import { listenForAbort } from './abort-listener.js';
import { Backoff, type BackoffOptions } from './backoff.js';
import { systemClock, type Clock, type Timer } from './clock.js';
import { createExtFields, type RemotingCommand, type SerializeType } from './command.js';
import { openSocket } from './connect.js';
import type { Connection } from './connection.js';
import { connectionShared } from './connection-shared.js';
import { Dispatcher, type RequestProcessor } from './dispatcher.js';
import { messageOf, RemotingError } from './errors.js';
import { silentLogger, type Logger } from './logger.js';
import { codecsExtField, msgpackAnnouncement } from './request-context.js';
import { SocketConnection, type ConnectionHandler, type ConnectionShared } from './socket-connection.js';
import { sweepIntervalMs } from './sweep.js';
import type { ClientTlsOptions } from './tls/tls-options.js';
import type { TurnScheduler } from './turn.js';

/** Limits, codec and TLS of a client; sizes are bytes, times milliseconds. */
export interface RemotingClientOptions {
  /** Default 3000. */
  connectTimeoutMs?: number;
  /** For requests that name no time of their own; default 3000. */
  requestTimeoutMs?: number;
  /** Connections with no bytes either way for this long are closed; default 120000, 0 never. */
  idleTimeoutMs?: number;
  /**
   * Header codec of requests; default JSON. With MSGPACK a connection starts with JSON and changes once the server has
   * shown that it is one of ours.
   */
  serializeType?: SerializeType;
  /** Talk TLS to every server; default plain text. */
  tls?: ClientTlsOptions | false;
  /** LanguageCode name in our frames; default `OTHER`. */
  language?: string;
  /** MQVersion in our frames; default 479 (V5_3_3). */
  version?: number;
  /** Requests per connection that may wait for a response; more fail with `TOO_MANY_REQUESTS`. Default 65535. */
  maxInFlight?: number;
  /** Largest frame, in and out; default 16 MiB. */
  maxFrameBytes?: number;
  /** Outgoing bytes a server may leave unread; default 32 MiB. Four times as much closes it at once. */
  maxOutgoingBytes?: number;
  /** How long a server may stay over `maxOutgoingBytes` before it is closed; default 10000. */
  drainTimeoutMs?: number;
  /**
   * Close a connection when a request on it timed out and not one byte was read since it was sent: such a peer is
   * gone, and only a new connection finds that out. Default true. Upstream `clientCloseSocketIfTimeout` closes always.
   */
  closeSilentOnTimeout?: boolean;
  /** Pauses between attempts to connect to an address that fails. Meanwhile its requests fail at once. */
  reconnect?: BackoffOptions;
  /** First opaque; default 0. */
  firstOpaque?: number;
}

/** What a client is built on where a test, or a sharing owner, wants other than the default. */
export interface RemotingClientDeps {
  /** Default: none is written. */
  logger?: Logger;
  /** Default: the machine's. */
  clock?: Clock;
  /** Default: one of its own. Share it with whoever else writes in the same turn. */
  turn?: TurnScheduler;
}

/** Limits of one request. */
export interface RequestOptions {
  /** Milliseconds for connecting and the response together. */
  timeoutMs?: number;
  /** Aborted, the request rejects at once with `ABORTED`; the peer may have done the work all the same. */
  signal?: AbortSignal;
}

/** Sees every request before it is encoded and every response. */
export interface ClientHook {
  /** Runs last before encoding, when nothing else will change the command: for signatures. */
  beforeRequest?(address: string, command: RemotingCommand): void;
  /** Runs for every response that was waited for, before the caller gets it. */
  afterResponse?(address: string, command: RemotingCommand, response: RemotingCommand): void;
}

/** What happens to connections; listeners observe, they do not steer. */
export type RemotingClientEvent = 'connect' | 'close' | 'idle' | 'error';

type ClientEvents = Record<RemotingClientEvent, (address: string, connection: Connection) => void>;

/** What is known of one server address. */
interface Peer {
  readonly backoff: Backoff;
  connection: SocketConnection | undefined;
  connecting: Promise<SocketConnection> | undefined;
  lastError: unknown;
}

const defaultMaxOutgoingBytes = 32 * 1024 * 1024;
const goAwayCode = 1500;
const defaultCloseTimeoutMs = 3000;
const closePollMs = 10;

/** Talks to any number of servers over one connection each, made when first needed and again after it broke. */
export class RemotingClient {
  readonly #options: RemotingClientOptions;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #shared: ConnectionShared;
  readonly #dispatcher: Dispatcher;
  readonly #hooks: ClientHook[] = [];
  readonly #events = new EventEmitter<ClientEvents>();
  readonly #peers = new Map<string, Peer>();
  readonly #connections = new Set<SocketConnection>();
  #nextConnectionId = 1;
  #sweeper: Timer | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RemotingClientOptions = {}, deps: RemotingClientDeps = {}) {
    this.#options = options;
    this.#logger = deps.logger ?? silentLogger;
    this.#clock = deps.clock ?? systemClock;
    this.#dispatcher = new Dispatcher(this.#logger, 65535);
    this.#shared = connectionShared(options, {
      defaultMaxOutgoingBytes,
      maxInFlight: options.maxInFlight,
      firstOpaque: options.firstOpaque,
      clock: this.#clock,
      logger: this.#logger,
      turn: deps.turn,
    });
  }

  /**
   * Sends a request and resolves with its response, whatever its code. `command` belongs to the client until then.
   * @throws RemotingError `CONNECT_FAILED`, `TLS`, `TIMEOUT`, `CLOSED`, `TOO_MANY_REQUESTS`, `ABORTED`, `BAD_ARGUMENT`.
   */
  request(address: string, command: RemotingCommand, options: RequestOptions = {}): Promise<RemotingCommand> {
    const connection = this.#peers.get(address)?.connection;
    const timeoutMs = options.timeoutMs ?? this.#options.requestTimeoutMs ?? 3000;
    if (connection?.isOpen === true)
      return this.#exchange(address, connection, command, timeoutMs, options.signal, true);
    return this.#connectAndRequest(address, command, timeoutMs, options.signal);
  }

  /** Sends a request that gets no answer; resolves when it was handed to the connection. */
  async oneway(address: string, command: RemotingCommand, options: RequestOptions = {}): Promise<void> {
    const timeoutMs = options.timeoutMs ?? this.#options.requestTimeoutMs ?? 3000;
    const open = this.#peers.get(address)?.connection;
    const connection =
      open?.isOpen === true ? open : await this.#connected(address, timeoutMs, options.signal);
    for (const hook of this.#hooks) hook.beforeRequest?.(address, command);
    connection.oneway(command);
  }

  /** The processor of a request code that servers send to us. */
  register(code: number, processor: RequestProcessor): void {
    this.#dispatcher.register(code, processor);
  }

  /** Hooks run in the order they were added. */
  addHook(hook: ClientHook): void {
    this.#hooks.push(hook);
  }

  /** Calls `fn` at every such event, with the address that was connected to. */
  on(event: RemotingClientEvent, fn: (address: string, connection: Connection) => void): void {
    this.#events.on(event, fn);
  }

  /** The open connection to an address, if there is one. */
  connectionTo(address: string): Connection | undefined {
    const connection = this.#peers.get(address)?.connection;
    return connection?.isOpen === true ? connection : undefined;
  }

  /** Closes the connection to an address; its waiting requests fail, the next request connects again. */
  closeConnection(address: string): void {
    this.#peers.get(address)?.connection?.close('closed by the application');
  }

  /**
   * Refuses new requests, waits for those in flight and for outgoing bytes, at most `timeoutMs` (default 3000), then
   * closes every connection. A second call waits for the first.
   */
  close(options: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#closeNow(options.timeoutMs ?? defaultCloseTimeoutMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #connectAndRequest(
    address: string,
    command: RemotingCommand,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<RemotingCommand> {
    const startMs = this.#clock.monotonic();
    const connection = await this.#connected(address, timeoutMs, signal);
    const leftMs = Math.max(0, timeoutMs - (this.#clock.monotonic() - startMs));
    return this.#exchange(address, connection, command, leftMs, signal, true);
  }

  #exchange(
    address: string,
    connection: SocketConnection,
    command: RemotingCommand,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    mayRetry: boolean,
  ): Promise<RemotingCommand> {
    if (this.#closing !== undefined) return Promise.reject(closedError(address));
    this.#announceCodecs(connection, command);
    try {
      for (const hook of this.#hooks) hook.beforeRequest?.(address, command);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    const response = connection.request(
      command,
      { timeoutMs, signal },
      this.#timeoutAction(connection, timeoutMs),
    );
    return response.then((answer) => {
      if (answer.code === goAwayCode && mayRetry) {
        return this.#retryElsewhere(address, connection, command, timeoutMs, signal);
      }
      for (const hook of this.#hooks) hook.afterResponse?.(address, command, answer);
      return answer;
    });
  }

  /** A server that shuts down said so: later requests, this one first, go over a new connection. */
  async #retryElsewhere(
    address: string,
    leaving: SocketConnection,
    command: RemotingCommand,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<RemotingCommand> {
    const peer = this.#peers.get(address);
    if (peer?.connection === leaving) peer.connection = undefined;
    const connection = await this.#connected(address, timeoutMs, signal);
    return this.#exchange(address, connection, command, timeoutMs, signal, false);
  }

  /** Before the hooks, since a signature covers every ext field. */
  #announceCodecs(connection: SocketConnection, command: RemotingCommand): void {
    if (!connection.awaitsAnnouncement) return;
    connection.awaitsAnnouncement = false;
    const announced = createExtFields(command.extFieldsIfAny);
    announced[codecsExtField] = msgpackAnnouncement;
    command.extFields = announced;
    connection.decoder.acceptMsgpack = true;
  }

  #timeoutAction(connection: SocketConnection, timeoutMs: number): (() => void) | undefined {
    if (this.#options.closeSilentOnTimeout === false) return undefined;
    const readBefore = connection.readChunks;
    return () => {
      if (connection.readChunks === readBefore)
        connection.close(`nothing read for ${timeoutMs} ms, a request timed out`);
    };
  }

  #connected(address: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<SocketConnection> {
    if (this.#closing !== undefined) return Promise.reject(closedError(address));
    const peer = this.#peerOf(address);
    if (peer.connection?.isOpen === true) return Promise.resolve(peer.connection);
    if (signal?.aborted === true) return Promise.reject(abortedError(address, signal));
    const waitMs = peer.connecting === undefined ? peer.backoff.waitMs(this.#clock.monotonic()) : 0;
    if (waitMs > 0) {
      const message = `${messageOf(peer.lastError)}; tried again after a pause`;
      const details = { address, retryAfterMs: waitMs, cause: peer.lastError };
      return Promise.reject(new RemotingError('CONNECT_FAILED', message, details));
    }
    peer.connecting ??= this.#open(address, peer).finally(() => (peer.connecting = undefined));
    return this.#withDeadline(peer.connecting, address, timeoutMs, signal);
  }

  async #open(address: string, peer: Peer): Promise<SocketConnection> {
    const { connectTimeoutMs = 3000, tls } = this.#options;
    let connection: SocketConnection;
    try {
      const socket = await openSocket(address, {
        timeoutMs: connectTimeoutMs,
        tls: tls === false ? undefined : tls,
        clock: this.#clock,
      });
      connection = new SocketConnection(
        this.#nextConnectionId++,
        socket,
        this.#shared,
        this.#handlerFor(address, peer),
      );
    } catch (error) {
      peer.backoff.failed(this.#clock.monotonic());
      peer.lastError = error;
      throw error;
    }
    if (this.#closing !== undefined) {
      connection.close('client closed');
      throw closedError(address);
    }
    peer.backoff.succeeded();
    peer.connection = connection;
    connection.requestCodec = this.#options.serializeType === 'ROCKETMQ' ? 'ROCKETMQ' : 'JSON';
    connection.awaitsAnnouncement = this.#options.serializeType === 'MSGPACK';
    this.#connections.add(connection);
    this.#startSweeper();
    this.#logger.debug('connected', { address });
    this.#events.emit('connect', address, connection);
    return connection;
  }

  #handlerFor(address: string, peer: Peer): ConnectionHandler {
    return {
      onRequest: (request, connection, receivedAt) =>
        this.#dispatcher.dispatch(request, connection, receivedAt),
      onIdle: (connection) => this.#events.emit('idle', address, connection),
      onError: (connection) => this.#events.emit('error', address, connection),
      onClose: (connection) => {
        this.#connections.delete(connection);
        if (peer.connection === connection) peer.connection = undefined;
        this.#logger.info('connection closed', { address, reason: connection.closeReason });
        this.#events.emit('close', address, connection);
      },
    };
  }

  #peerOf(address: string): Peer {
    let peer = this.#peers.get(address);
    if (peer === undefined) {
      const backoff = new Backoff(this.#options.reconnect);
      peer = { backoff, connection: undefined, connecting: undefined, lastError: undefined };
      this.#peers.set(address, peer);
    }
    return peer;
  }

  /** Waits for a connection that others may wait for too, but no longer than this caller wants. */
  #withDeadline(
    connecting: Promise<SocketConnection>,
    address: string,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<SocketConnection> {
    return new Promise((resolve, reject) => {
      const message = `no connection to ${address} in ${timeoutMs} ms`;
      const onTimeout = (): void => end(() => reject(new RemotingError('TIMEOUT', message, { address })));
      const onAbort = (): void => end(() => reject(abortedError(address, signal)));
      const timer = this.#clock.setTimeout(onTimeout, timeoutMs);
      const end = (then: () => void): void => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        then();
      };
      if (signal !== undefined) listenForAbort(signal, onAbort);
      connecting.then(
        (connection) => end(() => resolve(connection)),
        (error: Error) => end(() => reject(error)),
      );
    });
  }

  #startSweeper(): void {
    if (this.#sweeper !== undefined) return;
    this.#sweeper = this.#clock.setInterval(() => {
      const nowMs = this.#clock.monotonic();
      for (const connection of this.#connections) connection.sweep(nowMs);
    }, sweepIntervalMs(this.#shared.limits));
    this.#sweeper.unref?.();
  }

  async #closeNow(timeoutMs: number): Promise<void> {
    const endMs = this.#clock.monotonic() + timeoutMs;
    const isBusy = (connection: SocketConnection): boolean =>
      connection.isOpen && (connection.inFlight > 0 || connection.outgoingBytes > 0);
    while ([...this.#connections].some(isBusy) && this.#clock.monotonic() < endMs) {
      await new Promise<void>((resolve) => void this.#clock.setTimeout(resolve, closePollMs));
    }
    const closed = [...this.#connections].map((connection) => {
      const closing = new Promise<void>((resolve) => connection.on('close', resolve));
      connection.close('client closed');
      return closing;
    });
    await Promise.all(closed);
    this.#sweeper?.cancel();
    this.#shared.wheel.close();
  }
}

function closedError(address: string): RemotingError {
  return new RemotingError('CLOSED', 'the client was closed', { address, retryable: false });
}

function abortedError(address: string, signal: AbortSignal | undefined): RemotingError {
  return new RemotingError('ABORTED', 'the request was aborted', { address, cause: signal?.reason });
}
