import type { Clock, Connection, Logger } from '@mq/remoting';

/** A filter server that registers no more for this long is gone (upstream: FilterServerManager). */
const EXPIRED_AFTER_MS = 30_000;

export interface FilterServersOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Filter servers at most; 0: none may register. */
  readonly maxCount: () => number;
  /** The addresses are others than before. */
  readonly onChange: () => void;
}

/**
 * The servers beside this broker that run consumers' filter code. They register again and again; clients learn of them with
 * their routes, through the broker's own registration.
 */
export class FilterServers {
  readonly #servers = new Map<Connection, { readonly address: string; registeredMs: number }>();
  readonly #options: FilterServersOptions;

  constructor(options: FilterServersOptions) {
    this.#options = options;
  }

  /** `host:port` of each, sorted. */
  get addresses(): string[] {
    return [...new Set([...this.#servers.values()].map(({ address }) => address))].sort();
  }

  /** False when there are as many as may be. */
  register(connection: Connection, address: string): boolean {
    const { clock, logger, maxCount, onChange } = this.#options;
    const known = this.#servers.get(connection);
    if (known?.address === address) {
      known.registeredMs = clock.now();
      return true;
    }
    if (known === undefined && this.#servers.size >= maxCount()) return false;
    this.#servers.set(connection, { address, registeredMs: clock.now() });
    logger.info('filter server registered', { address });
    onChange();
    return true;
  }

  doConnectionClose(connection: Connection): void {
    const known = this.#servers.get(connection);
    if (known === undefined) return;
    this.#servers.delete(connection);
    this.#options.logger.info('filter server gone', { address: known.address });
    this.#options.onChange();
  }

  /** Closes connections of those that stopped registering. Call every 10 s. */
  scanNotActive(): void {
    const oldest = this.#options.clock.now() - EXPIRED_AFTER_MS;
    for (const [connection, { registeredMs }] of this.#servers) {
      if (registeredMs >= oldest) continue;
      this.doConnectionClose(connection);
      connection.close('filter server registers no more');
    }
  }
}
