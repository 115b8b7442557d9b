// Key-value configuration by namespace, kept in one JSON file as Apache writes it: {"configTable":{"NS":{"K":"V"}}}.
// The one namespace in use is ORDER_TOPIC_CONFIG (topic -> "broker-a:4;broker-b:2").
import type { Logger } from '@mq/remoting';
import { decodeKVConfigSerializeWrapper, encodeKVConfigSerializeWrapper } from '@mq/remoting/protocol';
import { ConfigFile } from '@mq/remoting/settings';
import { nodeDisk } from '../node-disk.js';

/** Namespace of the order topic configuration. */
export const NAMESPACE_ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG';

/** Upstream: KVConfigManager. Every change is on disk before the method returns. */
export class KVConfigManager {
  readonly #file: ConfigFile;
  readonly #logger: Logger;
  readonly #namespaces = new Map<string, Map<string, string>>();

  constructor(path: string, logger: Logger) {
    this.#file = new ConfigFile(nodeDisk, path, { logger, check: decode });
    this.#logger = logger;
  }

  /** Reads the file, or the one before it; neither there is an empty table. Throws when there is one and none can be understood. */
  load(): void {
    const text = this.#file.load();
    if (text === undefined) return;
    for (const [namespace, entries] of Object.entries(decode(text))) {
      this.#namespaces.set(namespace, new Map(Object.entries(entries)));
    }
    this.#logger.info('key-value configuration loaded', {
      path: this.#file.path,
      namespaces: this.#namespaces.size,
    });
  }

  /** Undefined when there is no such entry. */
  get(namespace: string, key: string): string | undefined {
    return this.#namespaces.get(namespace)?.get(key);
  }

  /** All entries of a namespace; undefined when nothing was ever put into it. */
  list(namespace: string): ReadonlyMap<string, string> | undefined {
    return this.#namespaces.get(namespace);
  }

  /**
   * Adds or replaces an entry; durable on return.
   * @throws what the disk throws
   */
  put(namespace: string, key: string, value: string): void {
    let entries = this.#namespaces.get(namespace);
    if (entries === undefined) this.#namespaces.set(namespace, (entries = new Map()));
    entries.set(key, value);
    this.#persist();
  }

  /**
   * Removes an entry, if it is there; durable on return.
   * @throws what the disk throws
   */
  delete(namespace: string, key: string): void {
    this.#namespaces.get(namespace)?.delete(key);
    this.#persist();
  }

  #persist(): void {
    const configTable = Object.fromEntries(
      [...this.#namespaces].map(([namespace, entries]) => [namespace, Object.fromEntries(entries)]),
    );
    this.#file.persist(encodeKVConfigSerializeWrapper({ configTable }).toString('utf8'));
  }
}

function decode(text: string): Record<string, Record<string, string>> {
  return decodeKVConfigSerializeWrapper(Buffer.from(text, 'utf8')).configTable;
}
