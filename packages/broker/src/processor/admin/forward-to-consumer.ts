// 307 GET_CONSUMER_RUNNING_INFO and 309 CONSUME_MESSAGE_DIRECTLY: an operator's question to one consumer, passed on.
import { type ExtFields, RemotingCommand, type RequestProcessor, isRemotingError } from '@mq/remoting';
import { decodeOffsetMsgId } from '@mq/remoting/message';
import {
  ConsumeMessageDirectlyResultRequestHeader,
  GetConsumerRunningInfoRequestHeader,
  MQVersion,
  RequestCode,
  ResponseCode,
  versionName,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';

/** 307: what a consumer is doing. */
export function getConsumerRunningInfo(parts: BrokerParts): RequestProcessor {
  return (request) => {
    const { consumerGroup, clientId } = GetConsumerRunningInfoRequestHeader.decode(request.extFields);
    const question = RemotingCommand.request(RequestCode.GET_CONSUMER_RUNNING_INFO, { ...request.extFields });
    return forward(parts, consumerGroup, clientId, question);
  };
}

/** 309: has a consumer consume one stored message now, wherever its group is. */
export function consumeMessageDirectly(parts: BrokerParts): RequestProcessor {
  return async (request) => {
    const header = ConsumeMessageDirectlyResultRequestHeader.decode(request.extFields);
    const { consumerGroup, clientId = '', topic = '' } = header;
    const record = await parts.store.recordAt(commitLogOffsetOf(header.msgId ?? ''));
    if (record === undefined) {
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `can not find message by the id ${header.msgId}`);
    }
    const ext: ExtFields = { ...request.extFields, brokerName: parts.identity.brokerName };
    const topicConfig = parts.topicConfig.select(topic);
    const groupConfig = parts.subscriptionGroups.table.get(consumerGroup);
    if (topicConfig !== undefined) ext['topicSysFlag'] = String(topicConfig.topicSysFlag);
    if (groupConfig !== undefined) ext['groupSysFlag'] = String(groupConfig.groupSysFlag);
    const question = RemotingCommand.request(RequestCode.CONSUME_MESSAGE_DIRECTLY, ext, record);
    return forward(parts, consumerGroup, clientId, question);
  };
}

function commitLogOffsetOf(msgId: string): number {
  const id = decodeOffsetMsgId(msgId);
  if (id !== undefined) return id.physicalOffset;
  throw new RequestRefused(ResponseCode.INVALID_PARAMETER, `msgId ${msgId} is no offset message id`);
}

async function forward(
  parts: BrokerParts,
  group: string,
  clientId: string,
  question: RemotingCommand,
): Promise<RemotingCommand> {
  const channel = parts.consumers.findChannel(group, clientId);
  if (channel === undefined) {
    throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `The Consumer <${group}> <${clientId}> not online`);
  }
  if (channel.version < MQVersion.V3_1_8_SNAPSHOT) {
    const version = versionName(channel.version);
    throw new RequestRefused(
      ResponseCode.SYSTEM_ERROR,
      `The Consumer <${clientId}> Version <${version}> too low to finish, please upgrade it to V3_1_8_SNAPSHOT`,
    );
  }
  try {
    const answer = await parts.toClient.call(channel.connection, question);
    return RemotingCommand.response(answer.code, answer.remark, answer.extFieldsIfAny, answer.body);
  } catch (cause) {
    const isTimeout = isRemotingError(cause) && cause.code === 'TIMEOUT';
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new RequestRefused(
      isTimeout ? ResponseCode.CONSUME_MSG_TIMEOUT : ResponseCode.SYSTEM_ERROR,
      isTimeout
        ? `consumer <${group}> <${clientId}> Timeout: ${what}`
        : `invoke consumer <${group}> <${clientId}> Exception: ${what}`,
      { cause },
    );
  }
}
