// 315 VIEW_BROKER_STATS_DATA: one counter over the last minute, hour and day.
import type { RequestProcessor } from '@mq/remoting';
import { ResponseCode, ViewBrokerStatsDataRequestHeader, encodeBrokerStatsData } from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { found } from './answer.js';

export function viewBrokerStatsData(parts: BrokerParts): RequestProcessor {
  return (request) => {
    const { statsName, statsKey } = ViewBrokerStatsDataRequestHeader.decode(request.extFields);
    const data = parts.stats.statsData(statsName, statsKey);
    if (data !== undefined) return found(encodeBrokerStatsData(data));
    throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `The stats <${statsName}> <${statsKey}> not exist`);
  };
}
