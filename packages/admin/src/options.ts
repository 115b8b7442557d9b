import type { ClientHook, ClientTlsOptions, Logger, SerializeType } from '@mq/remoting';
import { AdminError } from './errors.js';

/** How an `MQAdmin` reaches the servers. */
export interface MQAdminOptions {
  /**
   * NameServer addresses "host:port": a list, or upstream's form "a:9876;b:9876". Operations that are given a broker's
   * address do without.
   */
  nameServers?: readonly string[] | string;
  /** Limit of one request, milliseconds; default 5000, upstream's `timeoutMillis`. Slow requests take a multiple of it. */
  requestTimeoutMs?: number;
  /** Limit of one connection attempt, milliseconds; default 3000. */
  connectTimeoutMs?: number;
  /** Encoding of request headers; default JSON, which every server understands. */
  serializeType?: SerializeType;
  /** TLS towards every server; default plain text. */
  tls?: ClientTlsOptions | false;
  /** Called around every request, for signatures; in the order given. */
  hooks?: readonly ClientHook[];
  /** Default: silent. */
  logger?: Logger;
}

/**
 * The addresses of a list or of "a:9876;b:9876", in order and without repetition.
 * @throws AdminError INVALID_ARGUMENT for a text that is no address
 */
export function parseNameServers(value: readonly string[] | string | undefined): string[] {
  const entries = typeof value === 'string' ? value.split(/[;,]/) : [...(value ?? [])];
  const addresses = entries.map((entry) => entry.trim()).filter((entry) => entry !== '');
  for (const address of addresses) assertAddress('NameServer', address);
  return [...new Set(addresses)];
}

/** @throws AdminError INVALID_ARGUMENT unless it is "host:port" */
export function assertAddress(of: string, address: string): void {
  const port = /^(?:\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})$/.exec(address)?.[1];
  if (port === undefined || Number(port) > 65_535) {
    throw new AdminError(
      'INVALID_ARGUMENT',
      `"${address}" is no ${of} address, it should be like 127.0.0.1:9876`,
    );
  }
}
