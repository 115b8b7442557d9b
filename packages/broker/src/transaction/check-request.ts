// CHECK_TRANSACTION_STATE: asks a producer what became of its local transaction (upstream:
// AbstractTransactionalMessageCheckListener#sendCheckMessage). The body is the message as consumers would get it, at the
// place of the newest copy of the half message, which the answer (END_TRANSACTION) has to name.
import { RemotingCommand } from '@mq/remoting';
import { encodeOffsetMsgId, encodeRecord, MessageConst } from '@mq/remoting/message';
import { CheckTransactionStateRequestHeader, RequestCode } from '@mq/remoting/protocol';
import type { AppendMessage, PutResult } from '@mq/store';

import { HALF_TOPIC, type HalfMessage } from './half-message.js';

/** @param stored how `copy`, the newest copy of `half`, was stored */
export function checkRequest(
  half: HalfMessage,
  copy: AppendMessage,
  stored: PutResult,
  brokerName: string,
): RemotingCommand {
  const uniqKey = half.properties[MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX];
  const header = CheckTransactionStateRequestHeader.encode({
    topic: HALF_TOPIC,
    tranStateTableOffset: stored.queueOffset,
    commitLogOffset: stored.commitLogOffset,
    msgId: uniqKey,
    transactionId: uniqKey,
    offsetMsgId: encodeOffsetMsgId(copy.storeHost, stored.commitLogOffset),
    bname: brokerName,
  });
  const body = encodeRecord({
    topic: Buffer.from(half.realTopic),
    queueId: half.realQueueId,
    flag: copy.flag,
    queueOffset: stored.queueOffset,
    physicalOffset: stored.commitLogOffset,
    sysFlag: copy.sysFlag,
    bornTimestamp: copy.bornTimestamp,
    bornHost: copy.bornHost,
    storeTimestamp: stored.storeTimestamp,
    storeHost: copy.storeHost,
    reconsumeTimes: copy.reconsumeTimes,
    preparedTransactionOffset: 0,
    body: copy.body,
    properties: copy.properties,
  });
  return RemotingCommand.request(RequestCode.CHECK_TRANSACTION_STATE, header, body);
}
