import { serializeTypeFromEnv } from '../codec/serialize-type.js';
import { setting } from './setting.js';

/** Declaration to be spread into the settings of a server. Upstream: a JVM property, else ROCKETMQ_SERIALIZE_TYPE. */
export const serializeTypeSetting = {
  'rocketmq.serialize.type': setting.oneOf(['JSON', 'ROCKETMQ'], {
    default: () => serializeTypeFromEnv(process.env),
    help: 'Header coding of requests to other servers; answers follow the request. Default: ROCKETMQ_SERIALIZE_TYPE, else JSON.',
  }),
};
