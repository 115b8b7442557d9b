// Where a broker listens and which address it tells the others: a pure decision from its settings.
import { isLoopback } from '@mq/remoting';
import { localAddress as machineAddress } from '@mq/remoting/message';

import type { BrokerSettings } from './settings.js';

export interface NetworkBinding {
  /** Address to listen on. */
  readonly host: string;
  /** Address told to clients and NameServers. */
  readonly brokerIp: string;
  /** Address told to slaves. */
  readonly haIp: string;
  /** True when machines other than this one can connect: worth a log line, since nothing authenticates them. */
  readonly isOpenToOthers: boolean;
}

/**
 * Loopback unless somebody chose otherwise (reliability rules; Apache listens on all addresses). Naming a reachable
 * brokerIP1 is such a choice: what is told to clients must be reachable, so the broker then listens on all addresses.
 */
export function resolveBinding(
  settings: BrokerSettings,
  localAddress: () => string = machineAddress,
): NetworkBinding {
  const host =
    settings.bindAddress || (isLoopback(settings.brokerIP1 || '127.0.0.1') ? '127.0.0.1' : '0.0.0.0');
  const brokerIp = settings.brokerIP1 || addressReaching(host, localAddress);
  return { host, brokerIp, haIp: settings.brokerIP2 || brokerIp, isOpenToOthers: !isLoopback(host) };
}

/** The address under which a listener on `host` is reached. */
function addressReaching(host: string, localAddress: () => string): string {
  return host === '0.0.0.0' || host === '::' ? localAddress() : host;
}
