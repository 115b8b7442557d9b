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

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /**
   * Asks each NameServer at most once until one answers; any answer counts, whatever its code.
   * @throws MQClientError NAME_SERVER_UNREACHABLE, or ABORTED
   */
  async request(makeCommand: () => RemotingCommand, signal?: AbortSignal): Promise<RemotingCommand> {
    let lastError: MQClientError | undefined;
    for (let tried = 0; tried < this.#addresses.length; tried++) {
      const at = this.#current;
      const address = this.#addresses[at] as string;
      try {
        return await this.remoting.request(address, makeCommand(), {
          timeoutMs: this.options.timeoutMs,
          signal,
        });
      } catch (error) {
        lastError = errorFromRemoting('request', error, { address });
        if (lastError.code === 'ABORTED') throw lastError;
        // Others may have moved on already; only the failed address is left behind.
        if (this.#current === at) this.#current = (at + 1) % this.#addresses.length;
      }
    }
    throw new MQClientError(
      'NAME_SERVER_UNREACHABLE',
      `no NameServer answered: ${this.#addresses.join(', ')}`,
      {
        cause: lastError,
      },
    );
  }
}
