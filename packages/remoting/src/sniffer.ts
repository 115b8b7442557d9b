import type { Socket } from 'node:net';
import { RemotingError } from './errors.js';
import { readProxyHeader, type ProxyHeader } from './haproxy.js';
import type { ServerTls } from './tls/server-tls.js';

const tlsHandshakeByte = 0x16;
/** First bytes kept while it is unclear what they are; any PROXY header is shorter. */
const maxHeldBytes = 8 * 1024;

export interface Sniffed {
  /** Plain, or the TLS socket over the accepted one. */
  socket: Socket;
  proxy: ProxyHeader | undefined;
}

export interface SnifferOptions {
  tls: ServerTls;
  /** Whether this peer may say, by a PROXY header, whom it speaks for. */
  trustsProxy: (ip: string) => boolean;
}

/**
 * Finds out what a fresh socket speaks, in upstream's order: PROXY header, then TLS, then frames. Bytes that belong to
 * what follows are put back, so that the next reader finds them.
 *
 * `done` or `failed` is called once; after `failed` the socket is destroyed. A peer that says nothing is the
 * caller's business (its idle sweep).
 */
export function sniffSocket(
  socket: Socket,
  options: SnifferOptions,
  done: (result: Sniffed) => void,
  failed: (error: Error) => void,
): void {
  let held: Buffer | undefined;
  const onClose = (): void => finish(() => failed(closedEarly()));
  const onEnd = (): void => fail(closedEarly());
  const onError = (error: Error): void => finish(() => failed(error));
  const finish = (then: () => void): void => {
    socket.off('data', onData);
    socket.off('error', onError);
    socket.off('end', onEnd);
    socket.off('close', onClose);
    then();
  };
  const fail = (error: Error): void =>
    finish(() => {
      // What still happens on this socket has no meaning any more.
      socket.on('error', ignore);
      socket.destroy();
      failed(error);
    });
  const onData = (chunk: Buffer): void => {
    held = held === undefined ? chunk : Buffer.concat([held, chunk]);
    try {
      const proxy = proxyHeaderOf(held, socket, options);
      if (proxy === 'more') {
        if (held.length > maxHeldBytes) fail(new RemotingError('BAD_FRAME', 'PROXY header too long'));
        return;
      }
      const rest = proxy === undefined ? held : held.subarray(proxy.bytes);
      if (rest.length === 0) {
        held = undefined;
        knownProxy = proxy;
        return;
      }
      const whole = proxy ?? knownProxy;
      finish(() => hand(socket, rest, whole, options.tls, done, failed));
    } catch (error) {
      fail(error as Error);
    }
  };
  let knownProxy: ProxyHeader | undefined;
  socket.on('data', onData);
  socket.on('error', onError);
  socket.on('end', onEnd);
  socket.on('close', onClose);

  function proxyHeaderOf(
    bytes: Buffer,
    from: Socket,
    { trustsProxy }: SnifferOptions,
  ): ProxyHeader | 'more' | undefined {
    if (knownProxy !== undefined) return undefined;
    const header = readProxyHeader(bytes);
    if (header === 'no') return undefined;
    const ip = from.remoteAddress ?? '';
    if (!trustsProxy(ip))
      throw new RemotingError('BAD_FRAME', 'PROXY header from a peer that is no trusted proxy');
    return header;
  }
}

function hand(
  socket: Socket,
  rest: Buffer,
  proxy: ProxyHeader | undefined,
  tls: ServerTls,
  done: (result: Sniffed) => void,
  failed: (error: Error) => void,
): void {
  const isTls = rest[0] === tlsHandshakeByte;
  const refusal =
    isTls && tls.mode === 'disabled'
      ? 'TLS hello, but TLS is disabled here'
      : !isTls && tls.mode === 'enforcing'
        ? 'plain text, but TLS is enforced here'
        : undefined;
  if (refusal !== undefined) {
    socket.on('error', ignore);
    socket.destroy();
    failed(new RemotingError('TLS', refusal));
    return;
  }
  socket.pause();
  socket.unshift(rest);
  if (isTls) tls.accept(socket, (secure) => done({ socket: secure, proxy }), failed);
  else done({ socket, proxy });
}

function closedEarly(): RemotingError {
  return new RemotingError('CLOSED', 'closed before the first frame');
}

function ignore(): void {}
