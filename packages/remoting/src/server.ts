import { EventEmitter } from 'eventemitter3';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { plainIp } from './addresses.js';
import { systemClock, type Clock, type Timer } from './clock.js';
import type { Connection } from './connection.js';
import { connectionShared } from './connection-shared.js';
import { descriptorLimit } from './descriptor-limit.js';
import { Dispatcher, type ExceptCodes, type RequestProcessor } from './dispatcher.js';
import { RemotingError } from './errors.js';
import type { ProxyHeader } from './haproxy.js';
import { silentLogger, type Logger } from './logger.js';
import type { RequestHook } from './request-hooks.js';
import { sniffSocket } from './sniffer.js';
import { SocketConnection, type ConnectionHandler, type ConnectionShared } from './socket-connection.js';
import { sweepIntervalMs } from './sweep.js';
import { ServerTls } from './tls/server-tls.js';
import type { ServerTlsOptions, TlsCertificate } from './tls/tls-options.js';
import type { TurnScheduler } from './turn.js';

/** Address, bounds and TLS of a server; sizes are bytes, times milliseconds. */
export interface RemotingServerOptions {
  /** Address to listen on; default `127.0.0.1`. Anything wider is the operator's explicit choice. */
  host?: string;
  /** 0 lets the system choose; see {@link RemotingServer.port}. */
  port: number;
  /** Connections with no bytes either way for this long are closed; default 120000, 0 never. */
  idleTimeoutMs?: number;
  /** Largest frame, in and out, its length field included; default 16 MiB, as upstream. */
  maxFrameBytes?: number;
  /** Outgoing bytes a peer may leave unread; default 8 MiB. Four times as much closes it at once. */
  maxOutgoingBytes?: number;
  /** How long a peer may stay over `maxOutgoingBytes` before it is closed; default 10000. */
  drainTimeoutMs?: number;
  /**
   * Connections at a time, those that have not said anything yet included; more are refused. Default 8192, or half of the
   * descriptors this process may have where that is less: the other half is for files.
   */
  maxConnections?: number;
  /** Requests of one connection that may be unanswered; more get SYSTEM_BUSY. Default 65535. */
  maxUnansweredPerConnection?: number;
  /** Requests sent to one client that may wait for a response; default 65535. */
  maxInFlightPerConnection?: number;
  /** Absent: plain text only, as with mode `disabled`. */
  tls?: ServerTlsOptions;
  /** Peers whose PROXY header is believed: addresses, or `any`; default loopback. Others that send one are closed. */
  trustedProxies?: readonly string[] | 'any';
  /** LanguageCode name in our frames; default `OTHER`, which every release knows. */
  language?: string;
  /** MQVersion in our frames; default 479 (V5_3_3). */
  version?: number;
}

/** What a server is built on where a test, or a sharing owner, wants other than the default. */
export interface RemotingServerDeps {
  /** Default: none is written. */
  logger?: Logger;
  /** Default: the machine's. */
  clock?: Clock;
  /** Share the store's, so that a turn's appends are acknowledged in the same pass. */
  turn?: TurnScheduler;
}

/** What happens to connections; listeners observe, they do not steer. */
export type RemotingServerEvent = 'connect' | 'close' | 'idle' | 'error';

type ServerEvents = Record<RemotingServerEvent, (connection: Connection, detail?: unknown) => void>;

/** Where a server listens: IP address and port. */
export interface ListenAddress {
  /** IP address of the interface; `0.0.0.0` or `::` for all. */
  host: string;
  /** 0..65535. */
  port: number;
}

/** Key of {@link Connection.attributes}: the `ProxyHeader` of a connection that came through a proxy. */
export const proxyHeaderAttribute: unique symbol = Symbol('proxy header');

const defaultTrustedProxies = ['127.0.0.1', '::1'];
const defaultMaxOutgoingBytes = 8 * 1024 * 1024;
const defaultCloseTimeoutMs = 3000;
const defaultMaxConnections = 8192;
const drainPollMs = 10;

/**
 * Accepts connections and answers their requests. Frames that cannot be read close their connection, with one log
 * line, and no other; everything else gets a response.
 */
