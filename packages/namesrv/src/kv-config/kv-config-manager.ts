// Key-value configuration by namespace, kept in one JSON file as Apache writes it: {"configTable":{"NS":{"K":"V"}}}.
// The one namespace in use is ORDER_TOPIC_CONFIG (topic -> "broker-a:4;broker-b:2").
import type { Logger } from '@mq/remoting';
import { stringifyFastjson, parseFastjson } from '@mq/remoting/protocol';
import { readTextFile, replaceTextFile } from './atomic-text-file.js';

/** Namespace of the order topic configuration. */
export const NAMESPACE_ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG';

/** Upstream: KVConfigManager. Every change is on disk before the method returns. */
export class KVConfigManager {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #namespaces = new Map<string, Map<string, string>>();

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /** Reads the file; a missing one is an empty table. Throws when it exists and cannot be understood. */
  load(): void {
    const text = readTextFile(this.#path);
    if (text === undefined) return;
    for (const [namespace, entries] of Object.entries(configTableOf(text, this.#path))) {
      this.#namespaces.set(namespace, new Map(Object.entries(entries)));
    }
    this.#logger.info('key-value configuration loaded', { path: this.#path, namespaces: this.#namespaces.size });
  }

  get(namespace: string, key: string): string | undefined {
    return this.#namespaces.get(namespace)?.get(key);
  }

  /** All entries of a namespace; undefined when nothing was ever put into it. */
  list(namespace: string): ReadonlyMap<string, string> | undefined {
    return this.#namespaces.get(namespace);
  }

  put(namespace: string, key: string, value: string): void {
    let entries = this.#namespaces.get(namespace);
    if (entries === undefined) this.#namespaces.set(namespace, (entries = new Map()));
    entries.set(key, value);
    this.#persist();
  }

  delete(namespace: string, key: string): void {
    this.#namespaces.get(namespace)?.delete(key);
    this.#persist();
  }

  #persist(): void {
    const configTable = Object.fromEntries(
      [...this.#namespaces].map(([namespace, entries]) => [namespace, Object.fromEntries(entries)]),
    );
    replaceTextFile(this.#path, stringifyFastjson({ configTable }, { pretty: true }));
  }
}

function configTableOf(text: string, path: string): Record<string, Record<string, string>> {
  const problem = (why: string) => new Error(`${path} is not a key-value configuration file: ${why}`);
  const parsed = parseFastjson(text);
  if (!isRecord(parsed)) throw problem('it holds no JSON object');
  const table = parsed['configTable'] ?? {};
  if (!isRecord(table)) throw problem('configTable is no object');
  for (const [namespace, entries] of Object.entries(table)) {
    if (!isRecord(entries)) throw problem(`namespace ${namespace} is no object`);
    for (const [key, value] of Object.entries(entries)) {
      if (typeof value !== 'string') throw problem(`the value of ${namespace}/${key} is no string`);
    }
  }
  return table as Record<string, Record<string, string>>;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
}
