// Slave acting master: a broker group that has lost its master is shown with its lowest slave in the master's place.
import { MixAll, PERM_WRITE, type TopicRouteData } from '@mq/remoting/protocol';

/**
 * Renames, in groups without a master that allow it, the lowest id to 0, so that clients that only talk to masters can
 * still read. Groups whose queues of this topic are writable keep their ids: nothing has taken the write bit off yet,
 * so the loss is not settled. Upstream: RouteInfoManager.pickupTopicRouteData.
 */
export function actForMissingMasters(route: TopicRouteData): TopicRouteData {
  for (const broker of route.brokerDatas) {
    const addrs = broker.brokerAddrs;
    if (addrs.size === 0 || addrs.has(MixAll.MASTER_ID) || !broker.enableActingMaster) continue;
    const queueData = route.queueDatas.find(({ brokerName }) => brokerName === broker.brokerName);
    if (queueData === undefined || (queueData.perm & PERM_WRITE) !== 0) continue;
    const lowestId = Math.min(...addrs.keys());
    const addr = addrs.get(lowestId) as string;
    addrs.delete(lowestId);
    addrs.set(MixAll.MASTER_ID, addr);
  }
  return route;
}
