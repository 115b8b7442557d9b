import type { RemotingCommand } from './command.js';
import type { Connection } from './connection.js';
import type { Logger } from './logger.js';

/** Sees every request before its processor and every response after. */
export interface RequestHook {
  /** A returned response refuses the request. */
  beforeRequest?(request: RemotingCommand, connection: Connection): RemotingCommand | void;
  /** The response is complete; for a hot response it is a command with the code alone. */
  afterResponse?(request: RemotingCommand, response: RemotingCommand, connection: Connection): void;
}

/** The hooks of one server or client, in the order they were added. */
export class RequestHooks {
  readonly #hooks: RequestHook[] = [];
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get isEmpty(): boolean {
    return this.#hooks.length === 0;
  }

  add(hook: RequestHook): void {
    this.#hooks.push(hook);
  }

  /** The first refusal, if any. Throws what a hook throws: a request that was not checked is not served. */
  before(request: RemotingCommand, connection: Connection): RemotingCommand | undefined {
    for (const hook of this.#hooks) {
      const refusal = hook.beforeRequest?.(request, connection);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** Tells all of them; what one throws is logged, since the response is on its way. */
  after(request: RemotingCommand, response: RemotingCommand, connection: Connection): void {
    for (const hook of this.#hooks) {
      try {
        hook.afterResponse?.(request, response, connection);
      } catch (error) {
        this.#logger.error('a hook threw after a response', { code: request.code, error });
      }
    }
  }
}
