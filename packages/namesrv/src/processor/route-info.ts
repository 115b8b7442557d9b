// GET_ROUTEINFO_BY_TOPIC: what every client asks first.
import { RemotingCommand } from '@mq/remoting';
import {
  GetRouteInfoRequestHeader,
  MixAll,
  MQVersion,
  ResponseCode,
  encodeTopicRouteData,
  type TopicRouteData,
} from '@mq/remoting/protocol';
import { NAMESPACE_ORDER_TOPIC_CONFIG } from '../kv-config/kv-config-manager.js';
import type { NamesrvParts } from '../namesrv-parts.js';
import { filterByZoneName } from '../route/zone-filter.js';
import type { NamesrvProcessor } from './namesrv-processor.js';

/** Upstream: ClientRequestProcessor and ZoneRouteRPCHook. */
export const getRouteInfoByTopic: NamesrvProcessor = (parts, request) => {
  const { topic, acceptStandardJsonOnly } = GetRouteInfoRequestHeader.decode(request.extFields);
  if (isWaitingForBrokers(parts))
    return RemotingCommand.response(ResponseCode.SYSTEM_ERROR, 'name server not ready');

  const route = parts.routes.pickupTopicRouteData(topic);
  if (route === undefined) {
    return RemotingCommand.response(
      ResponseCode.TOPIC_NOT_EXIST,
      `No topic route info in name server for the topic: ${topic}; create the topic, or check that its broker registers here`,
    );
  }
  if (parts.settings.values.orderMessageEnable) {
    const orderTopicConf = parts.kvConfig.get(NAMESPACE_ORDER_TOPIC_CONFIG, topic);
    if (orderTopicConf !== undefined) route.orderTopicConf = orderTopicConf;
  }

  const zoneName = zoneAskedFor(request);
  // A route filtered by zone is encoded anew upstream, in the old dialect whoever asks.
  if (zoneName !== undefined) return found(filterByZoneName(route, zoneName), false);
  return found(route, request.version >= MQVersion.V4_9_4 || acceptStandardJsonOnly === true);
};

function found(route: TopicRouteData, standardJson: boolean): RemotingCommand {
  const body = encodeTopicRouteData(route, { standardJson });
  return RemotingCommand.response(ResponseCode.SUCCESS, undefined, undefined, body);
}

function isWaitingForBrokers({ settings, clock, startedAtMs }: NamesrvParts): boolean {
  const { needWaitForService, waitSecondsForService } = settings.values;
  if (!needWaitForService) return false;
  return startedAtMs === undefined || clock.now() - startedAtMs < waitSecondsForService * 1000;
}

function zoneAskedFor(request: RemotingCommand): string | undefined {
  const { [MixAll.ZONE_MODE]: mode, [MixAll.ZONE_NAME]: name } = request.extFields;
  return mode?.toLowerCase() === 'true' && name !== undefined && name.trim() !== '' ? name : undefined;
}
