import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { parseAddress } from './addresses.js';
import type { Clock } from './clock.js';
import { RemotingError } from './errors.js';
import { leastTlsVersion, type ClientTlsOptions } from './tls/tls-options.js';

export interface ConnectOptions {
  /** Time for TCP and TLS together. */
  timeoutMs: number;
  tls: ClientTlsOptions | undefined;
  clock: Clock;
}

/**
 * Opens a socket to `address`, TLS included.
 * @throws RemotingError `CONNECT_FAILED`, `TLS` (certificate or handshake), `BAD_ARGUMENT` (no `host:port`).
 */
export function openSocket(address: string, options: ConnectOptions): Promise<Socket> {
  const { tls, timeoutMs, clock } = options;
  return new Promise((resolve, reject) => {
    const { host, port } = parseAddress(address);
    const socket = tls === undefined ? openTcp(host, port) : openTls(host, port, tls);
    const timer = clock.setTimeout(() => {
      socket.destroy();
      failed(new Error(`no connection in ${timeoutMs} ms`));
    }, timeoutMs);
    const failed = (cause: Error): void => {
      timer.cancel();
      const code = tls !== undefined && isTlsFailure(cause) ? 'TLS' : 'CONNECT_FAILED';
      reject(new RemotingError(code, `connect to ${address} failed: ${cause.message}`, { address, cause }));
    };
    socket.once('error', failed);
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      timer.cancel();
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

function openTcp(host: string, port: number): Socket {
  return connectTcp({ host, port, noDelay: true, allowHalfOpen: true });
}

function openTls(host: string, port: number, tls: ClientTlsOptions): Socket {
  const { ca, key, cert, passphrase, rejectUnauthorized = true, minVersion } = tls;
  const servername = tls.servername ?? (isIP(host) === 0 ? host : undefined);
  const socket = connectTls({
    ...{ host, port, ca, key, cert, passphrase, rejectUnauthorized, servername },
    minVersion: leastTlsVersion(minVersion),
  });
  socket.setNoDelay(true);
  return socket;
}

/** The system's own refusals have an `errno`; what is left comes from TLS. */
function isTlsFailure(error: Error): boolean {
  return !('errno' in error) && 'code' in error;
}
