// Pops, acknowledges and changes times on a real broker, for tests of pop consumption on the wire.
import type { RemotingCommand } from '@mq/remoting';
import { decodeRecords, MessageConst, type MessageExt } from '@mq/remoting/message';
import {
  AckMessageRequestHeader,
  ChangeInvisibleTimeRequestHeader,
  encodeBatchAckMessageRequestBody,
  formatPopHandle,
  parseMsgOffsetInfo,
  parsePopHandle,
  parseStartOffsetInfo,
  popMessageKey,
  PopMessageRequestHeader,
  PopMessageResponseHeader,
  parseOrderCountInfo,
  popQueueKey,
  popRetryFlag,
  popStoredTopic,
  RequestCode,
  ResponseCode,
} from '@mq/remoting/protocol';

import type { BrokerHarness } from './broker-harness.js';

export interface PopOptions {
  readonly topic?: string;
  readonly group?: string;
  readonly queueId?: number;
  readonly maxMsgNums?: number;
  readonly invisibleTime?: number;
  readonly pollTime?: number;
  readonly initMode?: number;
  readonly exp?: string;
  /** Default TAG. */
  readonly expType?: string;
  readonly order?: boolean;
  readonly attemptId?: string;
}

export interface Popped {
  readonly code: number;
  readonly remark: string | undefined;
  readonly header: PopMessageResponseHeader;
  readonly messages: PoppedMessage[];
}

export interface PoppedMessage extends MessageExt {
  readonly handle: string;
  /** Times it was delivered before, by orderCountInfo. */
  readonly orderCount: number | undefined;
}

export class PopClient {
  constructor(private readonly broker: BrokerHarness) {}

  async pop(options: PopOptions = {}): Promise<Popped> {
    const ext = PopMessageRequestHeader.encode({
      consumerGroup: options.group ?? 'G',
      topic: options.topic ?? 'T',
      queueId: options.queueId ?? -1,
      maxMsgNums: options.maxMsgNums ?? 32,
      invisibleTime: options.invisibleTime ?? 60_000,
      pollTime: options.pollTime ?? 0,
      bornTime: Date.now(),
      initMode: options.initMode ?? 0,
      expType: options.expType ?? 'TAG',
      exp: options.exp ?? '*',
      order: options.order,
      attemptId: options.attemptId,
    });
    const response = await this.broker.request(RequestCode.POP_MESSAGE, ext);
    if (response.extFields['popTime'] === undefined) {
      throw new Error(`pop answered ${response.code}: ${response.remark}`);
    }
    const header = PopMessageResponseHeader.decode(response.extFields);
    return { code: response.code, remark: response.remark, header, messages: messagesOf(response, header) };
  }

  /** Pops until `count` messages came, or fails after 10 s. */
  async popAll(count: number, options: PopOptions = {}): Promise<PoppedMessage[]> {
    const messages: PoppedMessage[] = [];
    const until = Date.now() + 10_000;
    while (messages.length < count && Date.now() < until) {
      messages.push(...(await this.pop({ pollTime: 1_000, ...options })).messages);
    }
    if (messages.length < count) throw new Error(`only ${messages.length} of ${count} messages came`);
    return messages;
  }

  ack(message: PoppedMessage, group = 'G'): Promise<RemotingCommand> {
    const { topic, queueId, queueOffset } = placeOf(message, group);
    const ext = AckMessageRequestHeader.encode({
      consumerGroup: group,
      topic,
      queueId,
      extraInfo: message.handle,
      offset: queueOffset,
    });
    return this.broker.request(RequestCode.ACK_MESSAGE, ext);
  }

  /** All of one checkpoint. */
  batchAck(messages: readonly PoppedMessage[], group = 'G'): Promise<RemotingCommand> {
    const [first] = messages;
    const handle = parsePopHandle(first!.handle);
    const bitSet = Buffer.alloc(64);
    for (const { queueOffset } of messages) {
      const bit = queueOffset - handle.checkpointOffset;
      bitSet[bit >> 3]! |= 1 << (bit & 7);
    }
    const { popTime, invisibleTime, reviveQueueId, queueId } = handle;
    const startOffset = handle.checkpointOffset;
    const ack = {
      popTime,
      invisibleTime,
      reviveQueueId,
      queueId,
      startOffset,
      bitSet,
      retry: handle.retryFlag,
    };
    const body = encodeBatchAckMessageRequestBody({
      brokerName: handle.brokerName,
      acks: [{ ...ack, consumerGroup: group, topic: first!.topic }],
    });
    return this.broker.request(RequestCode.BATCH_ACK_MESSAGE, {}, body);
  }

  changeInvisibleTime(message: PoppedMessage, invisibleTime: number, group = 'G'): Promise<RemotingCommand> {
    const { topic, queueId, queueOffset } = placeOf(message, group);
    const ext = ChangeInvisibleTimeRequestHeader.encode({
      consumerGroup: group,
      topic,
      queueId,
      extraInfo: message.handle,
      offset: queueOffset,
      invisibleTime,
    });
    return this.broker.request(RequestCode.CHANGE_MESSAGE_INVISIBLETIME, ext);
  }
}

function placeOf(
  message: PoppedMessage,
  group: string,
): { topic: string; queueId: number; queueOffset: number } {
  const { retryFlag, queueId, queueOffset } = parsePopHandle(message.handle);
  return { topic: popStoredTopic(message.topic, group, retryFlag), queueId, queueOffset: queueOffset! };
}

function messagesOf(response: RemotingCommand, header: PopMessageResponseHeader): PoppedMessage[] {
  if (response.code !== ResponseCode.SUCCESS || response.body === undefined) return [];
  const starts = parseStartOffsetInfo(header.startOffsetInfo);
  const offsets = parseMsgOffsetInfo(header.msgOffsetInfo);
  const counts = parseOrderCountInfo(header.orderCountInfo);
  return decodeRecords(response.body).map((message) => {
    const flag = popRetryFlag(message.topic);
    const { queueId, queueOffset } = message;
    const key = popQueueKey(flag, queueId);
    let handle = message.properties[MessageConst.POP_CK];
    if (handle === undefined) {
      if (offsets.get(key)?.includes(queueOffset) !== true) throw new Error(`${key} lacks ${queueOffset}`);
      handle = formatPopHandle({
        checkpointOffset: starts.get(key)!,
        popTime: header.popTime,
        invisibleTime: header.invisibleTime,
        reviveQueueId: header.reviveQid,
        retryFlag: flag,
        brokerName: 'broker-t',
        queueId,
        queueOffset,
      });
    }
    const orderCount = counts.get(popMessageKey(flag, queueId, queueOffset)) ?? counts.get(key);
    return { ...message, handle, orderCount };
  });
}

export const bodies = (messages: readonly MessageExt[]): string[] =>
  messages.map(({ body }) => body.toString()).sort();
