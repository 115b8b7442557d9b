import type { Clock, Logger } from '@mq/remoting';
import type { KVConfigManager } from './kv-config/kv-config-manager.js';
import type { RouteInfoManager } from './route/route-info-manager.js';
import type { SettingsHolder } from './settings-holder.js';

/** What a request processor may reach. Built once, by {@link NamesrvController}. */
export interface NamesrvParts {
  readonly settings: SettingsHolder;
  readonly routes: RouteInfoManager;
  readonly kvConfig: KVConfigManager;
  readonly clock: Clock;
  readonly logger: Logger;
  /** When the NameServer began to serve, ms; undefined before. */
  startedAtMs: number | undefined;
}
