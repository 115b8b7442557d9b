import { bean, double, jsonBody, long, type BodyOf } from './shape.js';

/** `tps` per second, `avgpt` sum per call. */
const brokerStatsItem = bean({ avgpt: double, sum: long, tps: double });
/** One statistic over one span: its sum, `tps` per second, `avgpt` sum per call; upstream's `BrokerStatsItem`. */
export type BrokerStatsItem = BodyOf<typeof brokerStatsItem>;

const brokerStatsData = bean({
  statsDay: brokerStatsItem,
  statsHour: brokerStatsItem,
  statsMinute: brokerStatsItem,
});
/** Answer of 315: the last day, hour and minute of one statistic. */
export type BrokerStatsData = BodyOf<typeof brokerStatsData>;

const brokerStatsDataCodec = jsonBody('BrokerStatsData', brokerStatsData);
/** Encodes the body of the answer to VIEW_BROKER_STATS_DATA (315), upstream's `BrokerStatsData`. */
export const encodeBrokerStatsData = brokerStatsDataCodec.encode;
/**
 * Decodes the body of the answer to VIEW_BROKER_STATS_DATA (315), upstream's `BrokerStatsData`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeBrokerStatsData = brokerStatsDataCodec.decode;
