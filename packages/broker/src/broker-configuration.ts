// The live settings of one broker: its own and the store's, which share one properties file and one pair of admin codes
// (GET_BROKER_CONFIG, UPDATE_BROKER_CONFIG).
import type { PropertySource, SettingProblem } from '@mq/remoting/settings';
import { messageStoreSettings, type MessageStoreSettings } from '@mq/store';

import { brokerSettings, type BrokerSettings } from './settings.js';

/** What became of an operator's change. */
export interface ConfigurationUpdate {
  /** Names that have another value now. */
  readonly changed: readonly string[];
  /** Names that were not taken, each with a sentence that says why. */
  readonly refused: readonly SettingProblem[];
}

/** What became of a properties file. */
export interface ParsedConfiguration {
  /** Complete: the default stands for what was not given or could not be read. */
  readonly configuration: BrokerConfiguration;
  /** Names that neither the broker nor the store declares; they are ignored, as upstream does, but not silently. */
  readonly unknown: readonly string[];
  /** Values that could not be read or do not go together. */
  readonly problems: readonly SettingProblem[];
}

/**
 * Settings that may change while the broker runs. `broker` and `store` are frozen objects that an update replaces as a
 * whole: read them where they are used, do not keep them.
 */
export class BrokerConfiguration {
  #broker: BrokerSettings;
  #store: MessageStoreSettings;
  readonly #listeners: ((changed: readonly string[]) => void)[] = [];

  constructor(broker: BrokerSettings, store: MessageStoreSettings) {
    this.#broker = broker;
    this.#store = store;
  }

  /** Reads one properties file's worth of settings. Never throws; the caller decides what a problem means. */
  static parse(properties: PropertySource): ParsedConfiguration {
    const broker = brokerSettings.parse(properties);
    const store = messageStoreSettings.parse(properties);
    const unknownToStore = new Set(store.unknown);
    const isHaPortGiven =
      properties instanceof Map ? properties.has('haListenPort') : 'haListenPort' in properties;
    const haListenPort = isHaPortGiven ? store.values.haListenPort : haPortOf(broker.values.listenPort);
    const configuration = new BrokerConfiguration(
      broker.values,
      Object.freeze({ ...store.values, haListenPort }),
    );
    return {
      configuration,
      unknown: broker.unknown.filter((name) => unknownToStore.has(name)),
      problems: [...broker.problems, ...store.problems, ...unservedFeatures(configuration)],
    };
  }

  /** The broker's own settings (broker.conf). */
  get broker(): BrokerSettings {
    return this.#broker;
  }

  /** The store's settings, from the same file. */
  get store(): MessageStoreSettings {
    return this.#store;
  }

  /**
   * Every setting as `name=value\n`, what GET_BROKER_CONFIG answers. Secrets read `***` unless `showSecrets`, which is
   * only for the operator's own file, brokerConfigPath.
   */
  toProperties(options: { readonly showSecrets?: boolean } = {}): string {
    return (
      brokerSettings.toProperties(this.#broker, options) +
      messageStoreSettings.toProperties(this.#store, options)
    );
  }

  /** Applies an operator's change: mutable, well-formed names not on configBlackList are taken, the others refused. */
  update(properties: PropertySource): ConfigurationUpdate {
    const blocked = new Set(this.#broker.configBlackList.split(';').map((name) => name.trim()));
    const ofBroker = new Map<string, string>();
    const ofStore = new Map<string, string>();
    const refused: SettingProblem[] = [];
    for (const [name, value] of properties instanceof Map ? properties : Object.entries(properties)) {
      if (blocked.has(name)) refused.push({ name, text: `${name} is on configBlackList` });
      else if (Object.hasOwn(messageStoreSettings.declarations, name)) ofStore.set(name, value);
      else ofBroker.set(name, value);
    }
    const broker = brokerSettings.update(this.#broker, ofBroker);
    const store = messageStoreSettings.update(this.#store, ofStore);
    this.#broker = broker.values;
    this.#store = store.values;
    const changed = [...broker.changed, ...store.changed];
    if (changed.length > 0) for (const listener of this.#listeners) listener(changed);
    return { changed, refused: [...refused, ...broker.refused, ...store.refused] };
  }

  /** Called after each update that changed something. */
  onChange(listener: (changed: readonly string[]) => void): void {
    this.#listeners.push(listener);
  }
}

/** The HA port is the one above the listening port; 0, when that is chosen by the system, means the same later. */
function haPortOf(listenPort: number): number {
  return listenPort === 0 ? 0 : listenPort + 1;
}

/**
 * Features an operator would rely on and that are not there. Starting without them would be worse than not starting:
 * a broker configured with access control must not run open.
 */
function unservedFeatures({ broker, store }: BrokerConfiguration): SettingProblem[] {
  const asked: [string, boolean][] = [
    ['aclEnable', broker.aclEnable],
    ['authenticationEnabled', broker.authenticationEnabled],
    ['authorizationEnabled', broker.authorizationEnabled],
    ['enableControllerMode', broker.enableControllerMode],
    ['enableDLegerCommitLog', store.enableDLegerCommitLog],
  ];
  const problems = asked
    .filter(([, isAsked]) => isAsked)
    .map(([name]) => ({ name, text: `${name}=true is not served by this version` }));
  if (store.brokerRole === 'SLAVE') {
    problems.push({ name: 'brokerRole', text: 'brokerRole=SLAVE is not served by this version' });
  }
  return problems;
}
