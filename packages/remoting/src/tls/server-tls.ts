import type { Socket } from 'node:net';
import { createSecureContext, createServer, type SecureVersion, type Server, type TLSSocket } from 'node:tls';
import { RemotingError } from '../errors.js';
import { leastTlsVersion, type ServerTlsOptions, type TlsCertificate, type TlsMode } from './tls-options.js';

const defaultHandshakeTimeoutMs = 10_000;

/** A socket in its handshake. */
interface Handshake {
  done: (socket: TLSSocket) => void;
  failed: (error: Error) => void;
}

/**
 * Turns accepted sockets into TLS ones. The `tls.Server` inside never listens: sockets that turned out to start with a
 * TLS hello are handed to it, so that plain and TLS peers share a port.
 */
export class ServerTls {
  readonly mode: TlsMode;
  readonly #server: Server | undefined;
  readonly #minVersion: SecureVersion | undefined;
  /** By {@link endpoints}, which is what a raw socket and the TLS socket over it have in common. */
  readonly #handshakes = new Map<string, Handshake>();

  /** @throws RemotingError `TLS` when the settings cannot work. */
  constructor(options: ServerTlsOptions | undefined) {
    this.mode = options?.mode ?? 'disabled';
    if (options === undefined || this.mode === 'disabled') return;
    this.#minVersion = leastTlsVersion(options.minVersion);
    const server = createTlsServer(options);
    server.on('secureConnection', (socket) => this.#take(socket)?.done(socket));
    server.on('tlsClientError', (error, socket) => {
      this.#take(socket)?.failed(
        new RemotingError('TLS', `TLS handshake failed: ${error.message}`, { cause: error }),
      );
      socket.destroy();
    });
    this.#server = server;
  }

  /**
   * Starts the handshake on a socket whose first bytes have been put back. One of the callbacks is called, unless the
   * peer goes away before the handshake has begun; after a failure the socket is destroyed.
   */
  accept(socket: Socket, done: (socket: TLSSocket) => void, failed: (error: Error) => void): void {
    if (this.#server === undefined) {
      failed(new RemotingError('TLS', 'TLS is disabled here'));
      socket.destroy();
      return;
    }
    this.#handshakes.set(endpoints(socket), { done, failed });
    this.#server.emit('connection', socket);
  }

  /** Uses another key and certificate for handshakes from now on; live connections stay. @throws RemotingError `TLS` */
  replaceCertificate({ key, cert, passphrase, ca }: TlsCertificate): void {
    const context = { key, cert, passphrase, ca, minVersion: this.#minVersion };
    try {
      // The server keeps what it was told even of a context that cannot be made.
      createSecureContext(context);
      this.#server?.setSecureContext(context);
    } catch (cause) {
      throw new RemotingError('TLS', 'key or certificate not usable', { cause });
    }
  }

  #take(socket: Socket): Handshake | undefined {
    const key = endpoints(socket);
    const handshake = this.#handshakes.get(key);
    this.#handshakes.delete(key);
    return handshake;
  }
}

function createTlsServer(options: ServerTlsOptions): Server {
  const { key, cert, passphrase, ca, clientAuth = 'none' } = options;
  if (key === undefined || cert === undefined)
    throw new RemotingError('TLS', `TLS ${options.mode} needs key and cert`);
  if (clientAuth === 'require' && ca === undefined)
    throw new RemotingError('TLS', 'client certificates need a ca');
  try {
    return createServer({
      key,
      cert,
      passphrase,
      ca,
      requestCert: clientAuth !== 'none',
      rejectUnauthorized: clientAuth === 'require',
      minVersion: leastTlsVersion(options.minVersion),
      handshakeTimeout: options.handshakeTimeoutMs ?? defaultHandshakeTimeoutMs,
    });
  } catch (cause) {
    throw new RemotingError('TLS', 'key or certificate not usable', { cause });
  }
}

function endpoints(socket: Socket): string {
  return `${socket.remoteAddress}|${socket.remotePort}|${socket.localAddress}|${socket.localPort}`;
}
