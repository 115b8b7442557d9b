// A record of a pop retry topic as its consumer sees it: under the topic it asked for, with the handle as a property, since
// the client cannot make it from a topic it does not see (upstream: PopMessageProcessor#popMsgFromQueue).
import {
  decodeProperties,
  encodeProperties,
  encodeRecord,
  MessageConst,
  RecordLayout,
  recordPhysicalOffset,
  recordQueueId,
  recordQueueOffset,
  recordStoreTimestamp,
} from '@mq/remoting/message';

import { readStoredMessage } from '../../schedule/stored-message.js';

/** `record` is one whole record. Undefined when it cannot be read. */
export function retryRecord(record: Buffer, topic: string, handle: string): Buffer | undefined {
  const stored = readStoredMessage(record);
  const layout = new RecordLayout();
  if (stored === undefined || !layout.locate(record, 0)) return undefined;
  const properties = decodeProperties(stored.propertiesBytes.toString('utf8'));
  properties[MessageConst.POP_CK] ??= handle;
  return encodeRecord({
    topic: Buffer.from(topic),
    queueId: recordQueueId(record, 0),
    flag: stored.flag,
    queueOffset: recordQueueOffset(record, 0),
    physicalOffset: recordPhysicalOffset(record, 0),
    sysFlag: stored.sysFlag,
    bornTimestamp: stored.bornTimestamp,
    bornHost: stored.bornHost,
    storeTimestamp: recordStoreTimestamp(record, 0),
    storeHost: stored.storeHost,
    reconsumeTimes: stored.reconsumeTimes,
    preparedTransactionOffset: stored.preparedTransactionOffset,
    body: stored.body,
    properties: Buffer.from(encodeProperties(properties)),
  });
}