export class RemotingServer {
  readonly #options: RemotingServerOptions;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #shared: ConnectionShared;
  readonly #dispatcher: Dispatcher;
  readonly #tls: ServerTls;
  readonly #events = new EventEmitter<ServerEvents>();
  readonly #listeners: Server[] = [];
  readonly #connections = new Set<SocketConnection>();
  /** Accepted, but not yet known what they speak; with the time they came. */
  readonly #fresh = new Map<Socket, number>();
  readonly #maxConnections: number;
  /** So that a flood of refusals is one line in the log. */
  #isRefusing = false;
  #nextConnectionId = 1;
  #port = 0;
  #sweeper: Timer | undefined;
  #closing: Promise<void> | undefined;

  /** @throws RemotingError `TLS` for TLS settings that cannot work. */
  constructor(options: RemotingServerOptions, deps: RemotingServerDeps = {}) {
    this.#options = options;
    this.#logger = deps.logger ?? silentLogger;
    this.#clock = deps.clock ?? systemClock;
    const maxUnanswered = options.maxUnansweredPerConnection ?? 65535;
    this.#dispatcher = new Dispatcher(this.#logger, maxUnanswered);
    this.#tls = new ServerTls(options.tls);
    this.#maxConnections =
      options.maxConnections ?? Math.min(defaultMaxConnections, Math.floor(descriptorLimit() / 2));
    this.#shared = connectionShared(options, {
      defaultMaxOutgoingBytes,
      maxInFlight: options.maxInFlightPerConnection,
      readsRequests: true,
      clock: this.#clock,
      logger: this.#logger,
      turn: deps.turn,
    });
  }

  /** The first listener's port; 0 before {@link listen}. */
  get port(): number {
    return this.#port;
  }

  /** The connections that are open now; a live view. */
  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** The processor of a request code; a second one replaces the first. */
  register(code: number, processor: RequestProcessor): void {
    this.#dispatcher.register(code, processor);
  }

  /** The processor of every code that has none of its own; without it they get REQUEST_CODE_NOT_SUPPORTED. */
  registerDefault(processor: RequestProcessor): void {
    this.#dispatcher.registerDefault(processor);
  }

  /** Hooks see requests in the order they were added. */
  addHook(hook: RequestHook): void {
    this.#dispatcher.addHook(hook);
  }

  /** Calls `fn` at every such event. `detail`: why a connection closed, or the error. */
  on(event: RemotingServerEvent, fn: (connection: Connection, detail?: unknown) => void): void {
    this.#events.on(event, fn);
  }

  /** Starts to listen. Rejects with the system's error when the address is taken or not ours. */
  async listen(): Promise<ListenAddress> {
    const address = await this.#listenOn(this.#options.port, undefined);
    this.#port = address.port;
    return address;
  }

  /**
   * A second port with the same processors, for the port two below that old clients and slaves use. Requests with a
   * code in `except` are answered there as not supported.
   */
  listenAlso(port: number, options: { except?: readonly number[] } = {}): Promise<ListenAddress> {
    return this.#listenOn(port, options.except === undefined ? undefined : new Set(options.except));
  }

  /** Serves other TLS certificates from now on, without touching live connections. @throws RemotingError `TLS` */
  replaceCertificate(options: TlsCertificate): void {
    this.#tls.replaceCertificate(options);
  }

  /**
   * Stops accepting and reading, waits until every request taken has been answered and the answers left, at most
   * `timeoutMs` (default 3000), then closes what is left. A second call waits for the first.
   */
  close(options: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#closeNow(options.timeoutMs ?? defaultCloseTimeoutMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #listenOn(port: number, except: ExceptCodes | undefined): Promise<ListenAddress> {
    if (this.#closing !== undefined) throw new RemotingError('CLOSED', 'the server was closed');
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#onSocket(socket, except),
    );
    this.#listeners.push(listener);
    this.#startSweeper();
    return new Promise((resolve, reject) => {
      listener.once('error', reject);
      listener.listen({ host: this.#options.host ?? '127.0.0.1', port }, () => {
        listener.off('error', reject);
        listener.on('error', (error) => this.#logger.error('listener failed', { error }));
        const address = listener.address() as AddressInfo;
        resolve({ host: address.address, port: address.port });
      });
    });
  }

  #onSocket(socket: Socket, except: ExceptCodes | undefined): void {
    const remote = `${socket.remoteAddress}:${socket.remotePort}`;
    if (this.#connections.size + this.#fresh.size >= this.#maxConnections) {
      socket.destroy();
      if (!this.#isRefusing)
        this.#logger.warn('connections refused: too many', { remote, maxConnections: this.#maxConnections });
      this.#isRefusing = true;
      return;
    }
    this.#isRefusing = false;
    this.#fresh.set(socket, this.#clock.monotonic());
    sniffSocket(
      socket,
      { tls: this.#tls, trustsProxy: (ip) => this.#trustsProxy(ip) },
      (sniffed) => {
        this.#fresh.delete(socket);
        this.#onConnection(sniffed.socket, sniffed.proxy, except);
      },
      (error) => {
        this.#fresh.delete(socket);
        this.#logger.info('connection ended before its first frame', { remote, error });
      },
    );
  }

  #onConnection(socket: Socket, proxy: ProxyHeader | undefined, except: ExceptCodes | undefined): void {
    const handler: ConnectionHandler = {
      onRequest: (request, connection, receivedAt) =>
        this.#dispatcher.dispatch(request, connection, receivedAt, except),
      onIdle: (connection) => this.#events.emit('idle', connection),
      onError: (connection, error) => this.#events.emit('error', connection, error),
      onClose: (connection) => this.#onClosed(connection),
    };
    const connection = new SocketConnection(
      this.#nextConnectionId++,
      socket,
      this.#shared,
      handler,
      proxy?.source,
    );
    if (proxy !== undefined) connection.attributes.set(proxyHeaderAttribute, proxy);
    this.#connections.add(connection);
    this.#logger.debug('connected', { remote: connection.remoteAddress });
    this.#events.emit('connect', connection);
    // The sniffer stopped the flow with the first bytes put back.
    socket.resume();
    if (this.#closing !== undefined) connection.close('server closing');
  }

  #onClosed(connection: SocketConnection): void {
    this.#connections.delete(connection);
    const facts = { remote: connection.remoteAddress, reason: connection.closeReason };
    if (connection.wasAtFault) this.#logger.warn('connection closed', facts);
    else this.#logger.info('connection closed', facts);
    this.#events.emit('close', connection, connection.closeReason);
  }

  #trustsProxy(ip: string): boolean {
    const trusted = this.#options.trustedProxies ?? defaultTrustedProxies;
    return trusted === 'any' || trusted.includes(plainIp(ip));
  }

  #startSweeper(): void {
    if (this.#sweeper !== undefined) return;
    this.#sweeper = this.#clock.setInterval(() => this.#sweep(), sweepIntervalMs(this.#shared.limits));
    this.#sweeper.unref?.();
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonic();
    for (const connection of this.#connections) connection.sweep(nowMs);
    const { idleTimeoutMs } = this.#shared.limits;
    for (const [socket, sinceMs] of this.#fresh) {
      if (idleTimeoutMs > 0 && nowMs - sinceMs >= idleTimeoutMs) socket.destroy();
    }
  }

  async #closeNow(timeoutMs: number): Promise<void> {
    const closed = this.#listeners.map((listener) => closeListener(listener));
    for (const socket of this.#fresh.keys()) socket.destroy();
    for (const connection of this.#connections) connection.stopReading();
    await this.#drained(timeoutMs);
    for (const connection of this.#connections) closed.push(closeConnection(connection));
    await Promise.all(closed);
    this.#sweeper?.cancel();
    this.#shared.wheel.close();
  }

  /** Resolves once nothing is owed to any peer, or the time is over. */
  #drained(timeoutMs: number): Promise<void> {
    const endMs = this.#clock.monotonic() + timeoutMs;
    const isOwed = (connection: SocketConnection): boolean =>
      connection.unanswered > 0 || connection.outgoingBytes > 0;
    return new Promise((resolve) => {
      const look = (): void => {
        if (![...this.#connections].some(isOwed) || this.#clock.monotonic() >= endMs) resolve();
        else this.#clock.setTimeout(look, drainPollMs);
      };
      look();
    });
  }
}

function closeListener(listener: Server): Promise<void> {
  return new Promise((resolve) => {
    if (listener.listening) listener.close(() => resolve());
    else resolve();
  });
}

function closeConnection(connection: SocketConnection): Promise<void> {
  return new Promise((resolve) => {
    connection.on('close', resolve);
    connection.close('server closed');
  });
}
