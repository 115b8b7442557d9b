// 907 GET_BROKER_HA_STATUS: a master without replicas, until there is replication.
import type { RequestProcessor } from '@mq/remoting';
import { stringifyFastjson } from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { found } from './answer.js';

export function getBrokerHaStatus(parts: BrokerParts): RequestProcessor {
  return () => {
    const status = {
      haClientRuntimeInfo: {
        lastReadTimestamp: 0,
        lastWriteTimestamp: 0,
        masterFlushOffset: 0,
        maxOffset: 0,
        transferredByteInSecond: 0,
      },
      haConnectionInfo: [],
      inSyncSlaveNums: 0,
      master: parts.identity.brokerId === 0,
      masterCommitLogMaxOffset: parts.store.maxPhyOffset,
    };
    return found(Buffer.from(stringifyFastjson(status)));
  };
}
