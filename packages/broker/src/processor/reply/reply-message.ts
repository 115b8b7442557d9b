// 324 SEND_REPLY_MESSAGE, 325 SEND_REPLY_MESSAGE_V2: the answer to a request-reply message. It is pushed to the client that
// asked (326) on that client's own connection, and stored in the reply topic besides (upstream: ReplyMessageProcessor).
import { RemotingCommand, type RequestContext, type RequestProcessor } from '@mq/remoting';
import {
  decodeProperties,
  encodeOffsetMsgId,
  encodeProperties,
  hostText,
  MessageConst,
} from '@mq/remoting/message';
import {
  decodeSendHeader,
  type HotSendHeader,
  ReplyMessageRequestHeader,
  RequestCode,
  ResponseCode,
  SendMessageResponseHeader,
} from '@mq/remoting/protocol';
import type { AppendMessage } from '@mq/store';

import { anyQueueId } from '../any-queue-id.js';
import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { isStored } from '../send/put-status.js';
import { checkedTopic } from '../send/send-checks.js';

const HOST_BYTES_V4 = 8;

export function replyMessage(broker: BrokerParts): RequestProcessor {
  return async (request, context) => {
    const header = decodeSendHeader(request);
    const topic = checkedTopic(broker, header, context.connection.remoteAddress);
    const { body } = request;
    if (body === undefined) throw new RequestRefused(ResponseCode.MESSAGE_ILLEGAL, 'the message has no body');
    const properties = decodeProperties(header.propertiesBytes.toString('utf8'));
    const { regionId, traceOn } = broker.settings.broker;
    properties[MessageConst.MSG_REGION] = regionId;
    properties[MessageConst.TRACE_SWITCH] = String(traceOn);

    const failure = await push(broker, header, context, properties, body);
    const queueId = header.queueId >= 0 ? header.queueId : anyQueueId(broker, topic.writeQueueNums);
    const stored = await store(broker, header, context, { queueId, properties, body });
    const ext = SendMessageResponseHeader.encode({ ...stored, queueId, msgRegion: regionId, traceOn });
    const code = failure === undefined ? ResponseCode.SUCCESS : ResponseCode.SYSTEM_ERROR;
    return RemotingCommand.response(code, failure, ext);
  };
}

/** Hands the reply to the client that waits for it; what went wrong, or undefined. */
async function push(
  broker: BrokerParts,
  header: HotSendHeader,
  { connection }: RequestContext,
  properties: Record<string, string>,
  body: Buffer,
): Promise<string | undefined> {
  const clientId = properties[MessageConst.MESSAGE_REPLY_TO_CLIENT];
  if (clientId === undefined)
    return `reply message properties[${MessageConst.MESSAGE_REPLY_TO_CLIENT}] is null`;
  const channel = broker.producers.findChannel(clientId);
  if (channel === undefined) return `push reply message fail, channel of <${clientId}> not found.`;
  const now = broker.clock.now();
  properties[MessageConst.PUSH_REPLY_TIME] = String(now);
  const { storeHost } = broker.identity;
  const ext = ReplyMessageRequestHeader.encode({
    producerGroup: header.producerGroup,
    topic: header.topic,
    defaultTopic: header.defaultTopic,
    defaultTopicQueueNums: header.defaultTopicQueueNums,
    queueId: header.queueId,
    sysFlag: header.sysFlag,
    bornTimestamp: header.bornTimestamp,
    flag: header.flag,
    properties: encodeProperties(properties),
    reconsumeTimes: header.reconsumeTimes,
    unitMode: header.unitMode,
    bornHost: connection.remoteAddress,
    storeHost: hostText(storeHost, 0, storeHost.length > HOST_BYTES_V4),
    storeTimestamp: now,
  });
  const command = RemotingCommand.request(RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, ext, body);
  try {
    const answer = await broker.toClient.call(channel, command);
    if (answer.code === ResponseCode.SUCCESS) return undefined;
    broker.logger.warn('client refused a reply', { clientId, code: answer.code, remark: answer.remark });
  } catch (error) {
    broker.logger.warn('reply not delivered', { clientId, error });
  }
  return `push reply message to ${clientId}fail.`;
}

/** Stores the reply if asked to; whether that works decides nothing, the requester has its answer or not. */
async function store(
  broker: BrokerParts,
  header: HotSendHeader,
  { connection }: RequestContext,
  message: { readonly queueId: number; readonly properties: Record<string, string>; readonly body: Buffer },
): Promise<{ msgId: string; queueOffset: number }> {
  // "0" keeps clients from failing over an empty id (upstream does the same).
  const nothing = { msgId: '0', queueOffset: 0 };
  if (!broker.settings.broker.storeReplyMessageEnable) return nothing;
  const { storeHost } = broker.identity;
  const append: AppendMessage = {
    topic: header.topic,
    queueId: message.queueId,
    flag: header.flag,
    sysFlag: header.sysFlag,
    bornTimestamp: header.bornTimestamp,
    bornHost: connection.remoteHostBytes,
    storeHost,
    reconsumeTimes: header.reconsumeTimes,
    preparedTransactionOffset: 0,
    body: message.body,
    properties: Buffer.from(encodeProperties(message.properties)),
    waitStoreMsgOk: true,
  };
  const result = await broker.store.put(append);
  if (!isStored(result.status)) {
    broker.logger.warn('reply not stored', {
      topic: header.topic,
      status: result.status,
      remark: result.remark,
    });
    return nothing;
  }
  broker.stats.recordPut(header.topic, message.queueId, 1, result.sizeBytes);
  return { msgId: encodeOffsetMsgId(storeHost, result.commitLogOffset), queueOffset: result.queueOffset };
}
