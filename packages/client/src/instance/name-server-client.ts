import type { RemotingClient, RemotingCommand } from '@mq/remoting';
import { MQClientError } from '../errors.js';
import { errorFromRemoting } from './response-errors.js';

/**
 * Requests to whichever NameServer answers: starts at a random address, stays with it while it answers, and goes on to
 * the next when it does not. Upstream: NettyRemotingClient.getAndCreateNameserverChannel.
 */
export class NameServerClient {
  #addresses: readonly string[];
  #current: number;

  constructor(
    private readonly remoting: RemotingClient,
    addresses: readonly string[],
    private readonly options: { timeoutMs: number; random: () => number },
  ) {
    this.#addresses = addresses;
    this.#current = Math.floor(options.random() * addresses.length);
  }

  /** Other NameServers from now on; the one in use stays in use if it is among them. */
  update(addresses: readonly string[]): void {
    const inUse = this.#addresses[this.#current];
    const at = inUse === undefined ? -1 : addresses.indexOf(inUse);
    this.#addresses = addresses;
    this.#current = at >= 0 ? at : Math.floor(this.options.random() * addresses.length);
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /**
   * Asks each NameServer at most once until one answers; any answer counts, whatever its code.
   * @throws MQClientError NAME_SERVER_UNREACHABLE, or ABORTED
   */
  async request(makeCommand: () => RemotingCommand, signal?: AbortSignal): Promise<RemotingCommand> {
    let lastError: MQClientError | undefined;
    const addresses = this.#addresses;
    for (let tried = 0; tried < addresses.length && this.#addresses === addresses; tried++) {
      const at = this.#current;
      const address = addresses[at] as string;
      try {
        return await this.remoting.request(address, makeCommand(), {
          timeoutMs: this.options.timeoutMs,
          signal,
        });
      } catch (error) {
        lastError = errorFromRemoting('request', error, { address });
        if (lastError.code === 'ABORTED') throw lastError;
        // Others may have moved on already; only the failed address is left behind.
        if (this.#current === at && this.#addresses === addresses)
          this.#current = (at + 1) % addresses.length;
      }
    }
    const reason = lastError === undefined ? '' : ` (${lastError.message})`;
    throw new MQClientError(
      'NAME_SERVER_UNREACHABLE',
      `no NameServer answered: ${this.#addresses.join(', ')}${reason}`,
      { cause: lastError },
    );
  }
}
