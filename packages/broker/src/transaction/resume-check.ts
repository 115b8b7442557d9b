// RESUME_CHECK_HALF_MESSAGE (323): an operator wants a given-up half message checked again (upstream:
// AdminBrokerProcessor#resumeCheckHalfMessage). Appends it to the half queue as never checked.
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import { decodeOffsetMsgId, MessageConst } from '@mq/remoting/message';
import { ResponseCode, ResumeCheckHalfMessageRequestHeader, SystemTopic } from '@mq/remoting/protocol';

import type { BrokerParts } from '../broker-parts.js';
import { isStored } from '../processor/send/put-status.js';
import { RequestRefused } from '../request-refused.js';
import { type HalfMessage, readHalfMessage } from './half-message.js';

export function resumeCheckHalfMessage(broker: BrokerParts): RequestProcessor {
  return async (request, { connection }) => {
    const { msgId = '' } = ResumeCheckHalfMessageRequestHeader.decode(request.extFields);
    const half = await waitingOrGivenUp(broker, msgId);
    const result = await broker.transactions.resume(half);
    if (!isStored(result.status)) {
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `not stored: ${result.remark ?? result.status}`);
    }
    broker.logger.warn('check of a half message resumed by an operator', {
      address: connection.remoteAddress,
      topic: half.realTopic,
      uniqKey: half.properties[MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX],
    });
    return RemotingCommand.response(ResponseCode.SUCCESS, undefined, {});
  };
}

/** Upstream would turn any record into a half message; here it must be one. */
async function waitingOrGivenUp({ store }: BrokerParts, msgId: string): Promise<HalfMessage> {
  const id = decodeOffsetMsgId(msgId);
  const record = id === undefined ? undefined : await store.recordAt(id.physicalOffset);
  const half =
    record === undefined
      ? undefined
      : (readHalfMessage(record) ?? readHalfMessage(record, SystemTopic.TRANS_CHECK_MAX_TIME));
  if (half === undefined) {
    throw new RequestRefused(
      ResponseCode.SYSTEM_ERROR,
      `no half message has the id ${JSON.stringify(msgId)}`,
    );
  }
  return half;
}
