// Requests that a broker sends to the clients connected to it (upstream: Broker2Client). They travel on the client's own
// connection; a client that went away simply does not get them.
import { type Connection, type Logger, RemotingCommand } from '@mq/remoting';
import { RequestCode } from '@mq/remoting/protocol';

/** Default time a client has to answer a forwarded request (upstream: 10 s). */
const FORWARD_TIMEOUT_MS = 10_000;

export class BrokerToClient {
  readonly #logger: Logger;

  constructor(deps: { readonly logger: Logger }) {
    this.#logger = deps.logger;
  }

  /** Tells one member of a consumer group that the group changed (40, oneway), so that it rebalances at once. */
  notifyConsumerIdsChanged(connection: Connection, consumerGroup: string): void {
    this.oneway(
      connection,
      RemotingCommand.request(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, { consumerGroup }),
    );
  }

  /** Sends a frame that wants no answer. A closed connection is no error: its owner is being removed anyway. */
  oneway(connection: Connection, command: RemotingCommand): void {
    if (!connection.isOpen) return;
    try {
      connection.oneway(command);
    } catch (error) {
      this.#logger.warn('could not notify client', {
        address: connection.remoteAddress,
        code: command.code,
        error,
      });
    }
  }

  /** Sends a request and resolves with the client's answer; rejects with RemotingError (TIMEOUT, CLOSED). */
  call(
    connection: Connection,
    command: RemotingCommand,
    timeoutMs: number = FORWARD_TIMEOUT_MS,
  ): Promise<RemotingCommand> {
    return connection.request(command, { timeoutMs });
  }
}
