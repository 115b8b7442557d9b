import { type Connection, LinkedList } from '@mq/remoting';

/** Which requests wait for which connection: those of one that closes are dropped, nobody hears their answer. */
export class ConnectionHolds<Hold> {
  readonly #connections = new Map<Connection, LinkedList<Hold>>();

  /** @param drop takes a hold out of everything, its connection's list included */
  constructor(private readonly drop: (hold: Hold) => void) {}

  /** The waiting requests of a connection, which its holder keeps up to date. */
  of(connection: Connection): LinkedList<Hold> {
    let holds = this.#connections.get(connection);
    if (holds === undefined) {
      this.#connections.set(connection, (holds = new LinkedList()));
      connection.on('close', () => this.#dropConnection(connection));
    }
    return holds;
  }

  /** All that wait now. */
  all(): Hold[] {
    return [...this.#connections.values()].flatMap((holds) => [...holds]);
  }

  #dropConnection(connection: Connection): void {
    const holds = this.#connections.get(connection);
    this.#connections.delete(connection);
    for (const hold of [...(holds ?? [])]) this.drop(hold);
  }
}
