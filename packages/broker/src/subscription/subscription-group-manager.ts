import type { Logger } from '@mq/remoting';
import {
  type DataVersion,
  type SubscriptionGroupConfig,
  type SubscriptionGroupWrapper,
  SystemGroup,
  decodeSubscriptionGroupWrapper,
  defaultSubscriptionGroupConfig,
  encodeSubscriptionGroupWrapper,
  groupProblem,
} from '@mq/remoting/protocol';
import { VersionedFile, type VersionedFileOptions } from '../config/versioned-file.js';
import { alterAttributes, groupAttributeRules } from '../topic/attributes.js';

/** Bit of the forbidden set that stops a group from pulling a topic (upstream `PermName.INDEX_PERM_READ`). */
export const FORBIDDEN_READ_BIT = 2;

export interface SubscriptionGroupManagerOptions extends VersionedFileOptions {
  /** Read at each use, so that a changed setting counts at once. */
  readonly settings: { readonly broker: { readonly autoCreateSubscriptionGroup: boolean } };
}

/** Beyond this many groups a client creates no further one; an operator still may. */
const MAX_SELF_CREATED_GROUPS = 100_000;

const BUILT_IN_GROUPS = [
  SystemGroup.TOOLS_CONSUMER,
  SystemGroup.FILTERSRV_CONSUMER,
  SystemGroup.SELF_TEST_CONSUMER,
  SystemGroup.ONS_HTTP_PROXY,
  SystemGroup.ONSAPI_PULL,
  SystemGroup.ONSAPI_PERMISSION,
  SystemGroup.ONSAPI_OWNER,
  SystemGroup.SYS_RMQ_TRANS,
];

/**
 * The consumer groups of this broker, kept in `config/subscriptionGroup.json` (upstream `SubscriptionGroupManager`).
 * Configurations are values.
 */
export class SubscriptionGroupManager {
  readonly #table = new Map<string, SubscriptionGroupConfig>();
  readonly #forbidden = new Map<string, Map<string, number>>();
  readonly #settings: SubscriptionGroupManagerOptions['settings'];
  readonly #logger: Logger;
  readonly #file: VersionedFile;

  constructor(options: SubscriptionGroupManagerOptions) {
    this.#settings = options.settings;
    this.#logger = options.logger;
    this.#file = new VersionedFile(options, () =>
      encodeSubscriptionGroupWrapper(this.serializeWrapper(), { pretty: true }),
    );
    for (const group of BUILT_IN_GROUPS) this.#table.set(group, defaultSubscriptionGroupConfig(group));
  }

  get table(): ReadonlyMap<string, SubscriptionGroupConfig> {
    return this.#table;
  }

  get dataVersion(): DataVersion {
    return this.#file.dataVersion;
  }

  /** Reads the file, if there is one, over the built-in groups. Throws when it cannot be read. */
  load(): void {
    const text = this.#file.load();
    if (text === undefined) return;
    const { dataVersion, forbiddenTable = {}, subscriptionGroupTable } = decodeSubscriptionGroupWrapper(text);
    for (const [name, config] of Object.entries(subscriptionGroupTable)) this.#table.set(name, config);
    for (const [group, topics] of Object.entries(forbiddenTable)) {
      this.#forbidden.set(group, new Map(Object.entries(topics)));
    }
    this.#file.startAt(dataVersion);
  }

  /** Writes the file now. Throws DiskError. */
  persist(): void {
    this.#file.persist();
  }

  /** What is answered to slaves and written to the file. */
  serializeWrapper(): SubscriptionGroupWrapper {
    const forbidden = Array.from(this.#forbidden, ([group, topics]) => [group, Object.fromEntries(topics)]);
    return {
      dataVersion: this.dataVersion,
      forbiddenTable: Object.fromEntries(forbidden) as Record<string, Record<string, number>>,
      subscriptionGroupTable: Object.fromEntries(this.#table),
    };
  }

  has(group: string): boolean {
    return this.#table.has(group);
  }

  /** The group; created with defaults when unknown, legal, and `autoCreateSubscriptionGroup` allows it. */
  find(group: string): SubscriptionGroupConfig | undefined {
    const known = this.#table.get(group);
    if (known !== undefined) return known;
    if (!this.#settings.broker.autoCreateSubscriptionGroup || groupProblem(group) !== undefined)
      return undefined;
    if (this.#table.size >= MAX_SELF_CREATED_GROUPS) {
      this.#logger.warn('group not created: too many groups', { group, limit: MAX_SELF_CREATED_GROUPS });
      return undefined;
    }
    const config = defaultSubscriptionGroupConfig(group);
    this.#table.set(group, config);
    this.#logger.info('group created by its first use', { group });
    this.#file.changed();
    return config;
  }

  /**
   * Creates or replaces a group for an operator; `config.attributes` are change requests (`+key`, `-key`). On disk when
   * this returns. Throws AttributeError (nothing changed) or DiskError.
   */
  update(config: SubscriptionGroupConfig): void {
    this.updateList([config]);
  }

  /** As `update`, all or none, with one write. */
  updateList(configs: readonly SubscriptionGroupConfig[]): void {
    const resolved = configs.map((config) => this.#withAlteredAttributes(config));
    for (const config of resolved) {
      this.#table.set(config.groupName, config);
      this.#file.nextVersion();
    }
    if (resolved.length > 0) this.persist();
  }

  /** Refuses pulls and pops of the group until an operator lets it again; false: that is so already, or there is no such group. */
  disableConsume(group: string): boolean {
    const known = this.#table.get(group);
    if (known === undefined || !known.consumeEnable) return false;
    this.#table.set(group, { ...known, consumeEnable: false });
    this.#file.changed();
    return true;
  }

  /** True when the group existed. On disk when this returns. Throws DiskError. */
  delete(group: string): boolean {
    this.#forbidden.delete(group);
    if (!this.#table.delete(group)) return false;
    this.#file.nextVersion();
    this.persist();
    this.#logger.info('group deleted', { group });
    return true;
  }

  /** The bit set of what the group may not do with the topic; 0 = nothing is forbidden. */
  forbidden(group: string, topic: string): number {
    return Math.max(0, this.#forbidden.get(group)?.get(topic) ?? 0);
  }

  isReadForbidden(group: string, topic: string): boolean {
    return (this.forbidden(group, topic) & (1 << FORBIDDEN_READ_BIT)) !== 0;
  }

  /** Sets or clears one bit (0..30) of what the group may not do with the topic. On disk when this returns. */
  updateForbidden(group: string, topic: string, bit: number, isForbidden: boolean): void {
    const current = this.forbidden(group, topic);
    const bits = isForbidden ? current | (1 << bit) : current & ~(1 << bit);
    if (bits === current) return;
    const topics = this.#forbidden.get(group) ?? new Map<string, number>();
    if (bits === 0) topics.delete(topic);
    else topics.set(topic, bits);
    if (topics.size === 0) this.#forbidden.delete(group);
    else this.#forbidden.set(group, topics);
    this.#file.nextVersion();
    this.persist();
  }

  #withAlteredAttributes(config: SubscriptionGroupConfig): SubscriptionGroupConfig {
    const known = this.#table.get(config.groupName);
    const current = new Map(Object.entries(known?.attributes ?? {}));
    const changes = new Map(Object.entries(config.attributes));
    const attributes = alterAttributes(groupAttributeRules, known === undefined, current, changes);
    return { ...config, attributes: Object.fromEntries(attributes) };
  }
}
