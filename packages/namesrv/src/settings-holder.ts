// The settings in force: a complete, frozen object that is replaced as a whole when some of them change at run time.
import { ConfigFile } from '@mq/remoting/settings';
import { nodeDisk } from './node-disk.js';
import { namesrvSettings, type NamesrvSettings } from './settings.js';

/** What became of an update of settings. */
export type SettingsUpdate =
  { readonly accepted: true } | { readonly accepted: false; readonly refusal: string };

export class SettingsHolder {
  #values: NamesrvSettings;

  constructor(values: NamesrvSettings) {
    this.#values = Object.freeze({ ...values });
  }

  get values(): NamesrvSettings {
    return this.#values;
  }

  /** Properties text as GET_NAMESRV_CONFIG answers it. */
  toProperties(): string {
    return namesrvSettings.toProperties(this.#values);
  }

  /**
   * Changes settings that may change at run time and saves all of them to `configStorePath`. All or nothing: one key
   * that is not on the allow-list, or one value that does not fit, refuses the update.
   */
  update(properties: ReadonlyMap<string, string>): SettingsUpdate {
    const blackList = new Set(this.#values.configBlackList.split(';').map((name) => name.trim()));
    const listed = [...properties.keys()].filter((name) => blackList.has(name));
    if (listed.length > 0)
      return { accepted: false, refusal: `Can not update config in black list. (${listed.join(', ')})` };

    const { values, refused } = namesrvSettings.update(this.#values, properties);
    if (refused.length > 0) return { accepted: false, refusal: refused.map(({ text }) => text).join('; ') };
    // What the next start reads: with the secrets, for its owner alone.
    const text = namesrvSettings.toProperties(values, { showSecrets: true });
    new ConfigFile(nodeDisk, values.configStorePath, { ownerOnly: true }).persist(text);
    this.#values = Object.freeze(values);
    return { accepted: true };
  }
}
