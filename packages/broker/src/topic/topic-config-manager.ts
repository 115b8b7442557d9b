import type { Logger } from '@mq/remoting';
import {
  type DataVersion,
  PermName,
  SystemTopic,
  type TopicConfig,
  type TopicConfigSerializeWrapper,
  decodeTopicConfigSerializeWrapper,
  encodeTopicConfigSerializeWrapper,
  isInherited,
  isSystemTopic,
  newTopicConfig,
} from '@mq/remoting/protocol';
import { VersionedFile, type VersionedFileOptions } from '../config/versioned-file.js';
import { alterAttributes, topicAttributeRules } from './attributes.js';
import { type BuiltInStoreSettings, type BuiltInTopicSettings, builtInTopics } from './built-in-topics.js';

export interface TopicConfigManagerOptions extends VersionedFileOptions {
  /** Read at each use, so that changed settings count at once. */
  readonly settings: { readonly broker: BuiltInTopicSettings; readonly store?: BuiltInStoreSettings };
}

/** Beyond this many topics a send creates no further one; an operator still may. Each costs files and memory. */
const MAX_SELF_CREATED_TOPICS = 100_000;

/**
 * The topics of this broker, kept in `config/topics.json` (upstream `TopicConfigManager`). Configurations are values: a
 * change replaces the one in the table, raises dataVersion, is persisted, and is told to `onChange` (which registers at
 * the NameServers).
 */
export class TopicConfigManager {
  /** Told after each change: the topic that changed, or undefined when several did. */
  onChange: ((topic: TopicConfig | undefined) => void) | undefined;

  readonly #table = new Map<string, TopicConfig>();
  readonly #builtIn: ReadonlySet<string>;
  readonly #settings: { readonly broker: BuiltInTopicSettings };
  readonly #logger: Logger;
  readonly #file: VersionedFile;

  constructor(options: TopicConfigManagerOptions) {
    this.#settings = options.settings;
    this.#logger = options.logger;
    this.#file = new VersionedFile(options, () =>
      encodeTopicConfigSerializeWrapper(this.serializeWrapper(), { pretty: true }),
    );
    const topics = builtInTopics(this.#settings.broker, options.settings.store);
    for (const topic of topics) this.#table.set(topic.topicName, topic);
    this.#builtIn = new Set(this.#table.keys());
  }

  get table(): ReadonlyMap<string, TopicConfig> {
    return this.#table;
  }

  get dataVersion(): DataVersion {
    return this.#file.dataVersion;
  }

  /** Reads the file, if there is one, over the built-in topics. Throws when it cannot be read. */
  load(): void {
    const text = this.#file.load();
    if (text === undefined) return;
    const { dataVersion, topicConfigTable } = decodeTopicConfigSerializeWrapper(text);
    for (const [name, config] of Object.entries(topicConfigTable)) this.#table.set(name, config);
    this.#file.startAt(dataVersion);
  }

  /** Writes the file now. Throws DiskError. */
  persist(): void {
    this.#file.persist();
  }

  select(topic: string): TopicConfig | undefined {
    return this.#table.get(topic);
  }

  isOrderTopic(topic: string): boolean {
    return this.#table.get(topic)?.order ?? false;
  }

  /** Upstream's system topics plus those this broker creates itself: its cluster, its name, replies, trace, ... */
  isSystemTopic(topic: string): boolean {
    return this.#builtIn.has(topic) || isSystemTopic(topic);
  }

