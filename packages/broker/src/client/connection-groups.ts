import type { Connection } from '@mq/remoting';

/** Which groups a connection belongs to, so that its end costs no walk over every group of the broker. */
export class ConnectionGroups {
  readonly #groups = new Map<Connection, Set<string>>();

  add(connection: Connection, group: string): void {
    const groups = this.#groups.get(connection);
    if (groups === undefined) this.#groups.set(connection, new Set([group]));
    else groups.add(group);
  }

  remove(connection: Connection, group: string): void {
    const groups = this.#groups.get(connection);
    if (groups === undefined) return;
    groups.delete(group);
    if (groups.size === 0) this.#groups.delete(connection);
  }

  has(connection: Connection): boolean {
    return this.#groups.has(connection);
  }

  /** Forgets the connection and returns the groups it was in. */
  take(connection: Connection): ReadonlySet<string> {
    const groups = this.#groups.get(connection);
    if (groups === undefined) return NO_GROUPS;
    this.#groups.delete(connection);
    return groups;
  }
}

const NO_GROUPS: ReadonlySet<string> = new Set();
