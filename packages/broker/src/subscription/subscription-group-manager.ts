import type { Clock, Logger, TurnScheduler } from '@mq/remoting';
import {
  type DataVersion,
  type SubscriptionGroupConfig,
  type SubscriptionGroupWrapper,
  SystemGroup,
  decodeSubscriptionGroupWrapper,
  defaultSubscriptionGroupConfig,
  encodeSubscriptionGroupWrapper,
  firstDataVersion,
  groupProblem,
  nextDataVersion,
} from '@mq/remoting/protocol';
import type { ConfigText } from '../config/config-text.js';
import { DeferredPersist } from '../config/deferred-persist.js';
import { alterAttributes, groupAttributeRules } from '../topic/attributes.js';

/** Bit of the forbidden set that stops a group from pulling a topic (upstream `PermName.INDEX_PERM_READ`). */
export const FORBIDDEN_READ_BIT = 2;

export interface SubscriptionGroupManagerOptions {
  /** Read at each use, so that a changed setting counts at once. */
  readonly settings: { readonly broker: { readonly autoCreateSubscriptionGroup: boolean } };
  readonly clock: Clock;
  readonly logger: Logger;
  /** `config/subscriptionGroup.json`; memory only when absent. */
  readonly file?: ConfigText;
  /** With it, groups that create themselves are written once a turn, before the responses leave. */
  readonly turn?: TurnScheduler;
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

/** The consumer groups of this broker (upstream `SubscriptionGroupManager`). Configurations are values. */
export class SubscriptionGroupManager {
  readonly #table = new Map<string, SubscriptionGroupConfig>();
  readonly #forbidden = new Map<string, Map<string, number>>();
  readonly #settings: SubscriptionGroupManagerOptions['settings'];
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #file: ConfigText | undefined;
  readonly #deferred: DeferredPersist;
  #dataVersion: DataVersion;

  constructor(options: SubscriptionGroupManagerOptions) {
    this.#settings = options.settings;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#file = options.file;
    this.#deferred = new DeferredPersist(() => this.persist(), this.#logger, options.turn);
    this.#dataVersion = firstDataVersion(this.#clock.now());
    for (const group of BUILT_IN_GROUPS) this.#table.set(group, defaultSubscriptionGroupConfig(group));
  }

  get table(): ReadonlyMap<string, SubscriptionGroupConfig> {
    return this.#table;
  }

  get dataVersion(): DataVersion {
    return this.#dataVersion;
  }

  /** Reads the file, if there is one, over the built-in groups. Throws when it cannot be read. */
  load(): void {
    const text = this.#file?.load();
    if (text === undefined) return;
    const { dataVersion, forbiddenTable = {}, subscriptionGroupTable } = decodeSubscriptionGroupWrapper(text);
    for (const [name, config] of Object.entries(subscriptionGroupTable)) this.#table.set(name, config);
    for (const [group, topics] of Object.entries(forbiddenTable)) {
      this.#forbidden.set(group, new Map(Object.entries(topics)));
    }
    this.#dataVersion = dataVersion;
  }

  /** Writes the file now. Throws DiskError. */
  persist(): void {
    this.#file?.persist(encodeSubscriptionGroupWrapper(this.serializeWrapper(), { pretty: true }).toString());
  }

  /** What is answered to slaves and written to the file. */
  serializeWrapper(): SubscriptionGroupWrapper {
    const forbidden = Array.from(this.#forbidden, ([group, topics]) => [group, Object.fromEntries(topics)]);
    return {
      dataVersion: this.#dataVersion,
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
    this.#nextVersion();
    this.#deferred.schedule();
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
      this.#nextVersion();
    }
    if (resolved.length > 0) this.persist();
  }

  /** Refuses pulls and pops of the group until an operator lets it again; false: that is so already, or there is no such group. */
  disableConsume(group: string): boolean {
    const known = this.#table.get(group);
    if (known === undefined || !known.consumeEnable) return false;
    this.#table.set(group, { ...known, consumeEnable: false });
    this.#nextVersion();
    this.#deferred.schedule();
    return true;
  }

  /** True when the group existed. On disk when this returns. Throws DiskError. */
  delete(group: string): boolean {
    this.#forbidden.delete(group);
    if (!this.#table.delete(group)) return false;
    this.#nextVersion();
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
    this.#nextVersion();
    this.persist();
  }

  #withAlteredAttributes(config: SubscriptionGroupConfig): SubscriptionGroupConfig {
    const known = this.#table.get(config.groupName);
    const current = new Map(Object.entries(known?.attributes ?? {}));
    const changes = new Map(Object.entries(config.attributes));
    const attributes = alterAttributes(groupAttributeRules, known === undefined, current, changes);
    return { ...config, attributes: Object.fromEntries(attributes) };
  }

  #nextVersion(): void {
    this.#dataVersion = nextDataVersion(this.#dataVersion, this.#clock.now());
  }
}
