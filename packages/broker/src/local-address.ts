import { networkInterfaces } from 'node:os';

/** First IPv4 address of this host that another machine could reach; loopback when there is none (upstream: NetworkUtil). */
export function firstLocalAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const address of addresses ?? []) {
      if (address.family === 'IPv4' && !address.internal) return address.address;
    }
  }
  return '127.0.0.1';
}
