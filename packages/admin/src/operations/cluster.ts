import { RequestCode, decodeClusterInfo, type ClusterInfo } from '@mq/remoting/protocol';
import type { AdminChannel } from '../channel.js';
import { AdminError } from '../errors.js';
import { masterAddress } from './broker-address.js';

/** One broker process. */
export interface ClusterMember {
  /** The cluster its group is of. */
  readonly clusterName: string;
  /** Name of its group. */
  readonly brokerName: string;
  /** 0 is the master of its group. */
  readonly brokerId: number;
  /** "host:port". */
  readonly address: string;
}

/** Which brokers there are, as the NameServer knows them. */
export class ClusterOperations {
  constructor(private readonly channel: AdminChannel) {}

  /** The NameServer's two tables. @throws AdminError */
  async info(): Promise<ClusterInfo> {
    const { body } = await this.channel.askNameServer(RequestCode.GET_BROKER_CLUSTER_INFO);
    return this.channel.decode('the NameServer', () => decodeClusterInfo(body));
  }

  /**
   * Every broker, by cluster (in the NameServer's order), name and id.
   * @param clusterName only those of this cluster
   * @throws AdminError CLUSTER_NOT_FOUND when that is unknown
   */
  async members(clusterName?: string): Promise<ClusterMember[]> {
    return membersOf(await this.info(), clusterName);
  }

  /** Addresses of the masters of a cluster, by broker name. @throws AdminError CLUSTER_NOT_FOUND */
  async masters(clusterName: string): Promise<string[]> {
    return (await this.members(clusterName)).filter(isMaster).map(({ address }) => address);
  }

  /** Addresses of all brokers of a cluster, slaves included. @throws AdminError CLUSTER_NOT_FOUND */
  async addresses(clusterName: string): Promise<string[]> {
    return (await this.members(clusterName)).map(({ address }) => address);
  }

  /** Address of a group's master. @throws AdminError BROKER_NOT_FOUND */
  async masterOf(brokerName: string): Promise<string> {
    const { brokerAddrTable } = await this.info();
    const broker = brokerAddrTable[brokerName];
    const address = broker === undefined ? undefined : masterAddress(broker);
    if (address === undefined)
      throw new AdminError('BROKER_NOT_FOUND', `broker "${brokerName}" has no master`);
    return address;
  }

  /** Name of the group a broker belongs to. @throws AdminError BROKER_NOT_FOUND */
  async brokerNameOf(address: string): Promise<string> {
    const member = (await this.members()).find((candidate) => candidate.address === address);
    if (member === undefined) {
      throw new AdminError('BROKER_NOT_FOUND', `no broker is registered with the address ${address}`);
    }
    return member.brokerName;
  }
}

export const isMaster = ({ brokerId }: ClusterMember): boolean => brokerId === 0;

/** `ClusterOperations.members` on tables that are there already. @throws AdminError CLUSTER_NOT_FOUND */
export function membersOf(info: ClusterInfo, clusterName?: string): ClusterMember[] {
  const { clusterAddrTable, brokerAddrTable } = info;
  if (clusterName !== undefined && clusterAddrTable[clusterName] === undefined) {
    const known = Object.keys(clusterAddrTable).join(', ') || 'none';
    throw new AdminError(
      'CLUSTER_NOT_FOUND',
      `there is no cluster "${clusterName}" at this NameServer (it knows ${known})`,
    );
  }
  const members: ClusterMember[] = [];
  for (const cluster of clusterName === undefined ? Object.keys(clusterAddrTable) : [clusterName]) {
    for (const brokerName of [...(clusterAddrTable[cluster] ?? [])].sort()) {
      const ids = [...(brokerAddrTable[brokerName]?.brokerAddrs ?? [])].sort(([a], [b]) => a - b);
      for (const [brokerId, address] of ids)
        members.push({ clusterName: cluster, brokerName, brokerId, address });
    }
  }
  return members;
}
