// Pure arithmetic on routes: which queues a producer may use, which a consumer reads, what an unknown topic borrows.
import type { MessageQueue, QueueData, TopicRouteData } from '@mq/remoting/protocol';
import { MixAll, isReadable, isWriteable } from '@mq/remoting/protocol';

/**
 * Queues a producer may send to, in the order it goes round them. With an order configuration ("brokerA:4;brokerB:2")
 * exactly those queues; otherwise the write queues of writable brokers that have a master, by broker name.
 * Upstream: MQClientInstance.topicRouteData2TopicPublishInfo.
 */
export function publishQueues(topic: string, route: TopicRouteData): MessageQueue[] {
  if (route.orderTopicConf !== undefined && route.orderTopicConf.length > 0) {
    return orderedQueues(topic, route.orderTopicConf);
  }
  const withMaster = new Set<string>();
  for (const broker of route.brokerDatas)
    if (broker.brokerAddrs.has(MixAll.MASTER_ID)) withMaster.add(broker.brokerName);
  const queues: MessageQueue[] = [];
  for (const data of [...route.queueDatas].sort(byBrokerName)) {
    if (isWriteable(data.perm) && withMaster.has(data.brokerName))
      addQueues(queues, topic, data.brokerName, data.writeQueueNums);
  }
  return queues;
}

/** Queues a consumer reads: every read queue of readable brokers, master or not. */
export function subscribeQueues(topic: string, route: TopicRouteData): MessageQueue[] {
  const queues: MessageQueue[] = [];
  for (const data of route.queueDatas)
    if (isReadable(data.perm)) addQueues(queues, topic, data.brokerName, data.readQueueNums);
  return queues;
}

/** The default topic's route as an unknown topic borrows it: at most `maxQueues` queues on each broker. */
export function routeFromDefaultTopic(route: TopicRouteData, maxQueues: number): TopicRouteData {
  const queueDatas = route.queueDatas.map((data): QueueData => {
    const queueNums = Math.min(maxQueues, data.readQueueNums);
    return { ...data, readQueueNums: queueNums, writeQueueNums: queueNums };
  });
  return { ...route, queueDatas };
}

/** True when both routes lead to the same queues and addresses, whatever the order they are listed in. */
export function sameRoute(a: TopicRouteData, b: TopicRouteData): boolean {
  return routeFingerprint(a) === routeFingerprint(b);
}

function routeFingerprint(route: TopicRouteData): string {
  const queues = [...route.queueDatas]
    .sort(byBrokerName)
    .map((q) => [q.brokerName, q.readQueueNums, q.writeQueueNums, q.perm, q.topicSysFlag]);
  const brokers = [...route.brokerDatas]
    .sort(byBrokerName)
    .map((b) => [b.cluster, b.brokerName, [...b.brokerAddrs].sort(([x], [y]) => x - y)]);
  const filterServers = Object.entries(route.filterServerTable).sort(([x], [y]) => (x < y ? -1 : 1));
  return JSON.stringify([route.orderTopicConf ?? '', queues, brokers, filterServers]);
}

function orderedQueues(topic: string, orderTopicConf: string): MessageQueue[] {
  const queues: MessageQueue[] = [];
  for (const entry of orderTopicConf.split(';')) {
    const [brokerName, count] = entry.split(':');
    if (brokerName !== undefined && count !== undefined)
      addQueues(queues, topic, brokerName, Number.parseInt(count, 10));
  }
  return queues;
}

function addQueues(queues: MessageQueue[], topic: string, brokerName: string, count: number): void {
  for (let queueId = 0; queueId < count; queueId++) queues.push({ topic, brokerName, queueId });
}

function byBrokerName(a: { brokerName: string }, b: { brokerName: string }): number {
  return a.brokerName < b.brokerName ? -1 : a.brokerName > b.brokerName ? 1 : 0;
}
