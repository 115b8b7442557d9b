// Messages as upstream's commands print them.
import { MessageConst, type MessageExt } from '@mq/remoting/message';
import type { ConsumeMessageDirectlyResult } from '@mq/remoting/protocol';
import type { MessageTrack } from '../operations/tracks.js';
import type { CommandContext } from './command.js';
import type { MqadminHost } from './mqadmin-host.js';
import { mapText } from './config-text.js';
import { printf } from './printf.js';
import { toMillis } from './timestamps.js';
import { UsageError } from '@mq/remoting/settings';

/** Where upstream's commands leave the bodies of messages they show. */
const BODY_FOLDER = '/tmp/rocketmq/msgbodys';

/** A body as text. @throws UsageError for a charset that is not known */
export function bodyText(body: Buffer, charset = 'UTF-8'): string {
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    throw new UsageError(`the charset ${charset} is not known`);
  }
}

/** Java's toString of a message; bytes are signed there. */
export function messageText(message: MessageExt): string {
  const { properties } = message;
  const isTransactional = properties[MessageConst.TRANSACTION_PREPARED] === 'true';
  const transactionId = isTransactional ? properties[MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX] : undefined;
  const inner =
    `Message{topic='${message.topic}', flag=${message.flag}, properties=${mapText(properties)}, ` +
    `body=[${Array.from(new Int8Array(message.body)).join(', ')}], transactionId='${transactionId ?? 'null'}'}`;
  return (
    `MessageExt [brokerName=${message.brokerName ?? 'null'}, queueId=${message.queueId}, ` +
    `storeSize=${message.storeSize}, queueOffset=${message.queueOffset}, sysFlag=${message.sysFlag}, ` +
    `bornTimestamp=${message.bornTimestamp}, bornHost=/${message.bornHost}, ` +
    `storeTimestamp=${message.storeTimestamp}, storeHost=/${message.storeHost}, msgId=${message.offsetMsgId}, ` +
    `commitLogOffset=${message.commitLogOffset}, bodyCRC=${message.bodyCRC}, ` +
    `reconsumeTimes=${message.reconsumeTimes}, ` +
    `preparedTransactionOffset=${message.preparedTransactionOffset}, toString()=${inner}]`
  );
}

/** One line for a message, as printMsg has it. */
export function messageLine(message: MessageExt, options: { charset?: string; withBody: boolean }): string {
  const body = options.withBody ? bodyText(message.body, options.charset) : 'NOT PRINT BODY';
  return `MSGID: ${message.msgId} ${messageText(message)} BODY: ${body}`;
}

/** The fields of a message, a line each. */
export function messageFields(message: MessageExt, bodyPath: string, host: MqadminHost): string[] {
  const { properties } = message;
  const fields: [string, string | number][] = [
    ['Topic:', message.topic],
    ['Tags:', `[${properties[MessageConst.TAGS] ?? 'null'}]`],
    ['Keys:', `[${properties[MessageConst.KEYS] ?? 'null'}]`],
    ['Queue ID:', message.queueId],
    ['Queue Offset:', message.queueOffset],
    ['CommitLog Offset:', message.commitLogOffset],
    ['Reconsume Times:', message.reconsumeTimes],
    ['Born Timestamp:', toMillis(message.bornTimestamp, host)],
    ['Store Timestamp:', toMillis(message.storeTimestamp, host)],
    ['Born Host:', message.bornHost],
    ['Store Host:', message.storeHost],
    ['System Flag:', message.sysFlag],
    ['Properties:', mapText(properties)],
    ['Message Body Path:', bodyPath],
  ];
  return fields.map(([name, value]) => printf('%-20s %s', name, value));
}

/**
 * Leaves the body in a file and gives its path. The id is its producer's word: one that is no plain name is replaced by
 * the broker's.
 */
export function saveBody(message: MessageExt, host: MqadminHost, index = 0): string {
  const id = /^[\w-]{1,128}$/.test(message.msgId) ? message.msgId : message.offsetMsgId;
  const path = `${BODY_FOLDER}/${id}${index > 0 ? `_${index}` : ''}`;
  host.writeFile(path, message.body);
  return path;
}

const trackText = ({ consumerGroup, trackType, problem = 'null' }: MessageTrack): string =>
  `MessageTrack [consumerGroup=${consumerGroup}, trackType=${trackType}, exceptionDesc=${problem}]`;

/** Prints what became of a message in each group. */
export function printTracks(tracks: readonly MessageTrack[], { out }: CommandContext): void {
  out.line();
  out.line();
  if (tracks.length === 0) out.line('WARN: No Consumer');
  for (const track of tracks) out.line('%s', trackText(track));
}

export const directResultText = (result: ConsumeMessageDirectlyResult): string =>
  `ConsumeMessageDirectlyResult [order=${result.order}, autoCommit=${result.autoCommit}, ` +
  `consumeResult=${result.consumeResult ?? 'null'}, remark=${result.remark ?? 'null'}, ` +
  `spentTimeMills=${result.spentTimeMills}]`;
