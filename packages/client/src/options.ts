import type { ClientHook, ClientTlsOptions, Clock, Logger, SerializeType } from '@mq/remoting';
import { assertArgument } from './errors.js';

/** What producers, consumers and a shared `ClientInstance` have in common. Times are milliseconds. */
export interface ClientOptions {
  /**
   * NameServer addresses, "host:port": a list, or upstream's form "a:9876;b:9876". An instance's endpoint,
   * "http://MQ_INST_id.host:port", also says the namespace.
   * Default: the environment variable NAMESRV_ADDR; without it `nameServerDomain` is asked.
   */
  nameServers?: readonly string[] | string;
  /**
   * Publishes the addresses of NameServers over HTTP: "host", "host:port" (then `/rocketmq/<subgroup>` is asked for) or a
   * whole address. Asked at the start and every 2 minutes; not asked when NameServers are given. Default: none.
   */
  nameServerDomain?: string;
  /** Last part of what is asked of `nameServerDomain`. Default "nsaddr". */
  nameServerSubgroup?: string;
  /** Refresh of what `nameServerDomain` says. Default 120000, at least 100. */
  nameServerRefreshIntervalMs?: number;
  /**
   * Second part of the client id `ip@instanceName[@unitName]`. Default: `pid#random`, unique to this instance;
   * broadcasting consumers keep "DEFAULT", because their offset folder is named after the client id.
   */
  instanceName?: string;
  /** First part of the client id. Default: the first IPv4 address that is not loopback, else 127.0.0.1. */
  clientIp?: string;
  /** Third part of the client id, and part of what is asked of `nameServerDomain`, for deployments in units. */
  unitName?: string;
  /** Marks topics and subscriptions as belonging to a unit. Default false. */
  unitMode?: boolean;
  /** Namespace put before topics and groups (`ns%topic`); what the application sees has none. */
  namespace?: string;
  /** Namespace of 5.x: names stay as they are, every request says the namespace beside them. */
  namespaceV2?: string;
  /** Limit of one request to a server. Default 3000. */
  requestTimeoutMs?: number;
  /** Limit of one connection attempt. Default 3000. */
  connectTimeoutMs?: number;
  /** Refresh of every known route. Default 30000, at least 100. */
  routeRefreshIntervalMs?: number;
  /** Heartbeat to every broker in use. Default 30000, at least 100; brokers forget a client after 120000. */
  heartbeatIntervalMs?: number;
  /**
   * Encoding of request headers: 'JSON', or 'ROCKETMQ', which is smaller and quicker and understood by all Apache
   * releases. Default: the environment variable ROCKETMQ_SERIALIZE_TYPE, else 'JSON'.
   */
  serializeType?: SerializeType;
  /** TLS towards every server. Default: plain. */
  tls?: ClientTlsOptions | false;
  /** Send to the broker's second port (port - 2), as clients before 4.5.1 did. Default false. */
  vipChannelEnabled?: boolean;
  /** Called around every request: signing, tracing. Order as given. */
  hooks?: readonly ClientHook[];
  /** Default: silent. */
  logger?: Logger;
  /** Time seam for tests. Default: the system clock. */
  clock?: Clock;
  /** Random seam for tests: a number in [0, 1). Default Math.random. */
  random?: () => number;
}

/** The addresses of `nameServers` or NAMESRV_ADDR, checked. Empty when neither names any. */
export function parseNameServers(value: readonly string[] | string | undefined): string[] {
  const given = value ?? process.env['NAMESRV_ADDR'] ?? '';
  assertArgument(
    typeof given === 'string' || (Array.isArray(given) && given.every((entry) => typeof entry === 'string')),
    'nameServers must be text, "a:9876;b:9876", or a list of texts',
  );
  const list = (typeof given === 'string' ? given.split(/[;,]/) : [...given]).map(withoutScheme);
  const addresses = list.filter((entry) => entry.length > 0);
  for (const address of addresses) {
    const [, , port] = /^(\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})$/.exec(address) ?? [];
    assertArgument(
      port !== undefined && Number(port) >= 1 && Number(port) <= 65_535,
      `not a NameServer address: "${address}"; it should be like "127.0.0.1:9876"`,
    );
  }
  return addresses;
}

/** The namespace that an instance's endpoint names: "http://MQ_INST_1_abc.mq.example:8080" → "MQ_INST_1_abc". */
export function namespaceOfEndpoint(value: readonly string[] | string | undefined): string | undefined {
  const given = value ?? process.env['NAMESRV_ADDR'] ?? '';
  const first = (typeof given === 'string' ? given : given[0]) ?? '';
  return /^(?:\w+:\/\/)?(MQ_INST_\w+_\w+)\./.exec(first.trim())?.[1];
}

function withoutScheme(entry: string): string {
  return entry.trim().replace(/^\w+:\/\//, '');
}

/** One of these words, or the default when absent; refuses everything else by name. */
export function oneOf<T extends string>(
  name: string,
  value: T | undefined,
  defaultValue: T,
  words: readonly T[],
): T {
  if (value === undefined) return defaultValue;
  assertArgument(words.includes(value), `${name} must be ${words.join(' or ')}, not ${String(value)}`);
  return value;
}

/** A function, or nothing; refuses everything else by name. */
export function assertFunction(name: string, value: unknown): void {
  assertArgument(
    value === undefined || typeof value === 'function',
    `${name} must be a function, not ${typeof value}`,
  );
}

/** A whole number within [min, max], or the default when absent; refuses everything else by name. */
export function wholeNumber(
  name: string,
  value: number | undefined,
  defaultValue: number,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (value === undefined) return defaultValue;
  assertArgument(
    Number.isInteger(value) && value >= min && value <= max,
    `${name} must be a whole number from ${min} to ${max}, not ${value}`,
  );
  return value;
}
