// The address this machine shows to others (upstream: NetworkUtil.getLocalAddress).
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';

/** What `os.networkInterfaces()` answers. */
export type NetworkInterfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** Bridges belong to containers and virtual machines. Upstream asks the kernel for the kind, we go by the usual names. */
const BRIDGE_NAME = /^(br-|docker\d|virbr|lxcbr|cni\d|podman\d)/;
const PRIVATE_IPV4 = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/;
const LINK_LOCAL_OR_PRIVATE_IPV6 = /^(fe[89ab]|fec|f[cd])/i;

/**
 * IP of this machine, no brackets: the first public IPv4 address, else the last private one, else IPv6, else
 * 127.0.0.1. Loopback and bridges are left out.
 */
export function localAddress(interfaces: NetworkInterfaces = networkInterfaces()): string {
  const addresses = Object.entries(interfaces)
    .filter(([name]) => !BRIDGE_NAME.test(name))
    .flatMap(([, infos]) => infos ?? [])
    .filter((info) => !info.internal);
  const ipv4 = addresses.filter((info) => info.family === 'IPv4').map((info) => info.address);
  const ipv6 = addresses.filter((info) => info.family === 'IPv6').map((info) => info.address);
  return (
    ipv4.find((ip) => !PRIVATE_IPV4.test(ip)) ??
    ipv4.at(-1) ??
    ipv6.find((ip) => !LINK_LOCAL_OR_PRIVATE_IPV6.test(ip)) ??
    ipv6[0] ??
    '127.0.0.1'
  );
}