  systemTopics(): Set<string> {
    return new Set([...Object.values(SystemTopic), ...this.#builtIn]);
  }

  /**
   * A send to an unknown topic: creates it after the template `defaultTopic`, with at most the template's write queues.
   * Undefined when the template is unknown or may not be inherited from.
   */
  createInSendMethod(
    topic: string,
    defaultTopic: string,
    remoteAddress: string,
    queueNums: number,
    topicSysFlag: number,
  ): TopicConfig | undefined {
    const known = this.#table.get(topic);
    if (known !== undefined) return known;
    const template = this.#table.get(defaultTopic);
    if (template === undefined || !this.#mayInherit(template)) {
      this.#logger.warn('topic not created: no template to inherit from', {
        topic,
        defaultTopic,
        remoteAddress,
      });
      return undefined;
    }
    if (this.#table.size >= MAX_SELF_CREATED_TOPICS) {
      this.#logger.warn('topic not created: too many topics', {
        topic,
        limit: MAX_SELF_CREATED_TOPICS,
        remoteAddress,
      });
      return undefined;
    }
    const queues = Math.max(0, Math.min(queueNums, template.writeQueueNums));
    const config: TopicConfig = {
      ...newTopicConfig(topic, queues, template.perm & ~PermName.PERM_INHERIT),
      topicSysFlag,
      topicFilterType: template.topicFilterType,
    };
    this.#logger.info('topic created by a send', { topic, defaultTopic, remoteAddress, queues });
    return this.#create(config);
  }

  /** Retry and dead letter topics: created on first use; an existing one only takes over `isOrder`. */
  createInSendBackMethod(
    topic: string,
    queueNums: number,
    perm: number,
    topicSysFlag: number,
    isOrder?: boolean,
  ): TopicConfig {
    const known = this.#table.get(topic);
    if (known === undefined) {
      const order = isOrder ?? false;
      return this.#create({ ...newTopicConfig(topic, queueNums, perm), topicSysFlag, order });
    }
    if (isOrder === undefined || known.order === isOrder) return known;
    return this.#create({ ...known, order: isOrder });
  }

  /** Creates the topic unless it exists; answers the one that then exists. */
  createIfAbsent(config: TopicConfig): TopicConfig {
    return this.#table.get(config.topicName) ?? this.#create(config);
  }

  /**
   * Creates or replaces a topic for an operator. `config.attributes` are change requests (`+key`, `-key`) against the
   * topic's attributes. On disk when this returns. Throws AttributeError (nothing changed) or DiskError.
   */
  update(config: TopicConfig): void {
    this.updateList([config]);
  }

  /** As `update`, all or none, with one write. */
  updateList(configs: readonly TopicConfig[]): void {
    const resolved = configs.map((config) => this.#withAlteredAttributes(config));
    for (const config of resolved) {
      this.#table.set(config.topicName, config);
      this.#file.nextVersion();
    }
    this.persist();
    this.onChange?.(resolved.length === 1 ? resolved[0] : undefined);
  }

  /** True when the topic existed. On disk when this returns. Throws DiskError. */
  delete(topic: string): boolean {
    if (!this.#table.delete(topic)) return false;
    this.#file.nextVersion();
    this.persist();
    this.#logger.info('topic deleted', { topic });
    return true;
  }

  /** Marks the topics that the NameServers' order configuration names as ordered. */
  updateOrderTopicConfig(orderTopics: Iterable<string>): void {
    let isChanged = false;
    for (const topic of orderTopics) {
      const config = this.#table.get(topic);
      if (config === undefined || config.order) continue;
      this.#table.set(topic, { ...config, order: true });
      isChanged = true;
    }
    if (!isChanged) return;
    this.#file.changed();
  }

  /** Raises dataVersion without a change of a topic: what NameServers know of this broker is out of date. */
  touch(): void {
    this.#file.changed();
  }

  /** What is registered at NameServers and answered to slaves. */
  serializeWrapper(): TopicConfigSerializeWrapper {
    return { dataVersion: this.dataVersion, topicConfigTable: Object.fromEntries(this.#table) };
  }

  #mayInherit(template: TopicConfig): boolean {
    const isSwitchedOff =
      template.topicName === SystemTopic.AUTO_CREATE && !this.#settings.broker.autoCreateTopicEnable;
    return isInherited(template.perm) && !isSwitchedOff;
  }

  #withAlteredAttributes(config: TopicConfig): TopicConfig {
    const known = this.#table.get(config.topicName);
    const current = new Map(Object.entries(known?.attributes ?? {}));
    const changes = new Map(Object.entries(config.attributes));
    const attributes = alterAttributes(topicAttributeRules, known === undefined, current, changes);
    return { ...config, attributes: Object.fromEntries(attributes) };
  }

  #create(config: TopicConfig): TopicConfig {
    this.#table.set(config.topicName, config);
    this.#file.changed();
    this.onChange?.(config);
    return config;
  }
}
