// Nearby routing: a client that asks in zone mode sees the brokers of its zone, and those that have lost their master.
import { MixAll, type TopicRouteData } from '@mq/remoting/protocol';

/** Upstream: ZoneRouteRPCHook.filterByZoneName. A new object; the argument is left as it is. */
export function filterByZoneName(route: TopicRouteData, zoneName: string): TopicRouteData {
  const wanted = zoneName.toLowerCase();
  const brokerDatas = route.brokerDatas.filter(
    (broker) => !broker.brokerAddrs.has(MixAll.MASTER_ID) || broker.zoneName?.toLowerCase() === wanted,
  );
  const kept = new Set(brokerDatas.map(({ brokerName }) => brokerName));
  const removed = route.brokerDatas.filter(({ brokerName }) => !kept.has(brokerName));
  const filterServerTable = { ...route.filterServerTable };
  for (const broker of removed)
    for (const addr of broker.brokerAddrs.values()) delete filterServerTable[addr];
  return {
    ...route,
    brokerDatas,
    queueDatas: route.queueDatas.filter(
      (queue) => !removed.some(({ brokerName }) => brokerName === queue.brokerName),
    ),
    filterServerTable,
  };
}
