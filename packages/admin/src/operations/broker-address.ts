import { MixAll, type BrokerData } from '@mq/remoting/protocol';

/** Where a broker group can be read from: its master, else the member with the lowest id; undefined when it has none. */
export function readableAddress(broker: BrokerData): string | undefined {
  const lowestId = Math.min(...broker.brokerAddrs.keys());
  return masterAddress(broker) ?? broker.brokerAddrs.get(lowestId);
}

/** The master's address; undefined while the group has none. */
export function masterAddress(broker: BrokerData): string | undefined {
  return broker.brokerAddrs.get(MixAll.MASTER_ID);
}

/** The readable address of every group that has one, in the route's order. */
export function readableAddresses(brokers: readonly BrokerData[]): string[] {
  return brokers.map(readableAddress).filter((address) => address !== undefined);
}
