// Which broker addresses are alive, since when, and on which connection they registered.
import type { DataVersion } from '@mq/remoting/protocol';

/** What identifies the connection a broker registered on; the NameServer only compares it and closes it. */
export interface BrokerChannel {
  /** Closes the connection; the reason is for the log. */
  close(reason: string): void;
}

/** One live broker process. Upstream: RouteInfoManager.BrokerLiveInfo. */
export interface BrokerLiveInfo {
  readonly clusterName: string;
  readonly brokerAddr: string;
  /** Wall clock of the last registration or heartbeat, ms. */
  lastUpdateTimestamp: number;
  /** Silence after which the broker counts as gone, ms. */
  readonly heartbeatTimeoutMillis: number;
  readonly dataVersion: DataVersion;
  readonly channel: BrokerChannel;
  readonly haServerAddr: string;
}

/** Live brokers by (clusterName, brokerAddr). */
export class BrokerLiveTable {
  readonly #live = new Map<string, BrokerLiveInfo>();

  get(clusterName: string, brokerAddr: string): BrokerLiveInfo | undefined {
    return this.#live.get(key(clusterName, brokerAddr));
  }

  put(info: BrokerLiveInfo): void {
    this.#live.set(key(info.clusterName, info.brokerAddr), info);
  }

  delete(clusterName: string, brokerAddr: string): void {
    this.#live.delete(key(clusterName, brokerAddr));
  }

  expired(nowMs: number): BrokerLiveInfo[] {
    return [...this.#live.values()].filter(
      (info) => info.lastUpdateTimestamp + info.heartbeatTimeoutMillis < nowMs,
    );
  }

  /** Everything that registered over the connection: several brokers of one process may share it. */
  registeredOn(channel: BrokerChannel): BrokerLiveInfo[] {
    return [...this.#live.values()].filter((info) => info.channel === channel);
  }
}

function key(clusterName: string, brokerAddr: string): string {
  return `${clusterName}\u0000${brokerAddr}`;
}
