// @mq/namesrv: the RocketMQ NameServer as a library, and the `mqnamesrv` command.
export { NamesrvController, type NamesrvDeps } from './namesrv-controller.js';
export { namesrvSettings, type NamesrvSettings } from './settings.js';
export { runNamesrv } from './cli/run-namesrv.js';
export {
  DEFAULT_BROKER_EXPIRED_MILLIS,
  RouteInfoManager,
  type BrokerIdentity,
  type BrokerRegistration,
  type MinBrokerIdChange,
  type RegistrationResult,
  type RouteSettings,
} from './route/route-info-manager.js';
export type { BrokerChannel } from './route/broker-live-table.js';
export { KVConfigManager, NAMESPACE_ORDER_TOPIC_CONFIG } from './kv-config/kv-config-manager.js';
