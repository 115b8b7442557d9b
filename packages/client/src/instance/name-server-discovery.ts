import { assertArgument } from '../errors.js';
import { parseNameServers } from '../options.js';

const DEFAULT_PORT = 8080;
const DEFAULT_SUBGROUP = 'nsaddr';
const FETCH_TIMEOUT_MS = 3_000;

/**
 * Where the addresses of NameServers are published: `http://domain:8080/rocketmq/subgroup`, with a unit `-unit?nofix=1` behind.
 * Upstream: MixAll.getWSAddr, DefaultTopAddressing.
 * @param domain "host", "host:port", or a whole http or https address, which is then taken as it is
 * @throws MQClientError INVALID_ARGUMENT when it makes no address
 */
export function discoveryUrl(domain: string, subgroup = DEFAULT_SUBGROUP, unitName = ''): string {
  const isWhole = /^https?:\/\//.test(domain);
  const host = domain.includes(':') ? domain : `${domain}:${DEFAULT_PORT}`;
  const unit = unitName.trim() === '' ? '' : `-${unitName}?nofix=1`;
  const url = (isWhole ? domain : `http://${host}/rocketmq/${subgroup}`) + unit;
  assertArgument(URL.canParse(url), `nameServerDomain makes no address: "${url}"`);
  return url;
}

/**
 * Asks for the addresses: the first line of the answer, "a:9876;b:9876". Takes at most 3 s.
 * @throws Error when nobody answers with 200, or what comes is no list of addresses
 */
export async function fetchNameServers(url: string): Promise<string[]> {
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url} answered with status ${response.status}`);
  const addresses = parseNameServers((text.trim().split(/[\r\n]/)[0] ?? '').trim());
  if (addresses.length === 0) throw new Error(`${url} answered with no address`);
  return addresses;
}
