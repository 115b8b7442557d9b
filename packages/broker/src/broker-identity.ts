/** Who this broker is to the outside; fixed once the listening port is known. */
export interface BrokerIdentity {
  /** Name of the broker's group. */
  readonly brokerName: string;
  /** The cluster its group is of. */
  readonly clusterName: string;
  /** 0 = master. */
  readonly brokerId: number;
  /** `ip:port` told to clients and NameServers. */
  readonly brokerAddr: string;
  /** `ip:port` told to slaves. */
  readonly haServerAddr: string;
  /** The store host of every record: 4 (or 16) address bytes and an int32 port. */
  readonly storeHost: Buffer;
}
