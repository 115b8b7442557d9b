export { BrokerController, type BrokerControllerDeps } from './broker-controller.js';
export {
  BrokerConfiguration,
  type ConfigurationUpdate,
  type ParsedConfiguration,
} from './broker-configuration.js';
export type { BrokerIdentity } from './broker-identity.js';
export type { BrokerParts } from './broker-parts.js';
export { brokerSettings, type BrokerSettings } from './settings.js';
export { runBroker } from './cli/run-broker.js';
